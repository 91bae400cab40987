//! What the journal forgets, and what it must not.

#![allow(clippy::unwrap_used, reason = "tests")]

mod common;

use ambient::{Ambient, Timestamp};
use common::{Diary, Home, START, ambient, count, diary, event, had, open, places, publish, subscribe, until};
use outrigger_journal::{
    Bus, Event, Fingerprint, Indigestible, Key, Retention,
    barrier::{self, Step},
    once, outbox,
};
use std::{sync::Arc, time::Duration};
use store::{Data, Store};

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// Jumps, so that the rounds in between are not run one by one; then lets one round come.
async fn pass(time: Duration) {
    tokio::time::advance(time).await;
    tokio::time::sleep(Duration::from_secs(2 * 60 * 60)).await;
}

async fn guard(store: &Store, ambient: &Ambient, request: &str) {
    let args = (request.to_owned(), ambient.id(), ambient.now());
    let unit = store.unit(args, |tx, (request, saga, now)| {
        Box::pin(async move {
            let print = Fingerprint::new();
            once::claim(tx, &Key::new("edge", "A", request), &print, "x", *now).await?;
            once::claim_for_ever(tx, &Key::new("edge", "B", request), &print, "x").await?;
            barrier::forward(tx, &Step { saga: saga.clone(), step: "pay".to_owned(), attempt: 1 }, *now).await
        })
    });
    unit.await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn old_events_keys_and_steps_are_forgotten_and_young_ones_are_not() {
    let data = Data::memory();
    let (orders, reader) = (open(&data, "orders").await, open(&data, "reader").await);
    let ambient = ambient();
    let bus = Bus::remembering(ambient.clone(), Retention { steps: 60 * DAY, ..Retention::default() });
    bus.publisher("orders", orders.clone());
    subscribe(&bus, &reader, "orders", diary()).await;
    publish(&orders, (0..1_200).map(|n| event(&ambient, "o", n)).collect()).await;
    guard(&reader, &ambient, "old").await;
    pass(50 * DAY).await;
    publish(&orders, (1_200..1_210).map(|n| event(&ambient, "o", n)).collect()).await;
    guard(&reader, &ambient, "young").await;
    pass(20 * DAY).await;
    // Day 70: the old keys (30 days) and steps (60) are gone, events (90) are there.
    assert_eq!(count(&reader, "SELECT COUNT(*) AS n FROM once_key WHERE method = 'A'").await, 1);
    assert_eq!(count(&reader, "SELECT COUNT(*) AS n FROM once_key WHERE method = 'B'").await, 2);
    assert_eq!(count(&reader, "SELECT COUNT(*) AS n FROM barrier").await, 1);
    assert_eq!(outbox::oldest(&orders).await.unwrap().unwrap().seq, 1);
    pass(25 * DAY).await;
    // Day 95: so are the old events, and the note that they were had.
    assert_eq!(outbox::oldest(&orders).await.unwrap().unwrap().seq, 1_201);
    assert_eq!(count(&reader, "SELECT COUNT(*) AS n FROM inbox").await, 10);
    pass(100 * DAY).await;
    // The newest event stays, so that a look at the outbox still tells how many there were.
    assert_eq!(outbox::oldest(&orders).await.unwrap().unwrap().seq, 1_210);
    assert_eq!(count(&reader, "SELECT COUNT(*) AS n FROM once_key").await, 2);
    assert_eq!(had(&reader, "orders").await.len(), 1_210);
}

#[tokio::test(start_paused = true)]
async fn an_event_that_a_consumer_has_not_had_is_not_forgotten() {
    let data = Data::memory();
    let (orders, reader) = (open(&data, "orders").await, open(&data, "reader").await);
    let ambient = ambient();
    let bus = Bus::embedded(ambient.clone());
    publish(&orders, (0..10).map(|n| event(&ambient, "o", n)).collect()).await;
    bus.publisher("orders", orders.clone());
    let ill = Diary(|_: &_| Err(Indigestible::Store(no())));
    subscribe(&bus, &reader, "orders", Arc::new(ill)).await;
    pass(100 * DAY).await;
    assert_eq!(outbox::oldest(&orders).await.unwrap().unwrap().seq, 1);
}

fn no() -> sea_orm::DbErr {
    sea_orm::DbErr::Custom("no".to_owned())
}

/// Forgets all the time.
fn forgetful(ambient: &Ambient) -> Bus {
    Bus::remembering(ambient.clone(), Retention { every: Duration::from_millis(10), ..Retention::default() })
}

/// Of a time that need not be remembered.
fn long_ago() -> Ambient {
    Ambient::seeded(7, Timestamp::from_millis(START.as_millis() - 500 * DAY.as_millis() as i64))
}

async fn oldest(store: &Store) -> i64 {
    outbox::oldest(store).await.unwrap().map_or(0, |oldest| oldest.seq)
}

#[tokio::test(flavor = "multi_thread")]
async fn what_everybody_has_had_long_ago_is_forgotten_and_what_one_is_still_owed_is_not() {
    for Home { data, .. } in &places().await {
        let (orders, reader, ill) = (open(data, "orders").await, open(data, "reader").await, open(data, "ill").await);
        let (then, now) = (long_ago(), ambient());
        let bus = forgetful(&now);
        publish(&orders, (0..1_200).map(|n| event(&then, "o", n)).collect()).await;
        let healed = Arc::new(std::sync::atomic::AtomicBool::new(false));
        let (well, mut from) = (Arc::clone(&healed), 0);
        let nature = move |event: &Event| match event.version {
            600.. if !well.load(std::sync::atomic::Ordering::SeqCst) => Err(Indigestible::Store(no())),
            _ => Ok(()),
        };
        subscribe(&bus, &reader, "orders", diary()).await;
        subscribe(&bus, &ill, "orders", Arc::new(Diary(nature))).await;
        bus.publisher("orders", orders.clone());
        guard(&reader, &then, "old").await;
        guard(&reader, &now, "young").await;
        // Two full batches went down before the one that hurts.
        until("what both have had is gone", async || {
            let moved = oldest(&orders).await > from;
            from = oldest(&orders).await;
            from == 513 || !moved && from > 513
        })
        .await;
        assert_eq!(from, 513);
        healed.store(true, std::sync::atomic::Ordering::SeqCst);
        until("the newest stays, alone", async || oldest(&orders).await == 1_200).await;
        assert!(had(&ill, "orders").await.into_iter().eq(0..1_200), "nothing went before it was had");
        assert!(bus.pruned("ill").await.unwrap().is_some());
        until("old notes, keys and steps are gone", async || {
            count(&reader, "SELECT COUNT(*) AS n FROM inbox").await == 0
                && count(&reader, "SELECT COUNT(*) AS n FROM once_key WHERE method = 'A'").await == 1
                && count(&reader, "SELECT COUNT(*) AS n FROM barrier").await == 1
        })
        .await;
        assert_eq!(count(&reader, "SELECT COUNT(*) AS n FROM once_key WHERE method = 'B'").await, 2);
        bus.shutdown().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_rolled_back_is_not_taken_for_pruned() {
    for Home { data, .. } in &places().await {
        let (orders, reader) = (open(data, "orders").await, open(data, "reader").await);
        let ambient = ambient();
        let bus = Bus::embedded(ambient.clone());
        bus.publisher("orders", orders.clone());
        subscribe(&bus, &reader, "orders", diary()).await;
        let failing = orders.unit(event(&ambient, "o", 1), |tx, event| {
            Box::pin(async move { outbox::append(tx, event).await.and(Err::<(), _>(no())) })
        });
        assert!(failing.await.is_err());
        publish(&orders, vec![event(&ambient, "o", 2)]).await;
        bus.settled().await;
        assert_eq!(had(&reader, "orders").await, [2]);
        assert_eq!(bus.pruned("reader").await.unwrap(), None);
    }
}
