//! Calls that are lost, answered by nobody, delivered twice, late and out of order: every action and every undo.

use api::order::v1::{OrderState, Resolution};
use outrigger_tests::{Attempt, Delivery, PRICE, World, basket, story};
use parking_lot::Mutex;
use std::{collections::HashMap, time::Duration};

/// What the saga calls, forward and back.
const ACTIONS: [&str; 8] = ["Authorise", "Charge", "Reserve", "Commit", "Capture", "CreateShipment", "Void", "Release"];

/// One order of each fate, all at once, and the audit.
async fn every_order_ends_right(world: &World) {
    world.stock([("MUG", 3), ("RARE", 1)]).await;
    let card = world.place(basket([("MUG", 1)]).card("tok_card")).await;
    let transfer = world.place(basket([("MUG", 2)]).transfer("tok_transfer")).await;
    let declined = world.place(basket([("RARE", 1)]).card("tok_declined")).await;
    let held = world.place(basket([("RARE", 2)]).card("tok_held").or_refund()).await;
    let charged = world.place(basket([("RARE", 2)]).transfer("tok_charged").or_refund()).await;
    for (order, state) in [
        (card, OrderState::Completed),
        (transfer, OrderState::Completed),
        (declined, OrderState::Declined),
        (held, OrderState::OutOfStock),
        (charged, OrderState::Refunded),
    ] {
        let order = world.settled(&order).await;
        assert_eq!(order.state(), state, "{} {}", order.cause, order.reason);
    }
    // Whatever is still on its way arrives before the books are read.
    tokio::time::sleep(Duration::from_secs(2)).await;
    assert_eq!(world.taken_from("tok_card").await, PRICE);
    assert_eq!(world.taken_from("tok_transfer").await, 2 * PRICE);
    for token in ["tok_declined", "tok_held", "tok_charged"] {
        assert_eq!(world.taken_from(token).await, 0, "{token}");
    }
    world.audit_is_clean().await;
}

/// The first `count` attempts of each method and callee fare so; the others arrive.
fn first(count: u32, fate: Delivery) -> impl Fn(&Attempt<'_>) -> Delivery + Send + Sync + 'static {
    let seen = Mutex::new(HashMap::<String, u32>::new());
    move |attempt| {
        let mut seen = seen.lock();
        let times = seen.entry(attempt.method.to_owned()).or_default();
        *times += 1;
        if *times <= count && ACTIONS.contains(&attempt.method) { fate } else { Delivery::Once }
    }
}

story! {
    async fn every_call_lost_a_few_times(world: World) {
        world.wires().fare(first(4, Delivery::Lost));
        every_order_ends_right(&world).await;
    }
}

story! {
    async fn every_answer_lost_a_few_times(world: World) {
        world.wires().fare(first(4, Delivery::AnswerLost));
        every_order_ends_right(&world).await;
    }
}

story! {
    async fn every_call_delivered_twice_at_once(world: World) {
        world.wires().fare(|_| Delivery::Twice);
        every_order_ends_right(&world).await;
    }
}

story! {
    async fn every_call_delivered_again_a_little_later(world: World) {
        world.wires().fare(|_| Delivery::AgainAfter(Duration::from_millis(60)));
        every_order_ends_right(&world).await;
    }
}

story! {
    /// A copy of each action arrives after the order was undone or delivered.
    async fn every_call_delivered_again_when_all_is_over(world: World) {
        world.wires().fare(|_| Delivery::AgainAfter(Duration::from_millis(1_500)));
        every_order_ends_right(&world).await;
    }
}

story! {
    /// What the caller took for lost arrives after its repetition, or after its undo.
    async fn every_call_overtaken_by_its_repetition(world: World) {
        world.wires().fare(first(3, Delivery::LateBy(Duration::from_millis(700))));
        every_order_ends_right(&world).await;
    }
}

/// How calls fare, one fate after the other: for what is undone or comes back after the goods were promised.
fn fates() -> [(&'static str, Fate); 5] {
    let late = Duration::from_millis(700);
    [
        ("lost", Box::new(first(4, Delivery::Lost))),
        ("answer lost", Box::new(first(4, Delivery::AnswerLost))),
        ("twice", Box::new(|_: &Attempt<'_>| Delivery::Twice)),
        ("again later", Box::new(move |_: &Attempt<'_>| Delivery::AgainAfter(late))),
        ("overtaken", Box::new(first(3, Delivery::LateBy(late)))),
    ]
}

type Fate = Box<dyn Fn(&Attempt<'_>) -> Delivery + Send + Sync>;

story! {
    settings |config| { config.shipping.dispatch_after = Duration::from_secs(20); }
    async fn a_parcel_is_called_back_once_however_its_cancellation_fares(world: World) {
        world.stock([("MUG", 9)]).await;
        for (number, (fate, fares)) in fates().into_iter().enumerate() {
            let token = format!("tok_back_{number}");
            world.wires().heal();
            let order = world.place(basket([("MUG", 1)]).card(&token).wait_for_confirmed()).await;
            world.wires().fare(fares);
            world.cancel(&order).await.unwrap();
            assert_eq!(world.settled(&order).await.state(), OrderState::Refunded, "{fate}");
            tokio::time::sleep(Duration::from_secs(1)).await;
            assert_eq!(world.taken_from(&token).await, 0, "{fate}");
            assert_eq!(world.level("MUG").await.on_hand, 9, "{fate}");
        }
        world.audit_is_clean().await;
    }
}

story! {
    async fn what_comes_back_is_refunded_and_restocked_once_however_that_fares(world: World) {
        world.stock([("MUG", 20)]).await;
        for (number, (fate, fares)) in fates().into_iter().enumerate() {
            let token = format!("tok_return_{number}");
            world.wires().heal();
            let order = world.place(basket([("MUG", 3)]).transfer(&token)).await;
            assert_eq!(world.settled(&order).await.state(), OrderState::Completed, "{fate}");
            world.quiet().await;
            let before = world.level("MUG").await.on_hand;
            world.wires().fare(fares);
            world.take_back(&order, &format!("return-{number}"), "MUG", 2).await.unwrap();
            world.quiet().await;
            tokio::time::sleep(Duration::from_secs(1)).await;
            assert_eq!(world.taken_from(&token).await, PRICE, "{fate}");
            assert_eq!(world.level("MUG").await.on_hand, before + 2, "{fate}");
        }
        world.audit_is_clean().await;
    }
}

story! {
    async fn a_service_that_is_down_for_a_while_only_delays(world: World) {
        for service in ["payments", "inventory", "shipping"] {
            world.stock([("MUG", 1)]).await;
            world.wires().fare(move |attempt| {
                // The catalogue is asked while the customer waits; everything after that is the saga's.
                let saga = attempt.callee == service && attempt.method != "GetCatalogue";
                if saga { Delivery::Lost } else { Delivery::Once }
            });
            let order = world.place(basket([("MUG", 1)])).await;
            tokio::time::sleep(Duration::from_secs(1)).await;
            assert!(world.order(&order.order_id).await.state() < OrderState::Shipped, "{service} is down");
            world.wires().heal();
            assert_eq!(world.settled(&order).await.state(), OrderState::Completed, "{service}");
        }
        world.audit_is_clean().await;
    }
}

story! {
    settings |config| {
        config.orders.unknown_patience = Duration::from_millis(500);
        config.orders.ship_patience = Duration::from_millis(500);
    }
    async fn a_step_that_never_gets_through_ends_with_a_person_who_has_it_tried_again(world: World) {
        world.stock([("MUG", 9)]).await;
        for (number, step) in ["Authorise", "Reserve", "Commit", "Capture", "CreateShipment"].into_iter().enumerate() {
            let token = format!("tok_step_{number}");
            world.wires().fare(move |attempt| if attempt.method == step { Delivery::Lost } else { Delivery::Once });
            let order = world.place(basket([("MUG", 1)]).card(&token)).await;
            let parked = world.settled(&order).await;
            assert_eq!(parked.state(), OrderState::NeedsAttention, "{step}");
            assert!(!parked.cause.is_empty() && !parked.reason.is_empty(), "{step} says why: {parked:?}");
            world.wires().heal();
            // Again and again: the breaker may still be open when the network has healed.
            while world.order(&order.order_id).await.state() == OrderState::NeedsAttention {
                world.resolve(&order, Resolution::Retry).await.unwrap();
                tokio::time::sleep(Duration::from_millis(900)).await;
            }
            let last = world.watch(&order.order_id, |_| false).await.pop().unwrap();
            assert_eq!(last.state(), OrderState::Completed, "{step}");
            assert_eq!(world.taken_from(&token).await, PRICE, "{step}");
        }
        world.audit_is_clean().await;
    }
}

story! {
    settings |config| { config.orders.unknown_patience = Duration::from_millis(500); }
    async fn an_undo_that_never_gets_through_ends_with_a_person_too(world: World) {
        world.stock([("MUG", 1)]).await;
        for (undo, token) in [("Void", "tok_void"), ("Release", "tok_release")] {
            world.wires().fare(move |attempt| if attempt.method == undo { Delivery::Lost } else { Delivery::Once });
            let order = world.place(basket([("MUG", 2)]).transfer(token).or_refund()).await;
            tokio::time::sleep(Duration::from_secs(2)).await;
            let state = world.order(&order.order_id).await.state();
            assert!([OrderState::Refunding, OrderState::NeedsAttention].contains(&state), "{undo}: {state:?}");
            world.wires().heal();
            if state == OrderState::NeedsAttention {
                world.resolve(&order, Resolution::Refund).await.unwrap();
            }
            let last = world.watch(&order.order_id, |_| false).await.pop().unwrap();
            assert_eq!(last.state(), OrderState::Refunded, "{undo}");
            assert_eq!(world.taken_from(token).await, 0, "{undo}");
        }
        world.audit_is_clean().await;
    }
}
