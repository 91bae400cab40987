//! Histories and lists, as clients read them.

use api::order::v1::{ListOrdersRequest, OrderState, WatchOrderRequest};
use futures::TryStreamExt;
use outrigger_tests::{World, basket, story};
use std::collections::BTreeSet;
use tonic::Code;

story! {
    async fn a_watch_is_resumed_where_it_broke(world: World) {
        world.stock([("MUG", 5)]).await;
        let order = world.place(basket([("MUG", 1)])).await;
        let first = world.watch(&order.order_id, |change| change.state() == OrderState::Reserving).await;
        let after_sequence = first.last().unwrap().sequence;
        let request = WatchOrderRequest { order_id: order.order_id.clone(), after_sequence };
        let rest = world.orders().watch_order(request).await.unwrap().into_inner();
        let rest: Vec<_> = rest.try_collect().await.unwrap();
        let sequences: Vec<i64> =
            first.iter().chain(rest.iter().map(|answer| answer.change.as_ref().unwrap())).map(|c| c.sequence).collect();
        assert_eq!(sequences, (1..=6).collect::<Vec<_>>(), "each change once, none missing");
        world.audit_is_clean().await;
    }
}

story! {
    async fn pages_hold_every_order_once(world: World) {
        world.stock([("MUG", 100)]).await;
        for n in 0..25 {
            let customer = if n % 2 == 0 { "C-even" } else { "C-odd" };
            world.place(basket([("MUG", 1)]).customer(customer)).await;
        }
        world.quiet().await;
        for (customer, expected) in [("", 25), ("C-even", 13), ("C-odd", 12)] {
            let mut request = ListOrdersRequest {
                page_size: 4,
                customer_id: customer.into(),
                state: OrderState::Completed.into(),
                ..Default::default()
            };
            let mut seen = BTreeSet::new();
            loop {
                let page = world.orders().list_orders(request.clone()).await.unwrap().into_inner();
                assert!(page.orders.len() <= 4);
                for order in page.orders {
                    assert!(seen.insert(order.order_id), "an order stands on two pages");
                }
                if page.next_page_token.is_empty() {
                    break;
                }
                request.page_token = page.next_page_token;
            }
            assert_eq!(seen.len(), expected, "{customer}");
        }
    }
}

story! {
    async fn a_page_token_that_was_made_up_or_changed_hands_is_refused(world: World) {
        world.stock([("MUG", 100)]).await;
        for _ in 0..3 {
            world.place(basket([("MUG", 1)])).await;
        }
        let first = ListOrdersRequest { page_size: 1, ..Default::default() };
        let token = world.orders().list_orders(first.clone()).await.unwrap().into_inner().next_page_token;
        let other_filter = ListOrdersRequest { customer_id: "C-1".into(), page_token: token, ..first.clone() };
        let made_up = ListOrdersRequest { page_token: "bWFkZSB1cA".into(), ..first };
        for request in [other_filter, made_up] {
            let status = world.orders().list_orders(request).await.unwrap_err();
            assert_eq!(status.code(), Code::InvalidArgument);
        }
    }
}
