//! Orders that are paid and shipped, declined, or paid into silence.

use api::order::v1::OrderState;
use outrigger_tests::{PRICE, World, basket, story};

story! {
    async fn a_card_is_captured_and_the_goods_arrive(world: World) {
        world.stock([("MUG", 10)]).await;
        let order = world.place(basket([("MUG", 4)]).card("tok_ok").charge("POST", 300)).await;
        let order = world.settled(&order).await;
        assert_eq!(order.state(), OrderState::Completed);
        assert_eq!(world.taken_from("tok_ok").await, 4 * PRICE + 300);
        world.quiet().await;
        let level = world.level("MUG").await;
        assert_eq!((level.on_hand, level.shipped), (6, 4));
        world.audit_is_clean().await;
    }
}

story! {
    async fn a_transfer_moves_at_once_and_the_goods_arrive(world: World) {
        world.stock([("MUG", 10)]).await;
        let order = world.place(basket([("MUG", 1)]).transfer("tok_transfer")).await;
        assert_eq!(world.settled(&order).await.state(), OrderState::Completed);
        assert_eq!(world.taken_from("tok_transfer").await, PRICE);
        world.audit_is_clean().await;
    }
}

story! {
    async fn every_state_on_the_way_is_told_in_its_order(world: World) {
        use OrderState::{Completed, Confirmed, Paying, Received, Reserving, Shipped};
        world.stock([("MUG", 10)]).await;
        let order = world.place(basket([("MUG", 1)])).await;
        let states: Vec<_> = world.watch(&order.order_id, |_| false).await.iter().map(|c| c.state()).collect();
        assert_eq!(states, [Received, Paying, Reserving, Confirmed, Shipped, Completed]);
        world.audit_is_clean().await;
    }
}

story! {
    async fn a_declined_card_costs_nothing_and_holds_nothing(world: World) {
        world.stock([("MUG", 10)]).await;
        let order = world.place(basket([("MUG", 1)]).card("tok_declined")).await;
        let order = world.settled(&order).await;
        assert_eq!((order.state(), order.cause.as_str()), (OrderState::Declined, "PAYMENT_DECLINED"));
        assert_eq!(world.taken_from("tok_declined").await, 0);
        assert_eq!(world.level("MUG").await.on_hand, 10);
        world.audit_is_clean().await;
    }
}

story! {
    async fn a_card_declined_at_capture_gives_the_goods_back(world: World) {
        world.stock([("MUG", 10)]).await;
        let order = world.place(basket([("MUG", 1)]).card("tok_declined_at_capture").or_refund()).await;
        assert_eq!(world.settled(&order).await.state(), OrderState::Declined);
        assert_eq!(world.taken_from("tok_declined_at_capture").await, 0);
        assert_eq!(world.level("MUG").await.on_hand, 10);
        world.audit_is_clean().await;
    }
}

story! {
    async fn a_charge_that_timed_out_is_never_taken_twice(world: World) {
        world.stock([("MUG", 10)]).await;
        for basket in [basket([("MUG", 1)]).transfer("tok_silent_once"), basket([("MUG", 1)]).card("tok_silent_once")] {
            let before = world.taken_from("tok_silent_once").await;
            let order = world.place(basket).await;
            assert_eq!(world.settled(&order).await.state(), OrderState::Completed);
            assert_eq!(world.taken_from("tok_silent_once").await, before + PRICE);
        }
        world.audit_is_clean().await;
    }
}

story! {
    async fn a_slow_or_flaky_gateway_only_takes_longer(world: World) {
        world.stock([("MUG", 10)]).await;
        for token in ["tok_slow", "tok_flaky"] {
            let order = world.place(basket([("MUG", 1)]).transfer(token)).await;
            assert_eq!(world.settled(&order).await.state(), OrderState::Completed, "{token}");
            assert_eq!(world.taken_from(token).await, PRICE, "{token}");
        }
        world.audit_is_clean().await;
    }
}

story! {
    async fn who_waits_for_confirmation_is_answered_when_it_is_so(world: World) {
        world.stock([("MUG", 1)]).await;
        let confirmed = world.place(basket([("MUG", 1)]).wait_for_confirmed()).await;
        assert!(confirmed.state() >= OrderState::Confirmed, "{:?}", confirmed.state());
        let refused = world.place(basket([("MUG", 1)]).wait_for_confirmed()).await;
        assert_eq!(refused.state(), OrderState::OutOfStock);
        world.audit_is_clean().await;
    }
}
