//! PostgreSQL killed under load, with a server of the test's own: nothing that was acknowledged is lost, nothing is done
//! twice, and errors come of its absence alone.

#![allow(clippy::unwrap_used, reason = "tests")]

mod common;

use common::{add, count, insert, open};
use outrigger_store::{Data, OpenError, Postgres, Store, StoreError};
use parking_lot::Mutex;
use std::{
    collections::BTreeSet,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU32, Ordering::SeqCst},
    },
    time::Duration,
};
use tokio::{task::JoinSet, time::Instant};

/// What the workers were told.
#[derive(Default)]
struct Told {
    acknowledged: Mutex<BTreeSet<String>>,
    unknown: Mutex<BTreeSet<String>>,
    unavailable: AtomicU32,
    other: Mutex<Vec<StoreError>>,
    stop: AtomicBool,
}

/// Adds one counter after the other. Rows have no key of the worker's: only the store can keep them from coming twice.
async fn work(store: Store, worker: u32, told: Arc<Told>) {
    for n in 0.. {
        if told.stop.load(SeqCst) {
            return;
        }
        let name = format!("{worker}-{n}");
        let sql = "INSERT INTO deed VALUES ($1)";
        let unit = store.unit(name.clone(), move |tx, name| Box::pin(common::exec(tx, sql, vec![name.clone().into()])));
        match unit.await {
            Ok(_) => _ = told.acknowledged.lock().insert(name),
            Err(StoreError::Unknown(_)) => _ = told.unknown.lock().insert(name),
            Err(StoreError::Unavailable(_)) => _ = told.unavailable.fetch_add(1, SeqCst),
            Err(other) => told.other.lock().push(other),
        }
    }
}

fn deeds() -> Vec<Box<dyn outrigger_store::sea_orm_migration::MigrationTrait>> {
    vec![common::script("0001_deeds", "CREATE TABLE deed (name TEXT NOT NULL)")]
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_killed_under_load_loses_nothing_and_does_nothing_twice() {
    let Some(server) = servers::Postgres::start("a_server_killed_under_load_loses_nothing_and_does_nothing_twice")
    else {
        return;
    };
    let database = server.database();
    let data = Data::postgres(Postgres::new(database.url())).await.unwrap();
    let store = data.store("test", deeds()).await.unwrap();
    let told = Arc::new(Told::default());
    let mut workers = JoinSet::new();
    for worker in 0..32 {
        workers.spawn(work(store.clone(), worker, Arc::clone(&told)));
    }
    for round in 0..4 {
        let before = told.acknowledged.lock().len();
        until(|| told.acknowledged.lock().len() > before + 200 + 37 * round).await;
        tokio::task::block_in_place(|| {
            server.kill();
            server.revive();
        });
    }
    let before = told.acknowledged.lock().len();
    until(|| told.acknowledged.lock().len() > before + 200).await;
    told.stop.store(true, SeqCst);
    workers.join_all().await;

    let told = Arc::try_unwrap(told).ok().unwrap();
    let found = database.tell(&["SELECT name FROM test.deed"]).unwrap();
    let found: Vec<&str> = found.lines().collect();
    let once: BTreeSet<String> = found.iter().map(|name| (*name).to_owned()).collect();
    assert_eq!(found.len(), once.len(), "something was done twice");
    let acknowledged = told.acknowledged.into_inner();
    let lost: Vec<_> = acknowledged.difference(&once).collect();
    assert!(lost.is_empty(), "acknowledged and gone: {lost:?}");
    let unknown = told.unknown.into_inner();
    let denied: Vec<_> = once.difference(&acknowledged).filter(|name| !unknown.contains(*name)).collect();
    assert!(denied.is_empty(), "kept, and called unavailable: {denied:?}");
    assert!(told.other.lock().is_empty(), "{:?}", told.other.lock());
}

async fn until(holds: impl Fn() -> bool) {
    let begun = Instant::now();
    while !holds() {
        assert!(begun.elapsed() < Duration::from_secs(60), "nothing goes on");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_is_down_is_said_to_be_and_used_again_when_it_is_back() {
    let test = "a_server_that_is_down_is_said_to_be_and_used_again_when_it_is_back";
    let Some(server) = servers::Postgres::start(test) else { return };
    let database = server.database();
    let data = Data::postgres(Postgres::new(database.url())).await.unwrap();
    let store = open(&data).await;
    add(&store, "before").await.unwrap();
    assert!(data.is_reachable());
    tokio::task::block_in_place(|| server.kill());
    let begun = Instant::now();
    let gone = store.unit((), |tx, ()| Box::pin(insert(tx, "meanwhile"))).await;
    assert!(matches!(&gone, Err(StoreError::Unavailable(_))), "{gone:?}");
    assert!(begun.elapsed() < Duration::from_secs(10));
    let gone = gone.unwrap_err();
    assert!(gone.is_unavailable() && gone.retry_after().is_some());
    let unreachable = Data::postgres(Postgres::new(database.url())).await.unwrap_err();
    assert!(matches!(&unreachable, OpenError::Unreachable { .. }), "{unreachable}");
    assert!(unreachable.is_temporary());

    assert!(!data.is_reachable());
    tokio::task::block_in_place(|| server.revive());
    add(&store, "after").await.unwrap();
    assert!(data.is_reachable());
    assert_eq!(count(&store).await, 2);
}
