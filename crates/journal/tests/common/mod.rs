//! Publishers, and a consumer that writes down what it has had.
#![allow(dead_code, reason = "each test file uses its part")]
#![allow(clippy::unwrap_used, reason = "tests")]

use ambient::{Ambient, Timestamp};
use outrigger_journal::{Bus, Consumer, Event, Indigestible, Subscription, migrations, outbox};
use std::sync::Arc;
use store::{
    BoxFuture, Data, Store, Tx,
    sea_orm::{ConnectionTrait, DbErr, QueryResult, Statement, Value},
    sea_orm_migration::{MigrationName, MigrationTrait, SchemaManager},
};

pub const START: Timestamp = Timestamp::from_millis(1_700_000_000_000);

struct Had;

impl MigrationName for Had {
    fn name(&self) -> &str {
        "0001_had"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for Had {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let sql = "CREATE TABLE had (n INTEGER PRIMARY KEY AUTOINCREMENT, source TEXT, id TEXT, version BIGINT)";
        manager.get_connection().execute_unprepared(sql).await.map(drop)
    }
}

pub async fn open(data: &Data, service: &'static str) -> Store {
    let mut all = migrations();
    all.push(Box::new(Had));
    data.store(service, all).await.unwrap()
}

/// A place of each kind. The folder lives as long as the first of the pair.
pub fn places() -> Vec<(Option<tempfile::TempDir>, Data)> {
    let folder = tempfile::tempdir().unwrap();
    let data = Data::open(folder.path()).unwrap();
    vec![(Some(folder), data), (None, Data::memory())]
}

pub fn ambient() -> Ambient {
    Ambient::seeded(1, START)
}

pub fn event(ambient: &Ambient, key: &str, version: i64) -> Event {
    Event {
        id: ambient.id(),
        source: String::new(),
        kind: "test.Happened".to_owned(),
        key: key.to_owned(),
        version,
        payload: vec![1, 2, 3],
        at: ambient.now(),
        trace: None,
    }
}

pub async fn publish(store: &Store, events: Vec<Event>) {
    store.unit(events, |tx, events| Box::pin(outbox::append_all(tx, events))).await.unwrap();
}

/// Does what `nature` says, and writes down every event it digests.
pub struct Diary<F>(pub F);

impl<F> Consumer for Diary<F>
where
    F: Fn(&Event) -> Result<(), Indigestible> + Send + Sync + 'static,
{
    fn consume<'a>(&'a self, tx: &'a Tx, event: &'a Event) -> BoxFuture<'a, Result<(), Indigestible>> {
        Box::pin(async move {
            write_down(tx, event).await?;
            (self.0)(event)
        })
    }
}

pub async fn write_down(tx: &Tx, event: &Event) -> Result<(), DbErr> {
    let values: [Value; 3] = [event.source.clone().into(), event.id.clone().into(), event.version.into()];
    let sql = "INSERT INTO had (source, id, version) VALUES (?, ?, ?)";
    tx.execute_raw(Statement::from_sql_and_values(tx.get_database_backend(), sql, values)).await.map(drop)
}

pub fn diary() -> Arc<dyn Consumer> {
    Arc::new(Diary(|_: &Event| Ok(())))
}

pub async fn subscribe(bus: &Bus, store: &Store, source: &'static str, handler: Arc<dyn Consumer>) {
    let subscription = Subscription { consumer: store.name(), source, store: store.clone(), handler };
    bus.subscribe(subscription).await.unwrap();
}

pub async fn rows(store: &Store, sql: &'static str) -> Vec<QueryResult> {
    let rows = store.read((), |tx, ()| {
        Box::pin(async move { tx.query_all_raw(Statement::from_string(tx.get_database_backend(), sql)).await })
    });
    rows.await.unwrap()
}

/// What a consumer has had from `source`, in the order in which it had it.
pub async fn had(store: &Store, source: &str) -> Vec<i64> {
    let rows = rows(store, "SELECT source, version FROM had ORDER BY n").await;
    let of_source = rows.iter().filter(|row| row.try_get::<String>("", "source").unwrap() == source);
    of_source.map(|row| row.try_get("", "version").unwrap()).collect()
}
