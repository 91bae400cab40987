//! The power fails at any moment: before each call of a saga, and after its effect but before its answer. Each attempt
//! is logged before its call, so this is after every record of the log. The next start carries on.

use ambient::Ambient;
use api::order::v1::{Order, OrderState};
use outrigger_tests::{Delivery, Ground, PRICE, Telling, World, basket, power_fails};
use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering::Relaxed},
    },
    time::Duration,
};
use tokio::{runtime::Runtime, sync::Notify};

/// Before the effect, or after it.
const MOMENTS: [Delivery; 2] = [Delivery::Hangs, Delivery::AnswerHangs];

async fn open(telling: Telling, ground: &Ground) -> World {
    World::on(ground, telling.placement(), Ambient::system(), |config| {
        config.shipping.dispatch_after = Duration::from_millis(5);
        config.shipping.deliver_after = Duration::from_millis(5);
    })
    .await
}

/// Places one order of each kind; a key makes placing them again harmless.
async fn place_all(world: &World) -> Vec<Order> {
    let mut orders = Vec::new();
    for (key, basket) in [
        ("card", basket([("MUG", 1)]).card("tok_card")),
        ("transfer", basket([("MUG", 1)]).transfer("tok_transfer")),
        ("refund", basket([("RARE", 2)]).transfer("tok_refund").or_refund()),
    ] {
        orders.push(world.place(basket.key(key)).await);
    }
    orders
}

async fn all_end_right(world: &World) {
    let states = [OrderState::Completed, OrderState::Completed, OrderState::Refunded];
    for (order, state) in place_all(world).await.iter().zip(states) {
        assert_eq!(world.settled(order).await.state(), state);
    }
    assert_eq!(world.taken_from("tok_card").await, PRICE);
    assert_eq!(world.taken_from("tok_transfer").await, PRICE);
    assert_eq!(world.taken_from("tok_refund").await, 0);
    world.audit_is_clean().await;
}

/// How many calls an undisturbed run makes.
fn calls(telling: Telling, ground: &Ground) -> u64 {
    Runtime::new().unwrap().block_on(async {
        let world = open(telling, ground).await;
        world.stock([("MUG", 10), ("RARE", 1)]).await;
        let before = world.wires().attempts();
        all_end_right(&world).await;
        let calls = world.wires().attempts() - before;
        world.stop().await;
        calls
    })
}

/// Everything that runs is gone at the `at`th call, as if the power had failed.
fn crash_at(telling: Telling, ground: &Ground, at: u64, moment: Delivery) {
    let runtime = Runtime::new().unwrap();
    runtime.block_on(async {
        let world = open(telling, ground).await;
        world.stock([("MUG", 10), ("RARE", 1)]).await;
        let start = world.wires().attempts();
        let reached = Arc::new(Notify::new());
        let signal = reached.clone();
        world.wires().fare(move |attempt| {
            if attempt.number < start + at {
                return Delivery::Once;
            }
            signal.notify_one();
            moment
        });
        let placing = async {
            let orders = place_all(&world).await;
            futures::future::join_all(orders.iter().map(|order| world.settled(order))).await;
        };
        tokio::select! {
            () = reached.notified() => tokio::time::sleep(Duration::from_millis(20)).await,
            () = placing => {}
        }
    });
    power_fails(runtime, ground);
}

/// Crashes that are tried at the same time: most of each is waiting.
const AT_ONCE: usize = 3;

fn survives_a_crash_at_every_call(telling: Telling) {
    let Some(undisturbed) = Ground::of(telling) else { return };
    let calls = calls(telling, &undisturbed);
    assert!(calls >= 14, "three orders make at least fourteen calls, not {calls}");
    let mut crashes: Vec<_> = (1..=calls).flat_map(|at| MOMENTS.map(|moment| (at, moment))).collect();
    if telling == Telling::OnPostgres {
        // A start takes a second there: at each call one of the two, by turns.
        crashes.retain(|(at, moment)| *moment == MOMENTS[usize::from(at % 2 == 0)]);
    }
    let next = AtomicUsize::new(0);
    std::thread::scope(|threads| {
        for _ in 0..AT_ONCE {
            threads.spawn(|| {
                while let Some(&(at, moment)) = crashes.get(next.fetch_add(1, Relaxed)) {
                    survives_a_crash(telling, at, moment);
                }
            });
        }
    });
}

fn survives_a_crash(telling: Telling, at: u64, moment: Delivery) {
    let ground = Ground::of(telling).expect("there was ground a moment ago");
    crash_at(telling, &ground, at, moment);
    Runtime::new().unwrap().block_on(async {
        let world = open(telling, &ground).await;
        all_end_right(&world).await;
        world.stop().await;
    });
}

#[test]
fn a_crash_after_every_log_record_is_survived_in_process() {
    survives_a_crash_at_every_call(Telling::InProcess);
}

#[test]
fn a_crash_after_every_log_record_is_survived_over_tcp() {
    survives_a_crash_at_every_call(Telling::OverTcp);
}

#[test]
fn a_crash_after_every_log_record_is_survived_on_postgres() {
    survives_a_crash_at_every_call(Telling::OnPostgres);
}
