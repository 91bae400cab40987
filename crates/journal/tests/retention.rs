//! What the journal forgets, and what it must not.

#![allow(clippy::unwrap_used, reason = "tests")]

mod common;

use ambient::Ambient;
use common::{ambient, diary, event, had, open, publish, rows, subscribe};
use outrigger_journal::{
    Bus, Fingerprint, Key, Retention,
    barrier::{self, Step},
    once, outbox,
};
use std::time::Duration;
use store::{Data, Store};

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// Jumps, so that the rounds in between are not run one by one; then lets one round come.
async fn pass(time: Duration) {
    tokio::time::advance(time).await;
    tokio::time::sleep(Duration::from_secs(2 * 60 * 60)).await;
}

async fn count(store: &Store, sql: &'static str) -> i64 {
    rows(store, sql).await[0].try_get("", "n").unwrap()
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
    let ill = common::Diary(|_: &_| Err(outrigger_journal::Indigestible::Store(no())));
    subscribe(&bus, &reader, "orders", std::sync::Arc::new(ill)).await;
    pass(100 * DAY).await;
    assert_eq!(outbox::oldest(&orders).await.unwrap().unwrap().seq, 1);
}

fn no() -> sea_orm::DbErr {
    sea_orm::DbErr::Custom("no".to_owned())
}
