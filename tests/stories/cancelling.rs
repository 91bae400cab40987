//! A customer changes their mind, early, late and too late.

use api::order::v1::OrderState;
use outrigger_tests::{Delivery, World, basket, refused, story};
use std::time::Duration;
use tonic::Code;

story! {
    async fn cancelled_before_capture_nothing_was_taken(world: World) {
        world.stock([("MUG", 5)]).await;
        // Reserve does not get through until the customer has changed their mind.
        world.wires().fare(|attempt| if attempt.method == "Reserve" { Delivery::Lost } else { Delivery::Once });
        let order = world.place(basket([("MUG", 1)]).card("tok_early")).await;
        world.reaches(&order, OrderState::Reserving).await;
        let (cancelled, ()) = tokio::join!(world.cancel(&order), async {
            tokio::time::sleep(Duration::from_millis(300)).await;
            world.wires().heal();
        });
        cancelled.unwrap();
        assert_eq!(world.settled(&order).await.state(), OrderState::Cancelled);
        assert_eq!(world.taken_from("tok_early").await, 0);
        assert_eq!(world.level("MUG").await.on_hand, 5);
        world.audit_is_clean().await;
    }
}

story! {
    // A carrier that takes its time, so that there is a while between confirmation and dispatch.
    settings |config| { config.shipping.dispatch_after = Duration::from_secs(5); }
    async fn cancelled_after_capture_the_money_comes_back(world: World) {
        world.stock([("MUG", 5)]).await;
        let order = world.place(basket([("MUG", 1)]).card("tok_late").wait_for_confirmed()).await;
        world.reaches(&order, OrderState::Confirmed).await;
        world.cancel(&order).await.unwrap();
        let order = world.settled(&order).await;
        assert_eq!((order.state(), order.cause.as_str()), (OrderState::Refunded, "CANCELLED_BY_CUSTOMER"));
        assert_eq!(world.taken_from("tok_late").await, 0);
        assert_eq!(world.level("MUG").await.on_hand, 5);
        world.audit_is_clean().await;
    }
}

story! {
    async fn once_dispatched_it_is_too_late(world: World) {
        world.stock([("MUG", 5)]).await;
        let order = world.place(basket([("MUG", 1)])).await;
        world.reaches(&order, OrderState::Shipped).await;
        let (code, reason) = refused(world.cancel(&order).await);
        assert_eq!(code, Code::FailedPrecondition);
        assert!(["ALREADY_DISPATCHED", "ORDER_FINAL"].contains(&reason.as_str()), "{reason}");
        assert_eq!(world.settled(&order).await.state(), OrderState::Completed);
        world.audit_is_clean().await;
    }
}

story! {
    async fn a_parked_order_can_be_cancelled(world: World) {
        world.stock([("MUG", 0)]).await;
        let order = world.place(basket([("MUG", 1)]).transfer("tok_parked").or_hold()).await;
        world.settled(&order).await;
        world.cancel(&order).await.unwrap();
        assert_eq!(world.watch(&order.order_id, |_| false).await.last().unwrap().state(), OrderState::Refunded);
        assert_eq!(world.taken_from("tok_parked").await, 0);
        world.audit_is_clean().await;
    }
}

story! {
    async fn what_ended_cannot_be_cancelled(world: World) {
        world.stock([("MUG", 1)]).await;
        let order = world.place(basket([("MUG", 1)]).card("tok_declined")).await;
        world.settled(&order).await;
        assert_eq!(refused(world.cancel(&order).await), (Code::FailedPrecondition, "ORDER_FINAL".into()));
        world.audit_is_clean().await;
    }
}
