//! A store with one table of counters, on each engine.
#![allow(dead_code, reason = "each test file uses its part")]
#![allow(clippy::unwrap_used, reason = "tests")]

pub mod wire;

use outrigger_store::{
    Data, Postgres, Store, StoreError, Tx,
    sea_orm::{ConnectionTrait, DbBackend, DbErr, Statement},
    sea_orm_migration::{MigrationName, MigrationTrait, SchemaManager},
};
use servers::Database;

/// A migration that is one script.
pub struct Script(pub &'static str, pub &'static str);

impl MigrationName for Script {
    fn name(&self) -> &str {
        self.0
    }
}

#[async_trait::async_trait]
impl MigrationTrait for Script {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.get_connection().execute_unprepared(self.1).await.map(drop)
    }
}

pub fn script(name: &'static str, sql: &'static str) -> Box<dyn MigrationTrait> {
    Box::new(Script(name, sql))
}

pub fn counters() -> Vec<Box<dyn MigrationTrait>> {
    vec![script("0001_counters", "CREATE TABLE counter (name TEXT PRIMARY KEY, value BIGINT NOT NULL)")]
}

pub async fn open(data: &Data) -> Store {
    data.store("test", counters()).await.unwrap()
}

/// What keeps a place alive for as long as a test.
pub enum Kept {
    Folder(#[expect(dead_code, reason = "held")] tempfile::TempDir),
    Memory,
    Server(Database),
}

/// A place of each kind of SQLite.
pub fn places() -> Vec<(Kept, Data)> {
    let folder = tempfile::tempdir().unwrap();
    let data = Data::open(folder.path()).unwrap();
    vec![(Kept::Folder(folder), data), (Kept::Memory, Data::memory())]
}

/// A place on each engine. `test` says who could not run where there is no server.
pub async fn engines(test: &str) -> Vec<(Kept, Data)> {
    let mut all = places();
    if let Some(database) = Database::new(test) {
        let data = Data::postgres(Postgres::new(database.url())).await.unwrap();
        all.push((Kept::Server(database), data));
    }
    all
}

pub async fn exec(tx: &Tx, sql: &str, values: Vec<outrigger_store::sea_orm::Value>) -> Result<u64, DbErr> {
    let statement = Statement::from_sql_and_values(tx.get_database_backend(), sql, values);
    Ok(tx.execute_raw(statement).await?.rows_affected())
}

pub async fn number(tx: &Tx, sql: &str) -> Result<i64, DbErr> {
    let row = tx.query_one_raw(Statement::from_string(tx.get_database_backend(), sql)).await?;
    row.ok_or_else(|| DbErr::RecordNotFound(sql.to_owned()))?.try_get("", "n")
}

/// A store on a PostgreSQL of its own database. None where there is no server, which is said.
pub async fn on_postgres(test: &str) -> Option<(Database, Store)> {
    let database = Database::new(test)?;
    let data = Data::postgres(Postgres::new(database.url())).await.unwrap();
    let store = open(&data).await;
    Some((database, store))
}

/// Reads a row to decide on it, one higher back. What it was.
pub async fn count_up(tx: &Tx, name: &str) -> Result<i64, DbErr> {
    let row = format!("SELECT value AS n FROM counter WHERE name = '{name}'");
    let value = number(tx, &locked(tx, &row)).await?;
    exec(tx, "UPDATE counter SET value = $1 WHERE name = $2", vec![(value + 1).into(), name.into()]).await?;
    Ok(value)
}

/// A query for rows that the unit decides on: nobody else changes them before it is over. (sea-orm's `lock_exclusive` does the
/// same to a query: nothing on SQLite, where one unit runs at a time.)
pub fn locked(tx: &Tx, query: &str) -> String {
    let lock = if tx.get_database_backend() == DbBackend::Postgres { " FOR UPDATE" } else { "" };
    format!("{query}{lock}")
}

pub async fn insert(tx: &Tx, name: &str) -> Result<u64, DbErr> {
    exec(tx, "INSERT INTO counter VALUES ($1, 1)", vec![name.into()]).await
}

pub async fn add(store: &Store, name: impl Into<String>) -> Result<u64, StoreError> {
    store.unit(name.into(), |tx, name| Box::pin(insert(tx, name))).await
}

pub async fn count(store: &Store) -> i64 {
    let sql = "SELECT COUNT(*) AS n FROM counter";
    store.read((), |tx, ()| Box::pin(number(tx, sql))).await.unwrap()
}
