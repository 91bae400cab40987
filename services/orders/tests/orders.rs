//! Orders among callees that answer by script: how each comes to its end, and what its callers are told.

mod shop;

use api::{order::v1::*, shipping::v1::ShipmentState};
use fabric::status::{info, reason, violations};
use futures::StreamExt;
use shop::{Reply, Shop, pence, request, settings, with_policy};
use std::time::Duration;
use tonic::Code;

use OrderState::{
    Cancelled, Completed, Confirmed, NeedsAttention, OutOfStock, Paying, Received, Refunded, Refunding, Reserving,
    Shipped,
};

#[tokio::test(start_paused = true)]
async fn a_paid_order_is_confirmed_shipped_and_completed() {
    let shop = Shop::open().await;
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
    let shop = Shop::open().await;
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

#[tokio::test(start_paused = true)]
async fn a_request_that_comes_again_is_the_same_order() {
    let shop = Shop::open().await;
    let (mut one, mut two) = (shop.client.clone(), shop.client.clone());
    let (first, second) = tokio::join!(
        one.place_order(request("1", PaymentMethod::Card)),
        two.place_order(request("1", PaymentMethod::Card))
    );
    let (first, second) = (first.expect("taken"), second.expect("attached"));
    let replayed = [&first, &second].map(|answer| answer.metadata().contains_key("outrigger-replayed"));
    assert_eq!(replayed.iter().filter(|replayed| **replayed).count(), 1);
    let (first, second) = (first.into_inner().order.expect("an order"), second.into_inner().order.expect("an order"));
    assert_eq!((first.order_id.as_str(), first.state()), (second.order_id.as_str(), Confirmed));
    assert_eq!(second.lines, first.lines);

    let mut other = request("1", PaymentMethod::Card);
    other.lines[0].quantity = 5;
    let refused = shop.client.clone().place_order(other).await.expect_err("other content");
    assert_eq!((refused.code(), reason(&refused).as_deref()), (Code::AlreadyExists, Some("REQUEST_ID_REUSED")));
    assert_eq!(info(&refused, "field").as_deref(), Some("lines"));
}

#[tokio::test(start_paused = true)]
async fn what_is_wrong_is_named_and_nothing_is_written() {
    let shop = Shop::open().await;
    let mut wrong = request("1", PaymentMethod::Card);
    wrong.lines.push(OrderLine { sku: "unknown".into(), quantity: 1, unit_price: pence(250), ..OrderLine::default() });
    wrong.lines.push(OrderLine { sku: "A".into(), quantity: 9, unit_price: pence(200), ..OrderLine::default() });
    let refused = shop.client.clone().place_order(wrong).await.expect_err("wrong");
    let fields: Vec<String> = violations(&refused).into_iter().map(|(field, _)| field).collect();
    assert_eq!(fields, ["lines[1].sku", "lines[2].unit_price"]);
    let listed = shop.client.clone().list_orders(ListOrdersRequest::default()).await.expect("listed").into_inner();
    assert!(listed.orders.is_empty());
}

#[tokio::test(start_paused = true)]
async fn without_stock_each_policy_gives_its_own_answer() {
    for (method, action, ends) in [
        (PaymentMethod::Card, FailureAction::Refund, OutOfStock),
        (PaymentMethod::Transfer, FailureAction::Refund, Refunded),
        (PaymentMethod::Transfer, FailureAction::Retry, Refunded),
        (PaymentMethod::Transfer, FailureAction::Hold, NeedsAttention),
    ] {
        let shop = Shop::open().await;
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

#[tokio::test(start_paused = true)]
async fn stock_that_comes_while_it_is_tried_again_confirms_the_order() {
    let shop = Shop::open().await;
    shop.callees.script("reserve", [Reply::Refuse("OUT_OF_STOCK"); 2]);
    let order = shop.place(with_policy(request("1", PaymentMethod::Wallet), FailureAction::Retry)).await;
    assert_eq!(order.state(), Confirmed);
    assert_eq!(shop.callees.calls(), ["pay/1", "reserve/1", "reserve/2", "reserve/3", "commit/1", "ship/1"]);
}

#[tokio::test(start_paused = true)]
async fn a_declined_payment_or_capture_leaves_nothing_held() {
    let shop = Shop::open().await;
    shop.callees.script("pay", [Reply::Refuse("PAYMENT_DECLINED")]);
    let order = shop.place(request("1", PaymentMethod::Card)).await;
    assert_eq!((order.state(), order.cause.as_str()), (OrderState::Declined, "PAYMENT_DECLINED"));
    shop.callees.script("capture", [Reply::Refuse("PAYMENT_DECLINED")]);
    let order = shop.place(request("2", PaymentMethod::Card)).await;
    assert_eq!(order.state(), OrderState::Declined);
    let standing = shop.callees.standing(&order.order_id);
    assert_eq!((standing.held, standing.taken, standing.reserved), (0, 0, false));
}

#[tokio::test(start_paused = true)]
async fn what_is_not_known_is_asked_again_under_the_same_name() {
    let shop = Shop::open().await;
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

#[tokio::test(start_paused = true)]
async fn shipping_past_its_patience_needs_a_person_and_never_unpays_by_itself() {
    let shop = Shop::open().await;
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

#[tokio::test(start_paused = true)]
async fn a_person_resolves_what_is_parked_and_is_remembered() {
    for (resolution, ends) in
        [(Resolution::Retry, Confirmed), (Resolution::Refund, Refunded), (Resolution::Complete, Completed)]
    {
        let shop = Shop::open().await;
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

#[tokio::test(start_paused = true)]
async fn an_order_is_cancelled_wherever_it_stands_before_dispatch() {
    // In the middle of each step, which then ends in its own way.
    for (step, reply) in [
        ("pay", Reply::DoneButLost),
        ("pay", Reply::Lost),
        ("reserve", Reply::DoneButLost),
        ("commit", Reply::Silent),
        ("capture", Reply::DoneButLost),
        ("ship", Reply::DoneButLost),
    ] {
        let shop = Shop::open().await;
        shop.callees.script(step, [reply; 3]);
        let mut recorded = request("1", PaymentMethod::Card);
        recorded.wait_for = WaitFor::Recorded.into();
        let order = shop.place(recorded).await;
        shop.calls(&format!("{step}/1")).await;
        let cancelled = shop.cancel(&order.order_id).await.expect("not dispatched");
        assert!(matches!(cancelled.state(), Cancelled | Refunding | Refunded), "{:?}", cancelled.state());
        let standing = shop.callees.standing(&order.order_id);
        let ends = if standing.taken > 0 { Refunded } else { Cancelled };
        let order = shop.reaches(&order.order_id, ends).await;
        assert_eq!((order.cause.as_str(), order.cancel_requested), ("CANCELLED_BY_CUSTOMER", false));
        let standing = shop.callees.standing(&order.order_id);
        assert_eq!((standing.held, standing.taken - standing.given_back, standing.reserved), (0, 0, false), "I4");
    }
}

#[tokio::test(start_paused = true)]
async fn a_confirmed_order_asks_shipping_before_it_gives_money_back() {
    let shop = Shop::open().await;
    let order = shop.place(request("1", PaymentMethod::Card)).await;
    shop.calls("ship/1").await;
    let order = shop.cancel(&order.order_id).await.expect("not dispatched");
    let order = shop.reaches(&order.order_id, Refunded).await;
    assert_eq!(shop.callees.calls()[5..], ["ship/undo", "reserve/undo", "pay/undo"]);
    assert_eq!(shop.cancel(&order.order_id).await.expect("it is").state(), Refunded);
}

#[tokio::test(start_paused = true)]
async fn what_is_dispatched_is_not_cancelled_whoever_says_so_first() {
    // Shipping says so.
    let shop = Shop::open().await;
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
    tokio::time::sleep(Duration::from_secs(60)).await;
    let order = shop.order(&order.order_id).await;
    assert_eq!((order.state(), order.cancel_requested, order.cause.as_str()), (Shipped, false, ""));
    assert_eq!(shop.callees.standing(&order.order_id).given_back, 0);
}

#[tokio::test(start_paused = true)]
async fn a_parked_order_can_be_cancelled_and_an_ended_one_cannot() {
    let shop = Shop::open().await;
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

#[tokio::test(start_paused = true)]
async fn items_come_back_in_parts_and_never_more_than_went_out() {
    let shop = Shop::open().await;
    let order = shop.place(request("1", PaymentMethod::Card)).await;
    let id = order.order_id.as_str();
    let early = shop.give_back("r0", id, 1).await.expect_err("it is not out yet");
    assert_eq!(reason(&early).as_deref(), Some("NOT_RETURNABLE"));
    shop.calls("ship/1").await;
    shop.carrier(id, ShipmentState::Delivered).await;

    // Inventory does not know yet that it went out: tried again until it does.
    shop.callees.script("restock", [Reply::Refuse("MORE_THAN_SHIPPED"); 3]);
    let one = shop.give_back("r1", id, 1).await.expect("returned");
    assert_eq!((one.refund, one.order.expect("an order").lines[0].returned), (pence(250), 1));
    let again = shop.give_back("r1", id, 1).await.expect("the same");
    assert_eq!(again.return_id, one.return_id);
    let (two, three) = tokio::join!(shop.give_back("r2", id, 2), shop.give_back("r3", id, 2));
    let refused = [two, three].into_iter().find_map(Result::err).expect("one of them is too much");
    assert_eq!((refused.code(), reason(&refused).as_deref()), (Code::OutOfRange, Some("TOO_MANY_RETURNED")));

    while shop.order(id).await.returned_total != pence(750) {
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    let standing = shop.callees.standing(id);
    assert_eq!((standing.given_back, standing.restocked), (750, 3));
    assert_eq!(shop.history(id).await[5..], [Completed; 3]);
}

#[tokio::test(start_paused = true)]
async fn a_watcher_sees_every_change_once_and_may_come_back() {
    let shop = Shop::open().await;
    let order = shop.place(request("1", PaymentMethod::Card)).await;
    let id = order.order_id.clone();
    let watch = |after_sequence| WatchOrderRequest { order_id: id.clone(), after_sequence };
    let mut all = shop.client.clone().watch_order(watch(0)).await.expect("watched").into_inner();
    let mut seen = Vec::new();
    while seen.len() < 4 {
        seen.push(all.next().await.expect("more").expect("a change").change.expect("a change").sequence);
    }
    shop.calls("ship/1").await;
    shop.carrier(&id, ShipmentState::Delivered).await;
    while let Some(change) = all.next().await {
        seen.push(change.expect("a change").change.expect("a change").sequence);
    }
    assert_eq!(seen, [1, 2, 3, 4, 5, 6], "and it ends with the final state");
    let rest: Vec<_> = shop.client.clone().watch_order(watch(5)).await.expect("watched").into_inner().collect().await;
    assert_eq!(rest.len(), 1);
    let nothing: Vec<_> =
        shop.client.clone().watch_order(watch(6)).await.expect("watched").into_inner().collect().await;
    assert!(nothing.is_empty());
}

#[tokio::test(start_paused = true)]
async fn lists_are_read_page_by_page_and_tokens_are_not_made_up() {
    let shop = Shop::open().await;
    for key in 0..7 {
        let mut placed = request(&key.to_string(), PaymentMethod::Card);
        placed.customer = Some(Customer { customer_id: format!("c{}", key % 2), email: String::new() });
        shop.place(placed).await;
    }
    let list = |page_token: &str, customer_id: &str| ListOrdersRequest {
        page_size: 3,
        page_token: page_token.to_owned(),
        state: Confirmed.into(),
        customer_id: customer_id.to_owned(),
    };
    let (mut token, mut ids) = (String::new(), Vec::new());
    loop {
        let page = shop.client.clone().list_orders(list(&token, "")).await.expect("a page").into_inner();
        ids.extend(page.orders.into_iter().map(|order| order.order_id));
        token = page.next_page_token;
        if token.is_empty() {
            break;
        }
        let other = shop.client.clone().list_orders(list(&token, "c1")).await.expect_err("of another filter");
        assert_eq!(other.code(), Code::InvalidArgument);
    }
    assert!(ids.len() == 7 && ids.is_sorted_by(|a, b| a > b), "newest first: {ids:?}");
    let of_one = shop.client.clone().list_orders(list("", "c1")).await.expect("a page").into_inner();
    assert_eq!(of_one.orders.len(), 3);
    assert!(of_one.next_page_token.is_empty());
    let made_up = shop.client.clone().list_orders(list("0123", "")).await.expect_err("made up");
    assert_eq!(made_up.code(), Code::InvalidArgument);
}

#[tokio::test(start_paused = true)]
async fn whoever_waits_is_answered_before_the_deadline_with_the_order_as_it_stands() {
    let shop = Shop::open().await;
    shop.callees.script("reserve", [Reply::Silent; 3]);
    let mut waiting = tonic::Request::new(request("1", PaymentMethod::Card));
    waiting.set_timeout(Duration::from_secs(2));
    let answered = shop.client.clone().place_order(waiting).await.expect("in time").into_inner();
    let order = answered.order.expect("an order");
    assert_eq!(order.state(), Reserving);
    // The order itself is nobody's deadline's.
    shop.reaches(&order.order_id, Confirmed).await;
}

#[tokio::test(start_paused = true)]
async fn a_crash_in_the_middle_of_any_step_is_carried_on_at_the_next_start() {
    for step in ["pay", "reserve", "commit", "capture", "ship"] {
        for reply in [Reply::Silent, Reply::DoneButLost] {
            let mut shop = Shop::open().await;
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

#[tokio::test(start_paused = true)]
async fn a_wish_to_cancel_outlives_a_crash() {
    let mut shop = Shop::open().await;
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

#[tokio::test(start_paused = true)]
async fn more_orders_than_are_driven_at_once_all_end() {
    let shop = Shop::with(outrigger_orders::Settings { concurrency: 4, ..settings() }).await;
    let placing = (0..60).map(|key| {
        let mut recorded = request(&key.to_string(), PaymentMethod::Card);
        recorded.wait_for = WaitFor::Recorded.into();
        shop.place(recorded)
    });
    for order in futures::future::join_all(placing).await {
        shop.reaches(&order.order_id, Confirmed).await;
    }
}
