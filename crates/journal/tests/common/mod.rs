//! Publishers, and a consumer that writes down what it has had.
#![allow(dead_code, unused_imports, reason = "each test file uses its part")]
#![allow(clippy::unwrap_used, reason = "tests")]

mod homes;

pub use homes::{Home, lasting, places};

use ambient::{Ambient, Timestamp};
use outrigger_journal::{Bus, Consumer, Event, Indigestible, Subscription, migrations, outbox};
use std::sync::Arc;
use store::{
    BoxFuture, Data, Store, Tx,
    sea_orm::{
        ConnectionTrait, DbBackend, DbErr, QueryResult, Statement,
        sea_query::{Alias, ColumnDef, Query, Table},
    },
    sea_orm_migration::{MigrationName, MigrationTrait, SchemaManager},
};

pub const START: Timestamp = Timestamp::from_millis(1_700_000_000_000);

/// What a consumer had, and what a publisher has: things with versions.
struct Tables;

impl MigrationName for Tables {
    fn name(&self) -> &str {
        "0001_had"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for Tables {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let text = |name: &str| ColumnDef::new(Alias::new(name)).text().not_null().to_owned();
        let number = |name: &str| ColumnDef::new(Alias::new(name)).big_integer().not_null().to_owned();
        let mut had = Table::create();
        had.table(Alias::new("had")).col(number("n").auto_increment().primary_key());
        had.col(text("source")).col(text("id")).col(text("key")).col(number("version"));
        manager.create_table(had).await?;
        let mut thing = Table::create();
        thing.table(Alias::new("thing")).col(text("key").primary_key()).col(number("version"));
        manager.create_table(thing).await
    }
}

pub async fn open(data: &Data, service: &'static str) -> Store {
    let mut all = migrations();
    all.push(Box::new(Tables));
    data.store(service, all).await.unwrap()
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

/// Moves the thing called `key` by one version and tells of it, as a service does: the row first, and locked.
pub async fn change(tx: &Tx, template: &Event) -> Result<(), DbErr> {
    let moved = "INSERT INTO thing (key, version) VALUES ($1, 1) \
        ON CONFLICT (key) DO UPDATE SET version = thing.version + 1 RETURNING version";
    let values = [template.key.clone().into()];
    let row = tx.query_one_raw(Statement::from_sql_and_values(tx.get_database_backend(), moved, values)).await?;
    let version = row.unwrap().try_get("", "version")?;
    outbox::append(tx, &Event { version, ..template.clone() }).await
}

/// Keeps the unit open for a while, where others run beside it.
pub async fn linger(tx: &Tx, seconds: f64) -> Result<(), DbErr> {
    if tx.get_database_backend() == DbBackend::Postgres {
        tx.execute_unprepared(&format!("SELECT pg_sleep({seconds})")).await?;
    }
    Ok(())
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
    let mut row = Query::insert();
    row.into_table(Alias::new("had")).columns(["source", "id", "key", "version"].map(Alias::new));
    let (source, id, key) = (event.source.as_str(), event.id.as_str(), event.key.as_str());
    row.values_panic([source.into(), id.into(), key.into(), event.version.into()]);
    tx.execute(&row).await.map(drop)
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

/// The `n` of the one row.
pub async fn count(store: &Store, sql: &'static str) -> i64 {
    rows(store, sql).await[0].try_get("", "n").unwrap()
}

/// What a consumer has had from `source`, in the order in which it had it.
pub async fn had(store: &Store, source: &str) -> Vec<i64> {
    let rows = rows(store, "SELECT source, version FROM had ORDER BY n").await;
    let of_source = rows.iter().filter(|row| row.try_get::<String>("", "source").unwrap() == source);
    of_source.map(|row| row.try_get("", "version").unwrap()).collect()
}

/// Looks again and again until it is so.
pub async fn until(what: &str, mut so: impl AsyncFnMut() -> bool) {
    for _ in 0..3_000 {
        if so().await {
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
    panic!("not within half a minute: {what}");
}
