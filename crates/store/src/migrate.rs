//! Brings a database's tables up to what the program knows, by sea-orm's own migrator.
//!
//! Each migration is whole or not at all. On PostgreSQL sea-orm gives each a transaction; on SQLite it uses none, and one that
//! fails half-way would leave its finished half behind, so there the transaction is ours.

use crate::{
    OpenError,
    lite::Lite,
    postgres::{self, Address, Migrating},
};
use sea_orm::{
    Database, DatabaseConnection, DbBackend, DbErr, ProxyDatabaseTrait, ProxyExecResult, ProxyRow, Statement,
};
use sea_orm_migration::{MigrationName, MigrationTrait, MigratorTraitSelf, SchemaManager};
use std::{collections::BTreeSet, fmt, sync::Arc};

/// Applies what is pending. `path` names the database in errors.
pub(crate) async fn run(
    lite: &Arc<Lite>,
    path: &str,
    migrations: Vec<Box<dyn MigrationTrait>>,
) -> Result<(), OpenError> {
    let known = Known::new(migrations);
    let proxy: Box<dyn ProxyDatabaseTrait> = Box::new(Proxy(Arc::clone(lite)));
    let unusable = |error: DbErr| OpenError::Unusable { path: path.to_owned(), reason: error.to_string() };
    let database = Database::connect_proxy(DbBackend::Sqlite, Arc::new(proxy)).await.map_err(unusable)?;
    for _ in 0..known.pending(&database, path).await? {
        next(lite, &known, &database).await.map_err(|source| OpenError::Migration { path: path.to_owned(), source })?;
    }
    Ok(())
}

/// The same on PostgreSQL, in the schema of `service`, which is created when missing if `create` says so.
pub(crate) async fn run_postgres(
    address: &Address,
    service: &'static str,
    create: bool,
    mut migrations: Vec<Box<dyn MigrationTrait>>,
) -> Result<(), OpenError> {
    migrations.insert(0, postgres::mark_migration());
    let known = Known::new(migrations);
    let migrating = Migrating::begin(address, service, create).await?;
    let applied = known.apply(&migrating).await;
    migrating.end(applied).await
}

/// The next pending migration, whole or not at all.
async fn next(lite: &Lite, known: &Known, database: &DatabaseConnection) -> Result<(), DbErr> {
    lite.control("BEGIN IMMEDIATE")?;
    let applied = known.up(database, Some(1)).await.and_then(|()| lite.control("COMMIT"));
    if applied.is_err() {
        lite.recover()?;
    }
    applied
}

/// The migrations that this program knows, oldest first. Shared, for the migrator asks for them anew at every step.
struct Known(Vec<Arc<dyn MigrationTrait>>);

impl Known {
    fn new(migrations: Vec<Box<dyn MigrationTrait>>) -> Self {
        Self(migrations.into_iter().map(Arc::from).collect())
    }

    /// How many are not applied yet.
    async fn pending(&self, database: &DatabaseConnection, path: &str) -> Result<usize, OpenError> {
        let unusable = |error: DbErr| OpenError::Unusable { path: path.to_owned(), reason: error.to_string() };
        let applied = self.get_migration_models(database).await.map_err(unusable)?;
        let applied: BTreeSet<String> = applied.into_iter().map(|model| model.version).collect();
        let names: BTreeSet<String> = self.0.iter().map(|migration| migration.name().to_owned()).collect();
        let unknown: Vec<&str> = applied.difference(&names).map(String::as_str).collect();
        if !unknown.is_empty() {
            return Err(OpenError::Newer { path: path.to_owned(), unknown: unknown.join(", ") });
        }
        Ok(names.difference(&applied).count())
    }

    async fn apply(&self, migrating: &Migrating) -> Result<(), OpenError> {
        let (database, path) = (migrating.database(), migrating.place());
        for _ in 0..self.pending(database, path).await? {
            let applied = self.up(database, Some(1)).await;
            applied.map_err(|source| OpenError::Migration { path: path.to_owned(), source })?;
        }
        Ok(())
    }
}

impl MigratorTraitSelf for Known {
    fn migrations(&self) -> Vec<Box<dyn MigrationTrait>> {
        self.0.iter().map(|migration| Box::new(Shared(Arc::clone(migration))) as Box<dyn MigrationTrait>).collect()
    }
}

struct Shared(Arc<dyn MigrationTrait>);

impl MigrationName for Shared {
    fn name(&self) -> &str {
        self.0.name()
    }
}

#[async_trait::async_trait]
impl MigrationTrait for Shared {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        self.0.up(manager).await
    }
}

/// The connection as sea-orm's schema manager wants it: it takes no `ConnectionTrait` of others.
struct Proxy(Arc<Lite>);

impl fmt::Debug for Proxy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Proxy")
    }
}

#[async_trait::async_trait]
impl ProxyDatabaseTrait for Proxy {
    async fn query(&self, statement: Statement) -> Result<Vec<ProxyRow>, DbErr> {
        let rows = self.0.all(statement)?;
        Ok(rows.iter().map(sea_orm::from_query_result_to_proxy_row).collect())
    }

    /// A statement without values may be several: migrations write scripts (`execute_unprepared`).
    async fn execute(&self, statement: Statement) -> Result<ProxyExecResult, DbErr> {
        match &statement.values {
            None => self.0.script(&statement.sql),
            Some(_) => self.0.execute(statement),
        }
    }
}
