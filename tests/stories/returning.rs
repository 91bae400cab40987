//! Goods that come back.

use api::order::v1::OrderState;
use futures::future::join_all;
use outrigger_tests::{PRICE, World, basket, reason, refused, story};
use std::time::Duration;
use tonic::Code;

story! {
    async fn a_part_comes_back_and_its_price_is_refunded(world: World) {
        world.stock([("MUG", 5), ("JUG", 5)]).await;
        let order = world.place(basket([("MUG", 3), ("JUG", 1)]).transfer("tok_return")).await;
        world.settled(&order).await;
        assert_eq!(world.take_back(&order, "r-1", "MUG", 2).await.unwrap(), 2 * PRICE);
        world.quiet().await;
        let order = world.order(&order.order_id).await;
        assert_eq!(order.state(), OrderState::Completed);
        assert_eq!(order.returned_total.as_ref().unwrap().minor_units, 2 * PRICE);
        assert_eq!(world.taken_from("tok_return").await, 2 * PRICE);
        let level = world.level("MUG").await;
        assert_eq!((level.on_hand, level.shipped, level.returned), (4, 3, 2));
        world.audit_is_clean().await;
    }
}

story! {
    async fn the_same_return_again_is_one_return(world: World) {
        world.stock([("MUG", 5)]).await;
        let order = world.place(basket([("MUG", 3)]).transfer("tok_return")).await;
        world.settled(&order).await;
        for _ in 0..3 {
            assert_eq!(world.take_back(&order, "r-1", "MUG", 1).await.unwrap(), PRICE);
        }
        world.quiet().await;
        assert_eq!(world.taken_from("tok_return").await, 2 * PRICE);
        world.audit_is_clean().await;
    }
}

story! {
    async fn no_more_comes_back_than_went_out_whoever_races(world: World) {
        world.stock([("MUG", 5)]).await;
        let order = world.place(basket([("MUG", 3)]).transfer("tok_return")).await;
        world.settled(&order).await;
        let keys: Vec<String> = (0..8).map(|n| format!("r-{n}")).collect();
        let answers = join_all(keys.iter().map(|key| world.take_back(&order, key, "MUG", 1))).await;
        assert_eq!(answers.iter().filter(|answer| answer.is_ok()).count(), 3);
        for answer in answers.into_iter().filter(Result::is_err) {
            assert_eq!(refused(answer), (Code::OutOfRange, "TOO_MANY_RETURNED".into()));
        }
        world.quiet().await;
        assert_eq!(world.taken_from("tok_return").await, 0);
        assert_eq!(world.level("MUG").await.on_hand, 5);
        world.audit_is_clean().await;
    }
}

story! {
    async fn what_did_not_ship_does_not_come_back(world: World) {
        world.stock([("MUG", 0)]).await;
        let order = world.place(basket([("MUG", 1)]).transfer("tok_none").or_hold()).await;
        world.settled(&order).await;
        let answer = refused(world.take_back(&order, "r-1", "MUG", 1).await);
        assert_eq!(answer, (Code::FailedPrecondition, "NOT_RETURNABLE".into()));
        world.audit_is_clean().await;
    }
}

story! {
    /// At every moment around the carrier's coming: an order is either cancelled or sent, never both.
    async fn a_return_and_a_cancellation_never_both_succeed(world: World) {
        world.stock([("MUG", 100)]).await;
        let races = (0..30_u64).map(|number| {
            let world = &world;
            async move {
                let order = world.place(basket([("MUG", 2)]).card(&format!("tok_race_{number}"))).await;
                world.reaches(&order, OrderState::Confirmed).await;
                tokio::time::sleep(Duration::from_millis(170 + number * 2)).await;
                let key = format!("r-{number}");
                let give_back = async {
                    loop {
                        match world.take_back(&order, &key, "MUG", 1).await {
                            Err(status) if reason(&status) == "NOT_RETURNABLE" => {
                                if world.settled(&order).await.state() != OrderState::Completed {
                                    return Err(status);
                                }
                            }
                            answer => return answer,
                        }
                    }
                };
                let (cancelled, returned) = tokio::join!(world.cancel(&order), give_back);
                (number, order, cancelled.is_ok(), returned.is_ok())
            }
        });
        for (number, order, cancelled, returned) in join_all(races).await {
            assert_ne!(cancelled, returned, "order {number}");
            world.quiet().await;
            let order = world.order(&order.order_id).await;
            let (state, left) = if cancelled { (OrderState::Refunded, 0) } else { (OrderState::Completed, PRICE) };
            assert_eq!(order.state(), state);
            assert_eq!(world.taken_from(&format!("tok_race_{number}")).await, left);
        }
        world.audit_is_clean().await;
    }
}
