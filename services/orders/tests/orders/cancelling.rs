//! Cancelling: wherever an order stands, and never once the carrier has it.

use crate::shop::{Place, Reply, Shop, request, with_policy};
use api::order::v1::{
    OrderState::{Cancelled, Completed, Confirmed, Refunded, Refunding, Shipped},
    *,
};
use api::shipping::v1::ShipmentState;
use fabric::status::reason;
use futures::{StreamExt, future::join_all};
use std::time::Duration;
use tonic::Code;

servers::on_both_engines! {
    Place:
    an_order_is_cancelled_wherever_it_stands_before_dispatch,
    a_confirmed_order_asks_shipping_before_it_gives_money_back,
    what_is_dispatched_is_not_cancelled_whoever_says_so_first,
    a_parked_order_can_be_cancelled_and_an_ended_one_cannot,
    a_wish_to_cancel_outlives_a_crash,
    who_cancelled_and_why_is_remembered_over_a_crash,
}

async fn an_order_is_cancelled_wherever_it_stands_before_dispatch(place: Place) {
    // In the middle of each step, which then ends in each way; and between two tries of it.
    let steps = ["pay", "reserve", "commit", "capture", "ship"];
    let replies = [Reply::Done, Reply::Refuse("OUT_OF_STOCK"), Reply::Lost, Reply::DoneButLost, Reply::Silent];
    let methods = [PaymentMethod::Card, PaymentMethod::Wallet];
    let ways = replies.map(|reply| (reply, Duration::ZERO)).into_iter().chain([(Reply::Lost, BETWEEN)]);
    let ways = ways.flat_map(|way| steps.map(|step| (way, step)));
    let ways = ways.flat_map(|way| methods.map(|method| (way, method)));
    let ways = ways.filter(|((_, step), method)| *step != "capture" || *method != PaymentMethod::Wallet);
    // Some shops, each with one order after the other.
    let ways: Vec<_> = ways.collect();
    let told = ways.chunks(14).map(async |ways| {
        let shop = Shop::open(place.another().await).await;
        for (key, (((reply, after), step), method)) in ways.iter().enumerate() {
            shop.callees.forget();
            cancelled_during(&shop, request(&key.to_string(), *method), step, *reply, *after).await;
        }
    });
    join_all(told).await;
}

/// After an answer that was lost, and before the step is tried again.
const BETWEEN: Duration = Duration::from_millis(510);

async fn cancelled_during(shop: &Shop, mut recorded: PlaceOrderRequest, step: &str, reply: Reply, after: Duration) {
    shop.callees.script(step, [reply]);
    recorded.wait_for = WaitFor::Recorded.into();
    let order = shop.place(recorded).await;
    shop.calls(&format!("{step}/1")).await;
    tokio::time::sleep(after).await;
    let cancelled = shop.cancel(&order.order_id).await.expect("not dispatched");
    assert!(matches!(cancelled.state(), Cancelled | Refunding | Refunded), "{:?}", cancelled.state());
    let standing = shop.callees.standing(&order.order_id);
    let ends = if standing.taken > 0 { Refunded } else { Cancelled };
    let order = shop.reaches(&order.order_id, ends).await;
    assert_eq!((order.cause.as_str(), order.cancel_requested), ("CANCELLED_BY_CUSTOMER", false));
    let standing = shop.callees.standing(&order.order_id);
    assert_eq!((standing.held, standing.taken - standing.given_back, standing.reserved), (0, 0, false), "I4");
}

async fn a_confirmed_order_asks_shipping_before_it_gives_money_back(place: Place) {
    let shop = Shop::open(place).await;
    let order = shop.place(request("1", PaymentMethod::Card)).await;
    shop.calls("ship/1").await;
    let order = shop.cancel(&order.order_id).await.expect("not dispatched");
    let order = shop.reaches(&order.order_id, Refunded).await;
    assert_eq!(shop.callees.calls()[5..], ["ship/undo", "reserve/undo", "pay/undo"]);
    assert_eq!(shop.cancel(&order.order_id).await.expect("it is").state(), Refunded);
}

async fn what_is_dispatched_is_not_cancelled_whoever_says_so_first(place: Place) {
    // Shipping says so.
    let shop = Shop::open(place).await;
    let order = shop.place(request("1", PaymentMethod::Card)).await;
    shop.calls("ship/1").await;
    shop.callees.script("ship/undo", [Reply::Refuse("ALREADY_DISPATCHED")]);
    let refused = shop.cancel(&order.order_id).await.expect_err("too late");
    assert_eq!((refused.code(), reason(&refused).as_deref()), (Code::FailedPrecondition, Some("ALREADY_DISPATCHED")));
    assert!(!shop.order(&order.order_id).await.cancel_requested);
    shop.carrier(&order.order_id, ShipmentState::Dispatched).await;
    shop.carrier(&order.order_id, ShipmentState::Delivered).await;
    assert_eq!(shop.order(&order.order_id).await.state(), Completed);

    // The event says so, while shipping is still being asked.
    let order = shop.place(request("2", PaymentMethod::Card)).await;
    tokio::time::sleep(Duration::from_secs(1)).await;
    shop.callees.script("ship/undo", [Reply::Silent]);
    let (refused, ()) = tokio::join!(shop.cancel(&order.order_id), async {
        shop.calls("ship/undo").await;
        tokio::time::sleep(Duration::from_secs(1)).await;
        shop.carrier(&order.order_id, ShipmentState::Dispatched).await;
    });
    assert_eq!(reason(&refused.expect_err("too late")).as_deref(), Some("ALREADY_DISPATCHED"));
    shop.place.stays_quiet().await;
    let order = shop.order(&order.order_id).await;
    assert_eq!((order.state(), order.cancel_requested, order.cause.as_str()), (Shipped, false, ""));
    assert_eq!(shop.callees.standing(&order.order_id).given_back, 0);
}

async fn a_parked_order_can_be_cancelled_and_an_ended_one_cannot(place: Place) {
    let shop = Shop::open(place).await;
    shop.callees.script("reserve", [Reply::Refuse("OUT_OF_STOCK")]);
    let order = shop.place(with_policy(request("1", PaymentMethod::Wallet), FailureAction::Hold)).await;
    shop.cancel(&order.order_id).await.expect("it waits for a person");
    let order = shop.reaches(&order.order_id, Refunded).await;
    assert_eq!(order.cause, "CANCELLED_BY_CUSTOMER");

    shop.callees.script("pay", [Reply::Refuse("PAYMENT_DECLINED")]);
    let order = shop.place(request("2", PaymentMethod::Card)).await;
    let refused = shop.cancel(&order.order_id).await.expect_err("it has ended");
    assert_eq!(reason(&refused).as_deref(), Some("ORDER_FINAL"));
    let unknown = shop.cancel("nobody").await.expect_err("there is none");
    assert_eq!(unknown.code(), Code::NotFound);
}

async fn a_wish_to_cancel_outlives_a_crash(place: Place) {
    let mut shop = Shop::open(place).await;
    shop.callees.script("reserve", [Reply::Silent]);
    let mut recorded = request("1", PaymentMethod::Wallet);
    recorded.wait_for = WaitFor::Recorded.into();
    let order = shop.place(recorded).await;
    shop.calls("reserve/1").await;
    let cancelled = tokio::time::timeout(Duration::from_millis(100), shop.cancel(&order.order_id)).await;
    assert!(cancelled.is_err(), "it is not decided yet");
    assert!(shop.order(&order.order_id).await.cancel_requested);
    shop.crash_and_restart().await;
    let order = shop.reaches(&order.order_id, Refunded).await;
    assert_eq!(order.cause, "CANCELLED_BY_CUSTOMER");
}

async fn who_cancelled_and_why_is_remembered_over_a_crash(place: Place) {
    let mut shop = Shop::open(place).await;
    shop.callees.script("ship/undo", [Reply::Silent]);
    let order = shop.place(request("1", PaymentMethod::Card)).await;
    let id = order.order_id.as_str();
    shop.calls("ship/1").await;
    tokio::time::sleep(Duration::from_secs(1)).await;
    let cancelled = tokio::time::timeout(Duration::from_millis(100), shop.cancel(id)).await;
    assert!(cancelled.is_err() && shop.order(id).await.cancel_requested, "shipping has not answered yet");
    assert_eq!(shop.order(id).await.state(), Confirmed);
    shop.crash_and_restart().await;
    let order = shop.reaches(id, Refunded).await;
    assert_eq!((order.cause.as_str(), order.reason.as_str()), ("CANCELLED_BY_CUSTOMER", "changed my mind"));
    let watch = WatchOrderRequest { order_id: id.to_owned(), after_sequence: 4 };
    let changes: Vec<_> = shop.client.clone().watch_order(watch).await.expect("watched").into_inner().collect().await;
    let actors = changes.into_iter().map(|change| change.expect("a change").change.unwrap_or_default().actor);
    assert_eq!(actors.collect::<Vec<_>>(), ["ann", "ann"]);
}
