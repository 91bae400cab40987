//! A store with one table of counters, on each engine.
#![allow(dead_code, reason = "each test file uses its part")]
#![allow(clippy::unwrap_used, reason = "tests")]

use outrigger_store::{
    Data, Store, StoreError, Tx,
    sea_orm::{ConnectionTrait, DbErr, Statement},
    sea_orm_migration::{MigrationName, MigrationTrait, SchemaManager},
};

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

/// A place of each kind. The folder lives as long as the first of the pair.
pub fn places() -> Vec<(Option<tempfile::TempDir>, Data)> {
    let folder = tempfile::tempdir().unwrap();
    let data = Data::open(folder.path()).unwrap();
    vec![(Some(folder), data), (None, Data::memory())]
}

pub async fn exec(tx: &Tx, sql: &str, values: Vec<outrigger_store::sea_orm::Value>) -> Result<u64, DbErr> {
    let statement = Statement::from_sql_and_values(tx.get_database_backend(), sql, values);
    Ok(tx.execute_raw(statement).await?.rows_affected())
}

pub async fn number(tx: &Tx, sql: &str) -> Result<i64, DbErr> {
    let row = tx.query_one_raw(Statement::from_string(tx.get_database_backend(), sql)).await?;
    row.ok_or_else(|| DbErr::RecordNotFound(sql.to_owned()))?.try_get("", "n")
}

pub async fn insert(tx: &Tx, name: &str) -> Result<u64, DbErr> {
    exec(tx, "INSERT INTO counter VALUES (?, 1)", vec![name.into()]).await
}

pub async fn add(store: &Store, name: impl Into<String>) -> Result<u64, StoreError> {
    store.unit(name.into(), |tx, name| Box::pin(insert(tx, name))).await
}

pub async fn count(store: &Store) -> i64 {
    let sql = "SELECT COUNT(*) AS n FROM counter";
    store.read((), |tx, ()| Box::pin(number(tx, sql))).await.unwrap()
}
