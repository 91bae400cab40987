//! Callers who leave: before the answer, after a millisecond, or without ever reading what they asked to be told.

use api::{
    inventory::v1::{CorrectStockRequest, ReceiveStockRequest, StockLine},
    order::v1::{OrderState, Payment, PaymentMethod, ReturnItemsRequest, ReturnLine, WatchOrderRequest},
    payment::v1::{ChargeRequest, RefundRequest},
};
use futures::{StreamExt, TryStreamExt};
use outrigger_tests::{PRICE, World, basket, pence, story};
use std::time::Duration;
use tonic::{Code, Request, Status};

/// The deadline of somebody who is in a hurry.
const HURRY: Duration = Duration::from_millis(1);

fn hurried<T>(message: T) -> Request<T> {
    let mut request = Request::new(message);
    request.set_timeout(HURRY);
    request
}

/// Answered, or not waited for: nothing else comes of a hurry.
fn in_time<T>(answer: Result<T, Status>) -> bool {
    match answer {
        Ok(_) => true,
        Err(status) => {
            assert_eq!(status.code(), Code::DeadlineExceeded, "{status:?}");
            false
        }
    }
}

story! {
    async fn an_order_goes_on_without_whoever_waited_for_it(world: World) {
        world.stock([("MUG", 5)]).await;
        let wish = basket([("MUG", 1)]).card("tok_slow:left").key("left").wait_for_confirmed();
        let left = tokio::time::timeout(Duration::from_millis(200), world.try_place(wish.clone())).await;
        assert!(left.is_err(), "a slow card takes longer than this customer");
        let order = world.place(wish).await;
        assert!(matches!(order.state(), OrderState::Confirmed | OrderState::Shipped), "attached: {:?}", order.state());
        assert_eq!(world.settled(&order).await.state(), OrderState::Completed);
        assert_eq!(world.taken_from("tok_slow:left").await, PRICE);
        assert_eq!(world.level("MUG").await.shipped, 1, "one order, not two");
        world.audit_is_clean().await;
    }
}

story! {
    async fn a_watcher_who_does_not_read_holds_up_nobody_and_misses_nothing(world: World) {
        world.stock([("MUG", 50)]).await;
        let watched = world.place(basket([("MUG", 1)])).await;
        let request = WatchOrderRequest { order_id: watched.order_id.clone(), after_sequence: 0 };
        let mut unread = Vec::new();
        for _ in 0..20 {
            unread.push(world.orders().watch_order(request.clone()).await.unwrap().into_inner());
        }
        world.settled(&watched).await;
        let other = world.place(basket([("MUG", 1)])).await;
        assert_eq!(world.settled(&other).await.state(), OrderState::Completed);
        for stream in unread {
            let slowly = stream.then(|change| async {
                tokio::time::sleep(Duration::from_millis(5)).await;
                change
            });
            let changes: Vec<_> = slowly.try_collect().await.unwrap();
            let sequences: Vec<i64> = changes.into_iter().map(|answer| answer.change.unwrap().sequence).collect();
            assert_eq!(sequences, (1..=6).collect::<Vec<_>>());
        }
        world.audit_is_clean().await;
    }
}

story! {
    async fn orders_of_hurried_customers_are_placed_once_or_not_at_all(world: World) {
        world.stock([("MUG", 100)]).await;
        for number in 0..20 {
            let key = format!("hurry-{number}");
            let wish = || basket([("MUG", 1)]).transfer("tok_slow:hurry").key(&key).wait_for_confirmed();
            in_time(world.orders().place_order(hurried(wish().request(String::new))).await);
            let order = world.place(wish()).await;
            in_time(world.orders().cancel_order(hurried(api::order::v1::CancelOrderRequest {
                order_id: order.order_id.clone(),
                ..Default::default()
            })).await);
        }
        world.quiet().await;
        let shipped = world.level("MUG").await.shipped;
        assert_eq!(world.taken_from("tok_slow:hurry").await, shipped * PRICE, "the cancelled got all back");
        world.audit_is_clean().await;
    }
}

story! {
    /// Asked again under its key without a hurry, each has had its effect exactly once.
    async fn no_call_is_half_done_when_its_caller_has_a_millisecond(world: World) {
        world.stock([("MUG", 30)]).await;
        let order = world.place(basket([("MUG", 20)]).transfer("tok_return")).await;
        world.settled(&order).await;
        for number in 0..10 {
            let key = |what: &str| format!("{what}-{number}");
            let lines = vec![StockLine { sku: "MUG".into(), quantity: 2 }];
            let receive = ReceiveStockRequest { request_id: key("receive"), lines };
            in_time(world.inventory().receive_stock(hurried(receive.clone())).await);
            world.inventory().receive_stock(receive).await.unwrap();

            let correct = CorrectStockRequest {
                request_id: key("correct"),
                sku: "MUG".into(),
                difference: -1,
                reason: "counted".into(),
                actor: "warehouse".into(),
            };
            in_time(world.inventory().correct_stock(hurried(correct.clone())).await);
            world.inventory().correct_stock(correct).await.unwrap();

            let line = ReturnLine { sku: "MUG".into(), quantity: 1, unit_price: Some(pence(PRICE)) };
            let back = ReturnItemsRequest {
                request_id: key("return"),
                order_id: order.order_id.clone(),
                lines: vec![line],
                reason: String::new(),
            };
            in_time(world.orders().return_items(hurried(back.clone())).await);
            world.orders().return_items(back).await.unwrap();
        }
        world.quiet().await;
        let level = world.level("MUG").await;
        assert_eq!((level.received, level.corrected, level.returned), (30 + 20, -10, 10));
        assert_eq!(world.taken_from("tok_return").await, 10 * PRICE);
        world.audit_is_clean().await;
    }
}

story! {
    /// The gateway is slow, the caller gone long before it answers: what was begun ends, and once.
    async fn money_moves_once_however_short_its_caller_waits(world: World) {
        let charge = |number: i32| ChargeRequest {
            request_id: format!("charge-{number}"),
            order_id: format!("order-{number}"),
            amount: Some(pence(PRICE)),
            payment: Some(Payment { method: PaymentMethod::Wallet.into(), token: "tok_slow:charged".into() }),
            step: None,
        };
        for number in 0..10 {
            assert!(!in_time(world.payments().charge(hurried(charge(number))).await), "the gateway is slow");
            let payment = world.payments().charge(charge(number)).await.unwrap().into_inner().payment.unwrap();
            let refund = RefundRequest {
                request_id: format!("refund-{number}"),
                payment_id: payment.payment_id,
                amount: Some(pence(PRICE / 2)),
                reason: "half".into(),
                step: None,
            };
            in_time(world.payments().refund(hurried(refund.clone())).await);
            world.payments().refund(refund).await.unwrap();
        }
        assert_eq!(world.taken_from("tok_slow:charged").await, 10 * PRICE / 2);
    }
}
