//! The ways that payments go when nobody races anybody: taken, declined, refused, given back.

#![allow(clippy::unwrap_used, reason = "stories are tests")]

mod world;

use api::payment::v1::{ListPaymentsRequest, PaymentState};
use tonic::Code;
use world::*;

servers::on_both_engines! {
    Place:
    a_card_is_held_first_and_charged_when_captured,
    an_instant_method_is_charged_at_once,
    a_card_s_way_takes_four_units_here_and_two_at_the_gateway,
    a_declined_payment_stays_declined_for_its_key,
    a_declined_capture_leaves_the_hold_until_it_is_voided,
    refunds_come_in_parts_and_never_exceed_what_was_taken,
    what_is_not_held_is_not_captured,
    a_void_gives_back_whatever_was_held_or_taken,
    undoing_the_capture_gives_back_what_it_took,
    pages_hold_each_payment_once_newest_first,
    every_field_that_is_wrong_is_named_and_nothing_is_written,
}

async fn a_card_is_held_first_and_charged_when_captured(place: Place) {
    let world = World::new(place).await;
    let held = world.authorise("o1", "tok_ok").await.unwrap();
    assert_eq!(held.state(), PaymentState::Authorised);
    assert_eq!((&held.authorised, &held.captured), (&Some(money(HUNDRED)), &Some(money(0))));
    assert_eq!((world.held("tok_ok").await, world.taken("tok_ok").await), (HUNDRED, 0));
    let taken = world.capture(&held).await.unwrap();
    assert_eq!(taken.state(), PaymentState::Captured);
    assert_eq!(taken.captured, Some(money(HUNDRED)));
    assert!(!taken.in_doubt);
    assert_eq!((world.held("tok_ok").await, world.taken("tok_ok").await), (0, HUNDRED));
    world.agrees().await;
}

async fn an_instant_method_is_charged_at_once(place: Place) {
    let world = World::new(place).await;
    let taken = world.charge("o1", "tok_ok").await.unwrap();
    assert_eq!(taken.state(), PaymentState::Captured);
    assert_eq!((taken.authorised, taken.captured), (Some(money(HUNDRED)), Some(money(HUNDRED))));
    assert_eq!(world.reconcile().await.compared, 1);
    world.agrees().await;
}

async fn a_card_s_way_takes_four_units_here_and_two_at_the_gateway(place: Place) {
    let world = World::new(place).await;
    world.capture(&world.authorise("o0", "tok_ok").await.unwrap()).await.unwrap();
    let (here, there) = (world.payments.store().stats(), world.gateway().store().stats());
    world.capture(&world.authorise("o1", "tok_ok").await.unwrap()).await.unwrap();
    let (now_here, now_there) = (world.payments.store().stats(), world.gateway().store().stats());
    assert_eq!((now_here.units - here.units, now_there.units - there.units), (4, 2));
    let statements = now_here.statements - here.statements + now_there.statements - there.statements;
    assert!(statements <= 23, "{statements} statements");
}

async fn a_declined_payment_stays_declined_for_its_key(place: Place) {
    let world = World::new(place).await;
    for _ in 0..2 {
        assert_eq!(reason(world.authorise("o1", "tok_declined").await), "PAYMENT_DECLINED");
        assert_eq!(reason(world.charge("o2", "tok_declined").await), "PAYMENT_DECLINED");
    }
    let listed = world.client.clone().list_payments(ListPaymentsRequest::default()).await.unwrap().into_inner();
    assert_eq!(listed.payments.len(), 2);
    for payment in listed.payments {
        assert_eq!(payment.state(), PaymentState::Declined);
        assert_eq!(payment.decline_reason, "insufficient_funds");
    }
    world.agrees().await;
}

async fn a_declined_capture_leaves_the_hold_until_it_is_voided(place: Place) {
    let world = World::new(place).await;
    let token = "tok_declined_at_capture";
    let held = world.authorise("o1", token).await.unwrap();
    for _ in 0..2 {
        assert_eq!(reason(world.capture(&held).await), "PAYMENT_DECLINED");
    }
    assert_eq!(world.payment(&held.payment_id).await.state(), PaymentState::Authorised);
    assert_eq!(world.held(token).await, HUNDRED);
    assert_eq!(world.void("o1").await.unwrap().unwrap().state(), PaymentState::Voided);
    assert_eq!(world.held(token).await, 0);
}

async fn refunds_come_in_parts_and_never_exceed_what_was_taken(place: Place) {
    let world = World::new(place).await;
    let taken = world.charge("o1", "tok_ok").await.unwrap();
    let part = world.refund(&taken, "r1", 4_000).await.unwrap();
    assert_eq!((part.state(), part.refunded), (PaymentState::Captured, Some(money(4_000))));
    for _ in 0..2 {
        let refused = world.refund(&taken, "r2", 6_001).await.unwrap_err();
        assert_eq!(refused.code(), Code::OutOfRange);
        assert_eq!(fabric::status::reason(&refused).unwrap(), "REFUND_EXCEEDS_CAPTURE");
    }
    assert_eq!(world.refund(&taken, "r3", 6_000).await.unwrap().state(), PaymentState::Refunded);
    assert_eq!(world.taken("tok_ok").await, 0);
    world.agrees().await;
}

async fn what_is_not_held_is_not_captured(place: Place) {
    let world = World::new(place).await;
    let charged = world.charge("o1", "tok_ok").await.unwrap();
    assert_eq!(reason(world.capture(&charged).await), "NOT_AUTHORISED");
    let held = world.authorise("o2", "tok_ok").await.unwrap();
    world.void("o2").await.unwrap();
    for _ in 0..2 {
        assert_eq!(reason(world.capture(&held).await), "NOT_AUTHORISED");
    }
    let mut unknown = capturing(&held);
    unknown.payment_id = "nobody's".to_owned();
    unknown.request_id = "x".to_owned();
    assert_eq!(world.client.clone().capture(unknown).await.unwrap_err().code(), Code::NotFound);
}

async fn a_void_gives_back_whatever_was_held_or_taken(place: Place) {
    let world = World::new(place).await;
    world.authorise("held", "tok_ok:held").await.unwrap();
    let taken = world.authorise("taken", "tok_ok:taken").await.unwrap();
    world.capture(&taken).await.unwrap();
    let partly = world.charge("partly", "tok_ok:partly").await.unwrap();
    world.refund(&partly, "r", 1_000).await.unwrap();
    let ends = [("held", PaymentState::Voided), ("taken", PaymentState::Refunded), ("partly", PaymentState::Refunded)];
    for (order, end) in ends {
        for _ in 0..2 {
            assert_eq!(world.void(order).await.unwrap().unwrap().state(), end, "{order}");
        }
        let token = format!("tok_ok:{order}");
        assert_eq!((world.held(&token).await, world.taken(&token).await), (0, 0), "{order}");
    }
    world.agrees().await;
}

async fn undoing_the_capture_gives_back_what_it_took(place: Place) {
    let world = World::new(place).await;
    let held = world.authorise("o1", "tok_ok").await.unwrap();
    world.capture(&held).await.unwrap();
    let undone = world.client.clone().void(voiding("o1", "capture")).await.unwrap().into_inner().payment.unwrap();
    assert_eq!(undone.state(), PaymentState::Refunded);
    assert_eq!(world.taken("tok_ok").await, 0);
}

async fn pages_hold_each_payment_once_newest_first(place: Place) {
    let world = World::new(place).await;
    for n in 0..7 {
        world.charge(&format!("o{n}"), "tok_ok").await.unwrap();
    }
    let mut seen = Vec::new();
    let mut request = ListPaymentsRequest { page_size: 3, ..Default::default() };
    loop {
        let page = world.client.clone().list_payments(request.clone()).await.unwrap().into_inner();
        seen.extend(page.payments.into_iter().map(|payment| payment.order_id));
        request.page_token = page.next_page_token;
        if request.page_token.is_empty() {
            break;
        }
    }
    assert_eq!(seen, ["o6", "o5", "o4", "o3", "o2", "o1", "o0"]);
    let one = ListPaymentsRequest { order_id: "o3".to_owned(), ..Default::default() };
    assert_eq!(world.client.clone().list_payments(one).await.unwrap().into_inner().payments.len(), 1);
    let made_up = ListPaymentsRequest { page_token: "made up".to_owned(), ..Default::default() };
    let refused = world.client.clone().list_payments(made_up).await.unwrap_err();
    assert_eq!(fabric::status::violations(&refused)[0].0, "page_token");
}

async fn every_field_that_is_wrong_is_named_and_nothing_is_written(place: Place) {
    let world = World::new(place).await;
    let mut wrong = authorisation("o1", "");
    wrong.request_id = "tab\there".to_owned();
    wrong.order_id = String::new();
    wrong.amount.as_mut().unwrap().minor_units = 0;
    wrong.amount.as_mut().unwrap().currency_code = "gbp".to_owned();
    wrong.payment.as_mut().unwrap().method = 2;
    wrong.step.as_mut().unwrap().attempt = 0;
    let refused = world.client.clone().authorise(wrong).await.unwrap_err();
    assert_eq!(refused.code(), Code::InvalidArgument);
    let fields: Vec<String> = fabric::status::violations(&refused).into_iter().map(|(field, _)| field).collect();
    let all = [
        "request_id",
        "order_id",
        "amount.currency_code",
        "amount.minor_units",
        "payment.method",
        "payment.token",
        "step.attempt",
    ];
    assert_eq!(fields, all);
    let listed = world.client.clone().list_payments(ListPaymentsRequest::default()).await.unwrap().into_inner();
    assert!(listed.payments.is_empty());

    let taken = world.charge("o2", "tok_ok").await.unwrap();
    let mut dollars = refunding(&taken, "r", 1);
    dollars.amount.as_mut().unwrap().currency_code = "USD".to_owned();
    let refused = world.client.clone().refund(dollars).await.unwrap_err();
    assert_eq!(fabric::status::violations(&refused)[0].0, "amount.currency_code");
}
