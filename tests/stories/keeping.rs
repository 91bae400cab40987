//! What is kept over time: holds that run out, traces that outlive the process, and what no rule of retention may forget.

use ambient::Ambient;
use api::order::v1::{OrderState, Resolution};
use outrigger_tests::{Delivery, Ground, PRICE, Telling, World, basket, power_fails, refused, story};
use parking_lot::Mutex;
use std::{sync::Arc, time::Duration};
use tokio::{runtime::Runtime, sync::Notify};
use tonic::Code;

const DAY: Duration = Duration::from_secs(24 * 3_600);

story! {
    settings |config| { config.inventory.hold_for = Duration::from_millis(200); }
    /// The hold is over before inventory can be reached again: the goods are held once more, or lacking.
    async fn a_hold_shorter_than_an_outage_is_renewed_or_refused_by_the_commit(world: World) {
        for (sku, taken_meanwhile, state) in
            [("MUG", false, OrderState::Completed), ("JUG", true, OrderState::Refunded)]
        {
            world.stock([(sku, 1)]).await;
            world.wires().fare(|attempt| if attempt.method == "Commit" { Delivery::Lost } else { Delivery::Once });
            let token = format!("tok_{sku}");
            let order = world.place(basket([(sku, 1)]).transfer(&token).or_refund()).await;
            tokio::time::sleep(Duration::from_secs(1)).await;
            assert_eq!(world.level(sku).await.reserved, 0, "the hold is over");
            if taken_meanwhile {
                world.correct(sku, -1).await;
            }
            world.wires().heal();
            assert_eq!(world.settled(&order).await.state(), state);
            assert_eq!(world.taken_from(&token).await, if taken_meanwhile { 0 } else { PRICE });
            world.audit_is_clean().await;
        }
    }
}

/// Time leaps under a paused clock: what is old is forgotten meanwhile, and must not have been needed.
#[tokio::test(start_paused = true)]
async fn what_is_still_needed_is_not_forgotten_in_five_hundred_days() {
    let world = World::in_process().await;
    world.stock([("MUG", 5), ("RARE", 0)]).await;
    let sold = world.place(basket([("MUG", 3)]).card("tok_sold").key("sold")).await;
    world.settled(&sold).await;
    let refund = world.place(basket([("RARE", 1)]).transfer("tok_refund").or_hold()).await;
    let retry = world.place(basket([("RARE", 1)]).transfer("tok_retry").or_hold()).await;
    let held = world.place(basket([("RARE", 1)]).card("tok_held").or_hold()).await;
    for order in [&refund, &retry, &held] {
        assert_eq!(world.settled(order).await.state(), OrderState::NeedsAttention);
    }
    tokio::time::advance(500 * DAY).await;
    tokio::time::sleep(DAY / 8).await; // some rounds of forgetting
    let again = world.try_place(basket([("MUG", 3)]).card("tok_sold").key("sold")).await.unwrap();
    assert_eq!(again.into_inner().order.unwrap().order_id, sold.order_id, "keys of orders live for ever");
    let other = refused(world.try_place(basket([("MUG", 1)]).card("tok_sold").key("sold")).await);
    assert_eq!(other, (Code::AlreadyExists, "REQUEST_ID_REUSED".into()));
    assert_eq!(world.take_back(&sold, "r-1", "MUG", 1).await.unwrap(), PRICE);

    world.stock([("RARE", 1)]).await;
    world.resolve(&refund, Resolution::Refund).await.unwrap();
    world.resolve(&held, Resolution::Refund).await.unwrap();
    world.resolve(&retry, Resolution::Retry).await.unwrap();
    world.quiet().await;
    for (order, state, token, taken) in [
        (&sold, OrderState::Completed, "tok_sold", 2 * PRICE),
        (&refund, OrderState::Refunded, "tok_refund", 0),
        (&held, OrderState::OutOfStock, "tok_held", 0),
        (&retry, OrderState::Completed, "tok_retry", PRICE),
    ] {
        assert_eq!(world.order(&order.order_id).await.state(), state, "{token}");
        assert_eq!(world.taken_from(token).await, taken, "{token}");
    }
    assert_eq!(world.gateway().held_of("tok_held").await.unwrap().minor_units, 0);
    world.audit_is_clean().await;
}

const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";

/// Each method that was called, and the trace that its call belonged to.
type Seen = Arc<Mutex<Vec<(String, String)>>>;

fn noting(
    seen: &Seen,
    fate: Delivery,
    signal: Arc<Notify>,
) -> impl Fn(&outrigger_tests::Attempt<'_>) -> Delivery + use<> {
    let seen = seen.clone();
    move |attempt| {
        let saga = ["Authorise", "Reserve", "Commit", "Capture", "CreateShipment"].contains(&attempt.method);
        if !saga {
            return Delivery::Once;
        }
        let trace = attempt.trace.and_then(|trace| trace.split('-').nth(1)).unwrap_or_default();
        seen.lock().push((attempt.method.to_owned(), trace.to_owned()));
        signal.notify_one();
        fate
    }
}

fn an_order_stays_in_its_trace_after_a_crash(telling: Telling) {
    let Some(ground) = Ground::of(telling) else { return };
    let open = || World::on(&ground, telling.placement(), Ambient::system(), |_| {});
    let place = |world: World| async move {
        let order = fabric::trace::scope(
            format!("00-{TRACE}-00f067aa0ba902b7-01"),
            world.place(basket([("MUG", 1)]).key("traced")),
        );
        let order = order.await;
        (world, order)
    };
    let (seen, reached) = (Seen::default(), Arc::new(Notify::new()));
    let runtime = Runtime::new().unwrap();
    runtime.block_on(async {
        let world = open().await;
        world.stock([("MUG", 1)]).await;
        world.wires().fare(noting(&seen, Delivery::Hangs, reached.clone()));
        let _placed = place(world).await;
        reached.notified().await;
    });
    power_fails(runtime, &ground);
    Runtime::new().unwrap().block_on(async {
        let world = open().await;
        world.wires().fare(noting(&seen, Delivery::Once, reached.clone()));
        let order = world.place(basket([("MUG", 1)]).key("traced")).await;
        assert_eq!(world.settled(&order).await.state(), OrderState::Completed);
        world.stop().await;
    });
    let seen = seen.lock();
    assert!(seen.len() > 5, "before the crash and after it: {seen:?}");
    assert!(seen.iter().all(|(_, trace)| trace == TRACE), "{seen:?}");
}

#[test]
fn an_order_stays_in_its_trace_after_a_crash_in_process() {
    an_order_stays_in_its_trace_after_a_crash(Telling::InProcess);
}

#[test]
fn an_order_stays_in_its_trace_after_a_crash_on_postgres() {
    an_order_stays_in_its_trace_after_a_crash(Telling::OnPostgres);
}
