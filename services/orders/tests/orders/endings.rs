//! How each order comes to its end, whatever its callees answer.

use crate::shop::{Place, Reply, Shop, request, with_policy};
use api::order::v1::{
    OrderState::{Completed, Confirmed, NeedsAttention, OutOfStock, Paying, Received, Refunded, Reserving, Shipped},
    *,
};
use api::shipping::v1::ShipmentState;
use fabric::status::reason;
use futures::StreamExt;
use std::time::Duration;

servers::on_both_engines! {
    Place:
    a_paid_order_is_confirmed_shipped_and_completed,
    without_stock_each_policy_gives_its_own_answer,
    stock_that_comes_while_it_is_tried_again_confirms_the_order,
    a_declined_payment_or_capture_leaves_nothing_held,
    what_is_not_known_is_asked_again_under_the_same_name,
    shipping_past_its_patience_needs_a_person_and_never_unpays_by_itself,
    a_person_resolves_what_is_parked_and_is_remembered,
    a_crash_in_the_middle_of_any_step_is_carried_on_at_the_next_start,
    more_orders_than_are_driven_at_once_all_end,
    a_shipment_that_somebody_else_cancelled_needs_a_person,
}

async fn a_paid_order_is_confirmed_shipped_and_completed(place: Place) {
    let shop = Shop::open(place).await;
    let order = shop.place(request("1", PaymentMethod::Card)).await;
    let id = order.order_id.as_str();
    assert_eq!((order.state(), order.lines[0].title.as_str()), (Confirmed, "title of A"));
    shop.carrier(id, ShipmentState::Created).await;
    shop.carrier(id, ShipmentState::Dispatched).await;
    shop.carrier(id, ShipmentState::Dispatched).await;
    assert_eq!(shop.order(id).await.state(), Shipped);
    shop.carrier(id, ShipmentState::Delivered).await;
    shop.carrier(id, ShipmentState::Dispatched).await;
    shop.carrier(id, ShipmentState::Delivered).await;
    let order = shop.order(id).await;
    assert_eq!((order.state(), order.sequence, order.cause.as_str()), (Completed, 6, ""));
    assert_eq!((order.payment_id, order.shipment_id), (format!("pay-{id}"), format!("ship-{id}")));
    assert_eq!(shop.history(id).await, [Received, Paying, Reserving, Confirmed, Shipped, Completed]);
    assert_eq!(shop.callees.calls(), ["pay/1", "reserve/1", "commit/1", "capture/1", "ship/1"]);
}

#[tokio::test(start_paused = true)]
async fn an_order_costs_few_units_and_statements() {
    let shop = Shop::open(Place::memory()).await;
    let before = shop.orders.store().stats();
    let order = shop.place(request("1", PaymentMethod::Card)).await;
    shop.calls("ship/1").await;
    shop.carrier(&order.order_id, ShipmentState::Dispatched).await;
    shop.carrier(&order.order_id, ShipmentState::Delivered).await;
    let after = shop.orders.store().stats();
    let (units, statements) = (after.units - before.units, after.statements - before.statements);
    println!("{units} units, {statements} statements");
    assert!(units <= 8, "{units} units");
}

async fn without_stock_each_policy_gives_its_own_answer(place: Place) {
    for (method, action, ends) in [
        (PaymentMethod::Card, FailureAction::Refund, OutOfStock),
        (PaymentMethod::Transfer, FailureAction::Refund, Refunded),
        (PaymentMethod::Transfer, FailureAction::Retry, Refunded),
        (PaymentMethod::Transfer, FailureAction::Hold, NeedsAttention),
    ] {
        let shop = Shop::open(place.another().await).await;
        shop.callees.script("reserve", [Reply::Refuse("OUT_OF_STOCK"); 50]);
        let order = shop.place(with_policy(request("1", method), action)).await;
        let order = shop.reaches(&order.order_id, ends).await;
        assert_eq!(order.cause, "OUT_OF_STOCK");
        let standing = shop.callees.standing(&order.order_id);
        assert_eq!(standing.taken == standing.given_back && standing.held == 0, ends != NeedsAttention, "I4");
        let attempts = shop.callees.calls().iter().filter(|call| call.starts_with("reserve/")).count();
        assert_eq!(attempts > 3, action == FailureAction::Retry);
    }
}

async fn stock_that_comes_while_it_is_tried_again_confirms_the_order(place: Place) {
    let shop = Shop::open(place).await;
    shop.callees.script("reserve", [Reply::Refuse("OUT_OF_STOCK"); 2]);
    let order = shop.place(with_policy(request("1", PaymentMethod::Wallet), FailureAction::Retry)).await;
    assert_eq!(order.state(), Confirmed);
    shop.calls("ship/1").await;
    assert_eq!(shop.callees.calls(), ["pay/1", "reserve/1", "reserve/2", "reserve/3", "commit/1", "ship/1"]);
}

async fn a_declined_payment_or_capture_leaves_nothing_held(place: Place) {
    let shop = Shop::open(place).await;
    shop.callees.script("pay", [Reply::Refuse("PAYMENT_DECLINED")]);
    let order = shop.place(request("1", PaymentMethod::Card)).await;
    assert_eq!((order.state(), order.cause.as_str()), (OrderState::Declined, "PAYMENT_DECLINED"));
    shop.callees.script("capture", [Reply::Refuse("PAYMENT_DECLINED")]);
    let order = shop.place(request("2", PaymentMethod::Card)).await;
    assert_eq!(order.state(), OrderState::Declined);
    let standing = shop.callees.standing(&order.order_id);
    assert_eq!((standing.held, standing.taken, standing.reserved), (0, 0, false));
}

async fn what_is_not_known_is_asked_again_under_the_same_name(place: Place) {
    let shop = Shop::open(place).await;
    for step in ["pay", "reserve", "commit", "capture", "ship"] {
        shop.callees.script(step, [Reply::DoneButLost, Reply::Silent, Reply::Lost]);
    }
    let order = shop.place(request("1", PaymentMethod::Card)).await;
    shop.reaches(&order.order_id, Confirmed).await;
    shop.calls("ship/1").await;
    shop.carrier(&order.order_id, ShipmentState::Delivered).await;
    shop.reaches(&order.order_id, Completed).await;
    let calls = shop.callees.calls();
    assert!(calls.iter().all(|call| call.ends_with("/1")), "{calls:?}");
    assert_eq!(shop.callees.standing(&order.order_id).taken, 1_000);
}

async fn shipping_past_its_patience_needs_a_person_and_never_unpays_by_itself(place: Place) {
    let shop = Shop::open(place).await;
    shop.callees.script("ship", [Reply::Lost; 500]);
    let order = shop.place(request("1", PaymentMethod::Card)).await;
    let order = shop.reaches(&order.order_id, NeedsAttention).await;
    assert_eq!(order.cause, "NO_ANSWER");
    assert_eq!(shop.callees.standing(&order.order_id).given_back, 0);
    let parked = shop.client.clone().list_parked(ListParkedRequest::default()).await.expect("listed").into_inner();
    assert_eq!((parked.parked.len(), parked.parked[0].step.as_str()), (1, "ship"));

    // The carrier has it after all: nobody has to do anything.
    shop.carrier(&order.order_id, ShipmentState::Dispatched).await;
    let order = shop.order(&order.order_id).await;
    assert_eq!((order.state(), order.cause.as_str()), (Shipped, ""));
}

async fn a_person_resolves_what_is_parked_and_is_remembered(place: Place) {
    for (resolution, ends) in
        [(Resolution::Retry, Confirmed), (Resolution::Refund, Refunded), (Resolution::Complete, Completed)]
    {
        let shop = Shop::open(place.another().await).await;
        shop.callees.script("reserve", [Reply::Refuse("OUT_OF_STOCK")]);
        let order = shop.place(with_policy(request("1", PaymentMethod::Wallet), FailureAction::Hold)).await;
        let id = order.order_id.as_str();
        assert_eq!(order.state(), NeedsAttention);
        shop.resolve(id, resolution, "because I say so").await.expect("it is parked");
        let order = shop.reaches(id, ends).await;
        assert_eq!(order.waiver.as_ref().map(|waiver| waiver.actor.as_str()), (ends == Completed).then_some("bob"));
        let watch = WatchOrderRequest { order_id: id.into(), after_sequence: 4 };
        let mut history = shop.client.clone().watch_order(watch).await.expect("watched").into_inner();
        let change = history.next().await.expect("a change").expect("a change").change.expect("a change");
        assert_eq!((change.actor.as_str(), change.reason.as_str()), ("bob", "because I say so"));
        let again = shop.resolve(id, Resolution::Refund, "").await.expect_err("it waits for nobody");
        assert_eq!(reason(&again).as_deref(), Some("NOT_PARKED"));
    }
}

async fn a_crash_in_the_middle_of_any_step_is_carried_on_at_the_next_start(place: Place) {
    for step in ["pay", "reserve", "commit", "capture", "ship"] {
        for reply in [Reply::Silent, Reply::DoneButLost] {
            let mut shop = Shop::open(place.another().await).await;
            shop.callees.script(step, [reply]);
            let mut recorded = request("1", PaymentMethod::Card);
            recorded.wait_for = WaitFor::Recorded.into();
            let order = shop.place(recorded).await;
            shop.calls(&format!("{step}/1")).await;
            shop.crash_and_restart().await;
            let order = shop.reaches(&order.order_id, Confirmed).await;
            while shop.callees.standing(&order.order_id).shipment.is_none() {
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
            let standing = shop.callees.standing(&order.order_id);
            assert_eq!((standing.taken, standing.committed), (1_000, true), "I3");
            let replayed = shop.place(request("1", PaymentMethod::Card)).await;
            assert_eq!(replayed.order_id, order.order_id, "I3");
        }
    }
}

async fn more_orders_than_are_driven_at_once_all_end(place: Place) {
    let settings = outrigger_orders::Settings { concurrency: 4, ..place.settings() };
    let shop = Shop::with(place, settings).await;
    let placing = (0..60).map(|key| {
        let mut recorded = request(&key.to_string(), PaymentMethod::Card);
        recorded.wait_for = WaitFor::Recorded.into();
        shop.place(recorded)
    });
    for order in futures::future::join_all(placing).await {
        shop.reaches(&order.order_id, Confirmed).await;
    }
}

async fn a_shipment_that_somebody_else_cancelled_needs_a_person(place: Place) {
    let shop = Shop::open(place).await;
    let order = shop.place(request("1", PaymentMethod::Card)).await;
    let id = order.order_id.as_str();
    shop.calls("ship/1").await;
    shop.carrier(id, ShipmentState::Cancelled).await;
    shop.carrier(id, ShipmentState::Cancelled).await;
    let order = shop.order(id).await;
    assert_eq!((order.state(), order.cause.as_str()), (NeedsAttention, "SHIPMENT_CANCELLED"));
    shop.resolve(id, Resolution::Refund, "it will not come").await.expect("it is parked");
    assert_eq!(shop.reaches(id, Refunded).await.cause, "SHIPMENT_CANCELLED");
    // Of an order that is over, or none of ours, the carrier may say what it likes.
    shop.carrier(id, ShipmentState::Delivered).await;
    shop.carrier("nobody", ShipmentState::Dispatched).await;
    assert_eq!(shop.order(id).await.state(), Refunded);
}
