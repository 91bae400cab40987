//! The same request many times, and different ones at the same moment: each has its effect once, and an undo wins (I5).

#![allow(clippy::unwrap_used, reason = "stories are tests")]

mod world;

use api::{
    mesh::v1::fact::Fact,
    payment::v1::{Payment, PaymentState, RefundRequest},
};
use futures::{TryStreamExt, future::join_all};
use std::collections::BTreeMap;
use tonic::{Code, Status};
use world::*;

servers::on_both_engines! {
    Place:
    duplicates_at_the_same_moment_are_one_operation,
    a_repeated_request_is_marked_as_such_and_shows_the_payment_as_it_stands,
    a_key_used_again_for_something_else_is_refused_naming_the_field,
    a_step_that_was_undone_before_it_came_is_refused,
    an_attempt_that_comes_after_a_later_one_is_refused,
    the_same_attempt_under_another_key_is_the_same_operation,
    a_void_undoes_every_attempt_of_its_step,
    capture_against_void_ends_with_nothing_held_or_taken,
    payment_against_void_ends_with_nothing_held_or_taken,
    refund_against_void_gives_everything_back_once,
    whoever_comes_at_the_same_moment_the_money_adds_up,
    a_hundred_refunds_at_once_never_give_back_more_than_was_taken,
    two_captures_at_once_take_the_money_once,
    a_refund_is_not_undone,
}

async fn duplicates_at_the_same_moment_are_one_operation(place: Place) {
    let world = World::new(place).await;
    for token in ["tok_ok", "tok_slow", "tok_silent_once"] {
        let answers = join_all((0..50).map(|_| world.charge(token, token))).await;
        let first = answers[0].as_ref().unwrap().payment_id.clone();
        assert!(answers.iter().all(|answer| answer.as_ref().unwrap().payment_id == first));
        assert_eq!(world.taken(token).await, HUNDRED);
    }
    world.agrees().await;
}

async fn a_repeated_request_is_marked_as_such_and_shows_the_payment_as_it_stands(place: Place) {
    let world = World::new(place).await;
    let first = world.client.clone().authorise(authorisation("o1", "tok_ok")).await.unwrap();
    assert!(first.metadata().get("outrigger-replayed").is_none());
    world.capture(&first.into_inner().payment.unwrap()).await.unwrap();
    let again = world.client.clone().authorise(authorisation("o1", "tok_ok")).await.unwrap();
    assert_eq!(again.metadata().get("outrigger-replayed").unwrap(), "true");
    assert_eq!(again.into_inner().payment.unwrap().state(), PaymentState::Captured);
}

async fn a_key_used_again_for_something_else_is_refused_naming_the_field(place: Place) {
    let world = World::new(place).await;
    let taken = world.charge("o1", "tok_ok").await.unwrap();
    let mut other = charging("o1", "tok_ok");
    other.amount = Some(money(1));
    let refused = world.client.clone().charge(other).await.unwrap_err();
    assert_eq!(refused.code(), Code::AlreadyExists);
    assert_eq!(fabric::status::reason(&refused).unwrap(), "REQUEST_ID_REUSED");
    assert_eq!(fabric::status::info(&refused, "field").unwrap(), "amount");
    world.refund(&taken, "r", 10).await.unwrap();
    assert_eq!(reason(world.refund(&taken, "r", 20).await), "REQUEST_ID_REUSED");
    let mut void = voiding("o1", "pay");
    world.client.clone().void(void.clone()).await.unwrap();
    void.undoes = step("o1", "capture", 0);
    assert_eq!(reason(world.client.clone().void(void).await), "REQUEST_ID_REUSED");
}

async fn a_step_that_was_undone_before_it_came_is_refused(place: Place) {
    let world = World::new(place).await;
    assert_eq!(world.void("o1").await.unwrap(), None);
    for _ in 0..2 {
        assert_eq!(reason(world.authorise("o1", "tok_ok").await), "STEP_UNDONE");
    }
    let mut second = authorisation("o1", "tok_ok");
    second.request_id = "o1/pay/2".to_owned();
    second.step = step("o1", "pay", 2);
    assert_eq!(reason(world.client.clone().authorise(second).await), "STEP_UNDONE");
    assert_eq!(world.held("tok_ok").await, 0);
}

async fn an_attempt_that_comes_after_a_later_one_is_refused(place: Place) {
    let world = World::new(place).await;
    let mut second = authorisation("o1", "tok_ok");
    second.request_id = "o1/pay/2".to_owned();
    second.step = step("o1", "pay", 2);
    world.client.clone().authorise(second).await.unwrap();
    assert_eq!(reason(world.authorise("o1", "tok_ok").await), "STEP_STALE");
}

async fn the_same_attempt_under_another_key_is_the_same_operation(place: Place) {
    let world = World::new(place).await;
    let first = world.charge("o1", "tok_ok").await.unwrap();
    let mut again = charging("o1", "tok_ok");
    again.request_id = "another".to_owned();
    let again = world.client.clone().charge(again).await.unwrap().into_inner().payment.unwrap();
    assert_eq!(again.payment_id, first.payment_id);
    assert_eq!(world.taken("tok_ok").await, HUNDRED);
}

async fn a_void_undoes_every_attempt_of_its_step(place: Place) {
    let world = World::new(place).await;
    assert_eq!(reason(world.authorise("o1", "tok_declined").await), "PAYMENT_DECLINED");
    let mut second = authorisation("o1", "tok_ok");
    second.request_id = "o1/pay/2".to_owned();
    second.step = step("o1", "pay", 2);
    world.client.clone().authorise(second).await.unwrap();
    assert_eq!(world.void("o1").await.unwrap().unwrap().state(), PaymentState::Voided);
    assert_eq!(world.held("tok_ok").await, 0);
}

async fn capture_against_void_ends_with_nothing_held_or_taken(place: Place) {
    let world = World::new(place).await;
    let tokens = ["tok_ok", "tok_slow", "tok_silent_once", "tok_late", "tok_flaky", "tok_twice"];
    let ways = tokens.iter().flat_map(|token| [false, true].map(|void_first| (*token, void_first)));
    let orders = join_all(ways.map(async |(token, void_first)| {
        let order = format!("{token}:{void_first}");
        let held = world.authorise(&order, &order).await.unwrap();
        let (capture, void) = if void_first {
            let (void, capture) = tokio::join!(world.void(&order), world.capture(&held));
            (capture, void)
        } else {
            tokio::join!(world.capture(&held), world.void(&order))
        };
        if capture.is_err() {
            assert_eq!(reason(capture), "NOT_AUTHORISED", "{order}");
        }
        let end = void.unwrap().unwrap().state();
        assert!(matches!(end, PaymentState::Voided | PaymentState::Refunded), "{order}: {end:?}");
        order
    }));
    nothing_is_left(&world, orders.await).await;
}

/// Of none of these tokens, not even by what still travels.
async fn nothing_is_left(world: &World, tokens: Vec<String>) {
    world.place.late_ones_arrive().await;
    for token in tokens {
        assert_eq!((world.held(&token).await, world.taken(&token).await), (0, 0), "{token}");
    }
    world.agrees().await;
}

async fn payment_against_void_ends_with_nothing_held_or_taken(place: Place) {
    let world = World::new(place).await;
    let tokens = ["tok_ok", "tok_slow", "tok_silent_once", "tok_late", "tok_flaky", "tok_twice", "tok_declined"];
    let ways = [(false, false), (false, true), (true, false), (true, true)];
    let ways = tokens.iter().flat_map(|token| ways.map(|way| (*token, way)));
    let orders = join_all(ways.map(async |(token, (card, void_first))| {
        let order = format!("{token}:{card}{void_first}");
        let pay =
            async { if card { world.authorise(&order, &order).await } else { world.charge(&order, &order).await } };
        let (pay, void) = if void_first {
            let (void, pay) = tokio::join!(world.void(&order), pay);
            (pay, void)
        } else {
            tokio::join!(pay, world.void(&order))
        };
        if pay.is_err() {
            assert!(["STEP_UNDONE", "PAYMENT_DECLINED"].contains(&reason(pay).as_str()), "{order}");
        }
        if let Some(payment) = void.unwrap() {
            let end = payment.state();
            let at_rest = [PaymentState::Voided, PaymentState::Refunded, PaymentState::Declined];
            assert!(at_rest.contains(&end), "{order}: {end:?}");
        }
        order
    }));
    nothing_is_left(&world, orders.await).await;
}

async fn refund_against_void_gives_everything_back_once(place: Place) {
    let world = World::new(place).await;
    let orders = join_all(["tok_ok", "tok_slow", "tok_silent_once", "tok_late"].map(async |token| {
        let taken = world.charge(token, token).await.unwrap();
        let refunds = join_all((0..2).map(|n| {
            let (world, taken) = (&world, &taken);
            async move { world.refund(taken, &format!("{token}/r{n}"), 4_000).await }
        }));
        let (refunds, void, again) = tokio::join!(refunds, world.void(token), world.void(token));
        assert_eq!(void.unwrap().unwrap().state(), PaymentState::Refunded);
        assert_eq!(again.unwrap().unwrap().state(), PaymentState::Refunded);
        for refund in refunds.into_iter().filter(Result::is_err) {
            assert_eq!(reason(refund), "REFUND_EXCEEDS_CAPTURE");
        }
        token.to_owned()
    }));
    nothing_is_left(&world, orders.await).await;
}

/// Captures, refunds and voids of one payment, all at one moment: what is given back was taken, and the ledger balances.
async fn whoever_comes_at_the_same_moment_the_money_adds_up(place: Place) {
    let world = World::new(place).await;
    let payments = join_all((0..12).map(async |n| {
        let order = format!("o{n}");
        let token = format!("tok_ok:{n}");
        let held = world.authorise(&order, &token).await.unwrap();
        let captures = join_all((0..4).map(|by| {
            let (mut client, mut capture) = (world.client.clone(), capturing(&held));
            capture.request_id = format!("{order}/capture by {by}");
            capture.step = None;
            async move { client.capture(capture).await }
        }));
        let early = join_all((0..4).map(|n| world_refund(&world, &held, format!("{order}/early {n}"), 1_500)));
        let (captures, early) = tokio::join!(captures, early);
        assert_eq!(captures.iter().filter(|capture| capture.is_ok()).count(), 1, "I1: {order} is taken once");
        let voids = join_all((0..n % 3).map(|_| world.void(&order)));
        let late = join_all((0..12).map(|n| world_refund(&world, &held, format!("{order}/late {n}"), 1_500)));
        let (voids, late) = tokio::join!(voids, late);
        let refunds = early.into_iter().chain(late).filter(Result::is_ok).count();
        let left = if voids.is_empty() { HUNDRED - 1_500 * i64::try_from(refunds).unwrap() } else { 0 };
        assert!((0..HUNDRED).contains(&left), "I1");
        assert_eq!(world.taken(&token).await, left, "{order}");
        let payment = world.payment(&held.payment_id).await;
        assert_eq!(payment.refunded, Some(money(HUNDRED - left)), "{order}");
        left
    }))
    .await;
    world.agrees().await;
    let rows: Vec<_> = outrigger_payments::facts(world.payments.store()).try_collect().await.unwrap();
    let mut sums: BTreeMap<String, i64> = BTreeMap::new();
    let (mut gateway, mut entries) = (0, 0);
    for fact in rows {
        if let Some(Fact::Ledger(row)) = fact.fact {
            let amount = row.amount.unwrap().minor_units;
            *sums.entry(row.movement).or_default() += amount;
            gateway += if row.account == "gateway" { amount } else { 0 };
            entries += 1;
        }
    }
    assert!(sums.values().all(|sum| *sum == 0), "I1: {sums:?}");
    assert_eq!(entries, 2 * sums.len());
    assert_eq!(gateway, payments.iter().sum::<i64>(), "I1");
}

async fn world_refund(world: &World, held: &Payment, request: String, minor: i64) -> Result<Payment, Status> {
    world.refund(held, &request, minor).await
}

async fn a_hundred_refunds_at_once_never_give_back_more_than_was_taken(place: Place) {
    let world = World::new(place).await;
    let taken = world.charge("o1", "tok_ok").await.unwrap();
    let refunds = join_all((0..100).map(|n| {
        let (world, taken) = (&world, &taken);
        async move { world.refund(taken, &format!("r{n}"), 300).await }
    }))
    .await;
    let done = refunds.iter().filter(|refund| refund.is_ok()).count();
    assert_eq!(done, 33);
    for refund in refunds.into_iter().filter(Result::is_err) {
        assert_eq!(reason(refund), "REFUND_EXCEEDS_CAPTURE");
    }
    assert_eq!(world.taken("tok_ok").await, HUNDRED - 33 * 300);
    world.agrees().await;
}

async fn two_captures_at_once_take_the_money_once(place: Place) {
    let world = World::new(place).await;
    let held = world.authorise("o1", "tok_slow").await.unwrap();
    let mut other = capturing(&held);
    other.request_id = "operator's".to_owned();
    other.step = None;
    let mut client = world.client.clone();
    let (first, second) = tokio::join!(world.capture(&held), client.capture(other));
    assert_eq!(first.unwrap().state(), PaymentState::Captured);
    assert_eq!(reason(second), "NOT_AUTHORISED");
    assert_eq!(world.taken("tok_slow").await, HUNDRED);
}

async fn a_refund_is_not_undone(place: Place) {
    let world = World::new(place).await;
    let taken = world.charge("o1", "tok_ok").await.unwrap();
    let refund = RefundRequest { step: step("return", "refund", 1), ..refunding(&taken, "r", 100) };
    world.client.clone().refund(refund).await.unwrap();
    let mut void = voiding("return", "refund");
    void.order_id = "o1".to_owned();
    assert_eq!(reason(world.client.clone().void(void.clone()).await), "NOT_UNDOABLE");
    void.order_id = "somebody else's".to_owned();
    assert_eq!(world.client.clone().void(void).await.unwrap_err().code(), Code::InvalidArgument);
}
