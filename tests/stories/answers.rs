//! Paid, and then no stock: the three answers, chosen per order.

use api::order::v1::{FailureAction, OrderState, Resolution};
use outrigger_tests::{PRICE, World, basket, refused, story};
use std::time::Duration;
use tonic::Code;

story! {
    async fn refund_gives_the_charge_back(world: World) {
        world.stock([("MUG", 1)]).await;
        let order = world.place(basket([("MUG", 2)]).transfer("tok_refund").or_refund()).await;
        let order = world.settled(&order).await;
        assert_eq!((order.state(), order.cause.as_str()), (OrderState::Refunded, "OUT_OF_STOCK"));
        assert_eq!(world.taken_from("tok_refund").await, 0);
        assert_eq!(world.level("MUG").await.on_hand, 1, "all lines or none");
        world.audit_is_clean().await;
    }
}

story! {
    async fn refund_of_a_card_never_took_anything(world: World) {
        world.stock([("MUG", 1)]).await;
        let order = world.place(basket([("MUG", 2)]).card("tok_hold").or_refund()).await;
        assert_eq!(world.settled(&order).await.state(), OrderState::OutOfStock);
        assert_eq!(world.taken_from("tok_hold").await, 0);
        world.audit_is_clean().await;
    }
}

story! {
    async fn retry_waits_for_the_goods_and_ships_them(world: World) {
        world.stock([("MUG", 0)]).await;
        let patient = basket([("MUG", 1)]).transfer("tok_retry");
        let order = world.place(patient.or_retry(Duration::from_secs(60), FailureAction::Refund)).await;
        world.reaches(&order, OrderState::Reserving).await;
        world.stock([("MUG", 1)]).await;
        assert_eq!(world.settled(&order).await.state(), OrderState::Completed);
        assert_eq!(world.taken_from("tok_retry").await, PRICE);
        world.audit_is_clean().await;
    }
}

story! {
    async fn retry_gives_up_in_time_and_refunds(world: World) {
        world.stock([("MUG", 0)]).await;
        let order = basket([("MUG", 1)]).transfer("tok_retry").or_retry(Duration::from_secs(1), FailureAction::Refund);
        let order = world.place(order).await;
        assert_eq!(world.settled(&order).await.state(), OrderState::Refunded);
        assert_eq!(world.taken_from("tok_retry").await, 0);
        world.audit_is_clean().await;
    }
}

story! {
    async fn retry_gives_up_in_time_and_holds(world: World) {
        world.stock([("MUG", 0)]).await;
        let order = basket([("MUG", 1)]).transfer("tok_retry").or_retry(Duration::from_secs(1), FailureAction::Hold);
        let order = world.place(order).await;
        assert_eq!(world.settled(&order).await.state(), OrderState::NeedsAttention);
        assert_eq!(world.taken_from("tok_retry").await, PRICE, "held, not lost: a person decides");
        world.audit_is_clean().await;
    }
}

story! {
    async fn hold_waits_for_a_person_who_retries(world: World) {
        world.stock([("MUG", 0)]).await;
        let order = world.place(basket([("MUG", 1)]).transfer("tok_hold").or_hold()).await;
        let parked = world.settled(&order).await;
        assert_eq!((parked.state(), parked.cause.as_str()), (OrderState::NeedsAttention, "OUT_OF_STOCK"));
        world.stock([("MUG", 1)]).await;
        world.resolve(&order, Resolution::Retry).await.unwrap();
        assert_eq!(world.watch(&order.order_id, |_| false).await.last().unwrap().state(), OrderState::Completed);
        world.audit_is_clean().await;
    }
}

story! {
    async fn hold_waits_for_a_person_who_refunds(world: World) {
        world.stock([("MUG", 0)]).await;
        let order = world.place(basket([("MUG", 1)]).transfer("tok_hold").or_hold()).await;
        world.settled(&order).await;
        world.resolve(&order, Resolution::Refund).await.unwrap();
        let changes = world.watch(&order.order_id, |_| false).await;
        assert_eq!(changes.last().unwrap().state(), OrderState::Refunded);
        assert!(changes.iter().any(|change| change.actor == "operator on duty"), "who and why are kept: {changes:?}");
        assert_eq!(world.taken_from("tok_hold").await, 0);
        world.audit_is_clean().await;
    }
}

story! {
    async fn hold_waits_for_a_person_who_calls_it_complete(world: World) {
        world.stock([("MUG", 0)]).await;
        let order = world.place(basket([("MUG", 1)]).transfer("tok_hold").or_hold()).await;
        world.settled(&order).await;
        world.resolve(&order, Resolution::Complete).await.unwrap();
        world.watch(&order.order_id, |_| false).await;
        let order = world.order(&order.order_id).await;
        assert_eq!(order.state(), OrderState::Completed);
        let waiver = order.waiver.expect("a waiver");
        assert_eq!((waiver.actor.as_str(), waiver.note.as_str()), ("operator on duty", "looked into it"));
        world.audit_is_clean().await;
    }
}

story! {
    async fn only_a_parked_order_can_be_resolved(world: World) {
        world.stock([("MUG", 1)]).await;
        let order = world.place(basket([("MUG", 1)])).await;
        world.settled(&order).await;
        let answer = refused(world.resolve(&order, Resolution::Refund).await);
        assert_eq!(answer, (Code::FailedPrecondition, "NOT_PARKED".into()));
        world.audit_is_clean().await;
    }
}
