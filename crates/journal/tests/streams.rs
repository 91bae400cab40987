//! What the bus promises while many publish at the same time: every event is had once, in order within its key, whoever
//! comes, goes, begins anew or is killed meanwhile.

#![allow(clippy::unwrap_used, reason = "tests")]

mod common;

use ambient::Ambient;
use common::{
    Home, ambient, change, count, diary, event, lasting, linger, open, places, publish, rows, subscribe, until,
};
use outrigger_journal::{Bus, outbox};
use std::collections::BTreeMap;
use store::{
    BoxFuture, Data, Postgres, Store, StoreError, Tx,
    sea_orm::{ConnectionTrait, DbBackend, DbErr, QueryResult},
};
use tokio::{
    sync::watch,
    task::{JoinHandle, JoinSet},
};

const TASKS: usize = 8;
const KEYS: usize = 20;

/// Changes one of the things, or two of them, in the order of their keys, for they are locked. Some take their time.
async fn one_change(store: &Store, ambient: &Ambient, n: usize) -> Result<(), StoreError> {
    let key = |n: usize| format!("k{:02}", n % KEYS);
    let mut templates = vec![event(ambient, &key(n * 7), 0)];
    if n.is_multiple_of(3) {
        templates.push(event(ambient, &key(n * 7 + n % 5 + 1), 0));
        templates.sort_by(|a, b| a.key.cmp(&b.key));
    }
    let unit = store.unit((templates, n), |tx, (templates, n)| {
        Box::pin(async move {
            for template in templates {
                change(tx, template).await?;
            }
            if n.is_multiple_of(4) { linger(tx, 0.004).await } else { Ok(()) }
        })
    });
    unit.await
}

/// Many tasks that publish, until each has done `each` changes.
fn publishers(store: &Store, ambient: &Ambient, each: usize) -> JoinSet<()> {
    let mut tasks = JoinSet::new();
    for task in 0..TASKS {
        let (store, ambient) = (store.clone(), ambient.clone());
        tasks.spawn(async move {
            for n in 0..each {
                // While the database is away, and when it left without telling what became of the change, once more.
                while let Err(error) = one_change(&store, &ambient, task + n * TASKS).await {
                    assert!(matches!(error, StoreError::Unavailable(_) | StoreError::Unknown(_)), "{error}");
                }
            }
        });
    }
    tasks
}

/// That `reader` had every version of every thing of `source`, once and in order.
async fn assert_complete(source: &Store, reader: &Store) {
    let text = |row: &QueryResult| row.try_get::<String>("", "key").unwrap();
    let number = |row: &QueryResult| row.try_get::<i64>("", "version").unwrap();
    let things = rows(source, "SELECT key, version FROM thing").await;
    let things: BTreeMap<String, i64> = things.iter().map(|row| (text(row), number(row))).collect();
    let mut had: BTreeMap<String, Vec<i64>> = BTreeMap::new();
    for row in rows(reader, "SELECT key, version FROM had ORDER BY n").await {
        had.entry(text(&row)).or_default().push(number(&row));
    }
    for (key, version) in &things {
        let versions = had.remove(key).unwrap_or_default();
        assert!(versions.iter().copied().eq(1..=*version), "{key} is at {version}, but had were {versions:?}");
    }
    assert!(had.is_empty(), "of no thing: {had:?}");
}

async fn pair(data: &Data) -> (Store, Store) {
    (open(data, "orders").await, open(data, "reader").await)
}

#[tokio::test(flavor = "multi_thread")]
async fn eight_who_publish_twenty_things_are_followed_without_loss_and_in_order() {
    for Home { data, .. } in &places().await {
        let (orders, reader) = pair(data).await;
        let ambient = ambient();
        let bus = Bus::embedded(ambient.clone());
        bus.publisher("orders", orders.clone());
        subscribe(&bus, &reader, "orders", diary()).await;
        publishers(&orders, &ambient, 60).join_all().await;
        bus.settled().await;
        assert_complete(&orders, &reader).await;
        bus.shutdown().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn who_subscribes_in_the_middle_has_everything_and_again_changes_nothing() {
    for Home { data, .. } in &places().await {
        let (orders, reader) = pair(data).await;
        let late = [open(data, "late0").await, open(data, "late1").await, open(data, "late2").await];
        let ambient = ambient();
        let bus = Bus::embedded(ambient.clone());
        bus.publisher("orders", orders.clone());
        subscribe(&bus, &reader, "orders", diary()).await;
        let tasks = publishers(&orders, &ambient, 40);
        for (n, store) in (1..).zip(&late) {
            until("some were published", async || count(&reader, "SELECT COUNT(*) AS n FROM had").await > n * 60).await;
            subscribe(&bus, store, "orders", diary()).await;
        }
        tasks.join_all().await;
        bus.settled().await;
        bus.shutdown().await;
        // Another life of the bus.
        let bus = Bus::embedded(ambient.clone());
        for store in [&reader].into_iter().chain(&late) {
            subscribe(&bus, store, "orders", diary()).await;
        }
        bus.publisher("orders", orders.clone());
        publishers(&orders, &ambient, 3).join_all().await;
        bus.settled().await;
        for store in [&reader].into_iter().chain(&late) {
            assert_complete(&orders, store).await;
        }
        bus.shutdown().await;
    }
}

fn forget_all(tx: &Tx) -> BoxFuture<'_, Result<(), DbErr>> {
    Box::pin(async move { tx.execute_unprepared("DELETE FROM had").await.map(drop) })
}

#[tokio::test(flavor = "multi_thread")]
async fn who_begins_anew_in_the_middle_has_everything_once_more() {
    for Home { data, .. } in &places().await {
        let (orders, reader) = pair(data).await;
        let ambient = ambient();
        let bus = Bus::embedded(ambient.clone());
        bus.publisher("orders", orders.clone());
        subscribe(&bus, &reader, "orders", diary()).await;
        let tasks = publishers(&orders, &ambient, 60);
        for _ in 0..6 {
            until("some were had", async || count(&reader, "SELECT COUNT(*) AS n FROM had").await > 30).await;
            bus.rewind(&reader, "reader", forget_all).await.unwrap();
        }
        tasks.join_all().await;
        bus.settled().await;
        assert_complete(&orders, &reader).await;
        bus.shutdown().await;
    }
}

/// One life of the system, killed in the middle: its runtime is dropped with everything that runs on it.
fn live_and_be_killed(place: &Home, life: u64) {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    runtime.block_on(async {
        let (orders, reader) = pair(&place.data).await;
        let ambient = Ambient::seeded(life, common::START);
        let bus = Bus::embedded(ambient.clone());
        bus.publisher("orders", orders.clone());
        subscribe(&bus, &reader, "orders", diary()).await;
        let before = count(&reader, "SELECT COUNT(*) AS n FROM had").await;
        let _tasks = publishers(&orders, &ambient, 1_000);
        until("some were had", async || count(&reader, "SELECT COUNT(*) AS n FROM had").await > before + 40).await;
    });
    runtime.shutdown_background();
}

#[test]
fn killed_in_the_middle_again_and_again_nothing_is_lost_or_had_twice() {
    let around = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    for mut place in around.block_on(lasting()) {
        for life in 1..=5 {
            live_and_be_killed(&place, life);
            place = around.block_on(place.again());
        }
        around.block_on(async {
            let (orders, reader) = pair(&place.data).await;
            let ambient = Ambient::seeded(9, common::START);
            let bus = Bus::embedded(ambient.clone());
            bus.publisher("orders", orders.clone());
            subscribe(&bus, &reader, "orders", diary()).await;
            publishers(&orders, &ambient, 2).join_all().await;
            bus.settled().await;
            assert_complete(&orders, &reader).await;
            bus.shutdown().await;
        });
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_killed_again_and_again_under_load_loses_nothing_and_delivers_nothing_twice() {
    let test = "a_database_killed_again_and_again_under_load_loses_nothing_and_delivers_nothing_twice";
    let Some(server) = servers::Postgres::start(test) else { return };
    let database = server.database();
    let data = Data::postgres(Postgres { connections: 4, ..Postgres::new(database.url()) }).await.unwrap();
    let (orders, reader) = pair(&data).await;
    let ambient = ambient();
    let bus = Bus::embedded(ambient.clone());
    bus.publisher("orders", orders.clone());
    subscribe(&bus, &reader, "orders", diary()).await;
    let tasks = publishers(&orders, &ambient, 100);
    for n in 1..=4 {
        until("some were had", async || count(&reader, "SELECT COUNT(*) AS n FROM had").await > n * 50).await;
        tokio::task::block_in_place(|| {
            server.kill();
            server.revive();
        });
    }
    tasks.join_all().await;
    bus.settled().await;
    assert_complete(&orders, &reader).await;
    bus.shutdown().await;
}

/// Only where units run side by side can one be late.
async fn side_by_side() -> Vec<Home> {
    let mut found = Vec::new();
    for place in lasting().await {
        let store = open(&place.data, "probe").await;
        let backend = store.read((), |tx, ()| Box::pin(async move { Ok(tx.get_database_backend()) })).await.unwrap();
        store.close().await;
        if backend == DbBackend::Postgres {
            found.push(place);
        }
    }
    found
}

/// Begins a unit that does `work` and then stays open for a while; returns when the work is done.
async fn stays_open<A, F>(store: &Store, args: A, seconds: f64, work: F) -> JoinHandle<Result<(), StoreError>>
where
    A: Send + Sync + 'static,
    F: for<'a> Fn(&'a Tx, &'a A) -> BoxFuture<'a, Result<(), DbErr>> + Send + Sync + 'static,
{
    let (done, mut at_work) = watch::channel(false);
    let store = store.clone();
    let unit = tokio::spawn(async move {
        let unit = store.unit((args, work, done), move |tx, (args, work, done)| {
            Box::pin(async move {
                work(tx, args).await?;
                done.send_replace(true);
                linger(tx, seconds).await
            })
        });
        unit.await
    });
    at_work.wait_for(|done| *done).await.unwrap();
    unit
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_committed_late_is_had_late_and_nothing_is_settled_before() {
    for Home { data, .. } in &side_by_side().await {
        let (orders, reader) = pair(data).await;
        let ambient = ambient();
        let bus = Bus::embedded(ambient.clone());
        bus.publisher("orders", orders.clone());
        subscribe(&bus, &reader, "orders", diary()).await;
        bus.settled().await;
        let event_of_a = event(&ambient, "a", 1);
        let late = stays_open(&orders, event_of_a, 1.0, |tx, event| Box::pin(outbox::append(tx, event))).await;
        publish(&orders, vec![event(&ambient, "b", 2), event(&ambient, "b", 3)]).await;
        bus.settled().await;
        assert_eq!(common::had(&reader, "orders").await, [2, 3]);
        late.await.unwrap().unwrap();
        bus.settled().await;
        assert_eq!(common::had(&reader, "orders").await, [2, 3, 1]);
        bus.shutdown().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_turn_that_another_unit_has_is_asked_for_again_and_its_order_kept() {
    for Home { data, .. } in &side_by_side().await {
        let (orders, reader) = pair(data).await;
        let ambient = ambient();
        let bus = Bus::embedded(ambient.clone());
        bus.publisher("orders", orders.clone());
        subscribe(&bus, &reader, "orders", diary()).await;
        bus.settled().await;
        let hold = stays_open(&reader, "SELECT 1 FROM cursor FOR UPDATE", 0.5, |tx, sql| {
            Box::pin(async move { tx.execute_unprepared(sql).await.map(drop) })
        });
        let hold = hold.await;
        publish(&orders, (0..300).map(|n| event(&ambient, "a", n)).collect()).await;
        bus.settled().await;
        assert!(hold.is_finished(), "nothing is taken while another has the turn");
        assert_eq!(common::had(&reader, "orders").await, (0..300).collect::<Vec<_>>());
        bus.shutdown().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_published_while_a_consumer_is_being_emptied_is_had_afterwards() {
    for Home { data, .. } in &places().await {
        let (orders, reader) = pair(data).await;
        let ambient = ambient();
        let bus = Bus::embedded(ambient.clone());
        bus.publisher("orders", orders.clone());
        subscribe(&bus, &reader, "orders", diary()).await;
        publish(&orders, (0..10).map(|n| event(&ambient, "a", n)).collect()).await;
        bus.settled().await;
        let (emptying, mut begun) = watch::channel(false);
        let rewinding = tokio::spawn({
            let (bus, reader) = (bus.clone(), reader.clone());
            async move {
                let clear = bus.rewind(&reader, "reader", move |tx| {
                    emptying.send_replace(true);
                    Box::pin(async move {
                        linger(tx, 0.5).await?;
                        forget_all(tx).await
                    })
                });
                clear.await.unwrap();
            }
        });
        begun.wait_for(|begun| *begun).await.unwrap();
        publish(&orders, (10..20).map(|n| event(&ambient, "a", n)).collect()).await;
        rewinding.await.unwrap();
        bus.settled().await;
        assert_eq!(common::had(&reader, "orders").await, (0..20).collect::<Vec<_>>());
        bus.shutdown().await;
    }
}
