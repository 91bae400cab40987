//! Bad input to orders beside PlaceOrder's lines.

use super::{Cases, long, money, spoilt};
use api::order::v1::{
    CancelOrderRequest, FailureAction, FailurePolicy, GetOrderRequest, ListOrdersRequest, PlaceOrderRequest,
    Resolution, ResolveOrderRequest, ReturnItemsRequest, ReturnLine, WatchOrderRequest,
};
use outrigger_tests::{World, basket, pence, story};
use tonic::Code;

fn answering(action: i32, seconds: Option<i64>, then: i32) -> PlaceOrderRequest {
    let retry_for = seconds.map(|seconds| prost_types::Duration { seconds, nanos: 0 });
    spoilt(|r| r.on_failure = Some(FailurePolicy { action, retry_for, then }))
}

fn returning(order_id: &str, spoil: impl FnOnce(&mut ReturnItemsRequest)) -> ReturnItemsRequest {
    let lines = vec![ReturnLine { sku: "MUG".into(), quantity: 1, unit_price: Some(pence(100)) }];
    let mut request =
        ReturnItemsRequest { request_id: "bad".into(), order_id: order_id.into(), lines, reason: String::new() };
    spoil(&mut request);
    request
}

fn resolving(order_id: &str, spoil: impl FnOnce(&mut ResolveOrderRequest)) -> ResolveOrderRequest {
    let mut request = ResolveOrderRequest {
        order_id: order_id.into(),
        resolution: Resolution::Retry.into(),
        actor: "ann".into(),
        note: "looked at".into(),
    };
    spoil(&mut request);
    request
}

story! {
    async fn an_order_says_nothing_that_cannot_be_kept(world: World) {
        world.stock([("MUG", 10), ("JUG", 10)]).await;
        let (retry, hold) = (FailureAction::Retry.into(), FailureAction::Hold.into());
        let mut cases = Cases::default();
        for (field, request) in [
            ("customer", spoilt(|r| r.customer = None)),
            ("customer.customer_id", spoilt(|r| r.customer.as_mut().unwrap().customer_id = long())),
            ("customer.email", spoilt(|r| r.customer.as_mut().unwrap().email = long())),
            ("customer.email", spoilt(|r| r.customer.as_mut().unwrap().email = "a@b\r\nBcc: c@d".into())),
            ("request_id", spoilt(|r| r.request_id = "x".repeat(129))),
            ("request_id", spoilt(|r| r.request_id = "\u{e9}".into())),
            ("payment", spoilt(|r| r.payment = None)),
            ("payment.method", spoilt(|r| r.payment.as_mut().unwrap().method = 99)),
            ("payment.token", spoilt(|r| r.payment.as_mut().unwrap().token = long())),
            ("wait_for", spoilt(|r| r.wait_for = 99)),
            ("lines[0].unit_price", spoilt(|r| r.lines[0].unit_price = Some(pence(-100)))),
            ("lines[0].unit_price", spoilt(|r| r.lines[0].unit_price = Some(money("", 100)))),
            ("lines[0].sku", spoilt(|r| r.lines[0].sku = "x".repeat(65))),
            ("lines[0].quantity", spoilt(|r| r.lines[0].quantity = i64::MIN)),
            ("on_failure.action", answering(99, None, 0)),
            ("on_failure.retry_for", answering(retry, None, hold)),
            ("on_failure.retry_for", answering(retry, Some(-1), hold)),
            ("on_failure.retry_for", answering(retry, Some(0), hold)),
            ("on_failure.retry_for", answering(retry, Some(i64::MAX), hold)),
            ("on_failure.retry_for", answering(retry, Some(i64::MIN), hold)),
            ("on_failure.then", answering(retry, Some(1), retry)),
            ("on_failure.then", answering(retry, Some(1), 99)),
        ] {
            cases.invalid("PlaceOrder", world.orders().place_order(request).await, field);
        }
        cases.all_are_refused();
        let orders = world.orders().list_orders(ListOrdersRequest::default()).await.unwrap().into_inner().orders;
        assert_eq!(orders.len(), 0, "nothing is written");
    }
}

story! {
    async fn what_is_wished_of_an_order_makes_sense_or_is_refused(world: World) {
        world.stock([("MUG", 10)]).await;
        let order = world.place(basket([("MUG", 1)])).await;
        let order = world.settled(&order).await;
        let id = order.order_id.as_str();
        let mut orders = world.orders();
        let mut cases = Cases::default();
        for (field, request) in [
            ("request_id", returning(id, |r| r.request_id.clear())),
            ("lines", returning(id, |r| r.lines.clear())),
            ("lines", returning(id, |r| r.lines = vec![r.lines[0].clone(); 1_001])),
            ("lines[0].quantity", returning(id, |r| r.lines[0].quantity = 0)),
            ("lines[0].quantity", returning(id, |r| r.lines[0].quantity = -1)),
            ("lines[0].sku", returning(id, |r| r.lines[0].sku.clear())),
            ("lines[0].unit_price", returning(id, |r| r.lines[0].unit_price = None)),
            ("reason", returning(id, |r| r.reason = long())),
        ] {
            cases.invalid("ReturnItems", orders.return_items(request).await, field);
        }
        let many = returning(id, |r| r.lines[0].quantity = i64::MAX);
        cases.refused("ReturnItems", orders.return_items(many).await, Code::OutOfRange, "TOO_MANY_RETURNED");
        cases.refused("ReturnItems", orders.return_items(returning("nobody's", |_| {})).await, Code::NotFound, "");
        for (field, request) in [
            ("resolution", resolving(id, |r| r.resolution = 0)),
            ("resolution", resolving(id, |r| r.resolution = 99)),
            ("actor", resolving(id, |r| r.actor.clear())),
            ("actor", resolving(id, |r| r.actor = long())),
            ("note", resolving(id, |r| r.note = long())),
            ("note", resolving(id, |r| (r.resolution, r.note) = (Resolution::Complete.into(), String::new()))),
        ] {
            cases.invalid("ResolveOrder", orders.resolve_order(request).await, field);
        }
        cases.refused("ResolveOrder", orders.resolve_order(resolving(id, |_| {})).await, Code::FailedPrecondition, "NOT_PARKED");
        let cancel = |order_id: &str, actor: &str, reason: &str| CancelOrderRequest {
            order_id: order_id.into(),
            actor: actor.into(),
            reason: reason.into(),
        };
        cases.invalid("CancelOrder", orders.cancel_order(cancel(id, &long(), "")).await, "actor");
        cases.invalid("CancelOrder", orders.cancel_order(cancel(id, "ann", &long())).await, "reason");
        cases.refused("CancelOrder", orders.cancel_order(cancel("nobody's", "ann", "")).await, Code::NotFound, "");
        let watch = |order_id: &str, after_sequence: i64| WatchOrderRequest { order_id: order_id.into(), after_sequence };
        cases.invalid("WatchOrder", orders.watch_order(watch(id, -1)).await, "after_sequence");
        cases.refused("WatchOrder", orders.watch_order(watch("nobody's", 0)).await, Code::NotFound, "");
        let get = |order_id: &str| GetOrderRequest { order_id: order_id.into() };
        cases.refused("GetOrder", orders.get_order(get("nobody's")).await, Code::NotFound, "");
        cases.refused("GetOrder", orders.get_order(get("")).await, Code::NotFound, "");
        cases.refused("GetOrder", orders.get_order(get(&long().repeat(20))).await, Code::NotFound, "");
        cases.all_are_refused();
        world.audit_is_clean().await;
    }
}
