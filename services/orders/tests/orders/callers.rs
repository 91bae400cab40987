//! What callers are told: keys, mistakes, pages, streams, returns, deadlines.

use crate::shop::{Place, Reply, Shop, pence, request};
use api::order::v1::{
    OrderState::{Completed, Confirmed, Reserving},
    *,
};
use api::shipping::v1::ShipmentState;
use fabric::status::{info, reason, violations};
use futures::StreamExt;
use std::time::Duration;
use tonic::Code;

servers::on_both_engines! {
    Place:
    a_request_that_comes_again_is_the_same_order,
    what_is_wrong_is_named_and_nothing_is_written,
    items_come_back_in_parts_and_never_more_than_went_out,
    a_watcher_sees_every_change_once_and_may_come_back,
    lists_are_read_page_by_page_and_tokens_are_not_made_up,
    whoever_waits_is_answered_before_the_deadline_with_the_order_as_it_stands,
}

async fn a_request_that_comes_again_is_the_same_order(place: Place) {
    let shop = Shop::open(place).await;
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

async fn what_is_wrong_is_named_and_nothing_is_written(place: Place) {
    let shop = Shop::open(place).await;
    let mut wrong = request("1", PaymentMethod::Card);
    wrong.lines.push(OrderLine { sku: "unknown".into(), quantity: 1, unit_price: pence(250), ..OrderLine::default() });
    wrong.lines.push(OrderLine { sku: "A".into(), quantity: 9, unit_price: pence(200), ..OrderLine::default() });
    let refused = shop.client.clone().place_order(wrong).await.expect_err("wrong");
    let fields: Vec<String> = violations(&refused).into_iter().map(|(field, _)| field).collect();
    assert_eq!(fields, ["lines[1].sku", "lines[2].unit_price"]);
    let listed = shop.client.clone().list_orders(ListOrdersRequest::default()).await.expect("listed").into_inner();
    assert!(listed.orders.is_empty());
}

async fn items_come_back_in_parts_and_never_more_than_went_out(place: Place) {
    let shop = Shop::open(place).await;
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

async fn a_watcher_sees_every_change_once_and_may_come_back(place: Place) {
    let shop = Shop::open(place).await;
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

async fn lists_are_read_page_by_page_and_tokens_are_not_made_up(place: Place) {
    let shop = Shop::open(place).await;
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

async fn whoever_waits_is_answered_before_the_deadline_with_the_order_as_it_stands(place: Place) {
    let shop = Shop::open(place).await;
    shop.callees.script("reserve", [Reply::Silent; 3]);
    let mut waiting = tonic::Request::new(request("1", PaymentMethod::Card));
    waiting.set_timeout(Duration::from_secs(2));
    let answered = shop.client.clone().place_order(waiting).await.expect("in time").into_inner();
    let order = answered.order.expect("an order");
    assert_eq!(order.state(), Reserving);
    // The order itself is nobody's deadline's.
    shop.reaches(&order.order_id, Confirmed).await;
}
