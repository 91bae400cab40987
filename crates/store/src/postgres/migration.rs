//! The connection that migrations of a service run on: sea-orm's own, and one at a time in each schema.

use super::{
    Address, Trouble,
    opening::{schema, unopened},
    session,
};
use crate::OpenError;
use sea_orm::{DatabaseConnection, DbErr, SqlxPostgresConnector};
use sqlx::{PgPool, postgres::PgPoolOptions};
use std::time::Duration;

/// Held by whoever changes a schema, until its connection closes. The first number is ours alone.
const LOCK: &str = "SELECT pg_advisory_lock(1870034034, hashtext(current_schema()))";

pub(crate) struct Migrating {
    pool: PgPool,
    database: DatabaseConnection,
    place: String,
}

impl Migrating {
    /// Sees to it that the schema of `service` is there and that nobody else changes it meanwhile.
    ///
    /// # Errors
    /// [`OpenError::Missing`] when there is none and none may be created; [`OpenError::Unreachable`] and
    /// [`OpenError::Unusable`].
    pub async fn begin(address: &Address, service: &'static str, create: bool) -> Result<Self, OpenError> {
        let place = format!("{}, schema {service}", address.shown());
        schema(address, service, create, &place).await?;
        // A migration may take longer than a unit: no limit.
        let options = session::options(address, service, Duration::ZERO);
        let pool = PgPoolOptions::new().max_connections(1).test_before_acquire(false).connect_with(options).await;
        let pool = pool.map_err(|error| unopened(address, &error))?;
        sqlx::query(LOCK).execute(&pool).await.map_err(|error| unopened(address, &error))?;
        let database = SqlxPostgresConnector::from_sqlx_postgres_pool(pool.clone());
        Ok(Self { pool, database, place })
    }

    pub fn database(&self) -> &DatabaseConnection {
        &self.database
    }

    /// The schema, for errors.
    pub fn place(&self) -> &str {
        &self.place
    }

    /// Lets the next one change the schema. What `changed` says is kept, but for a database that went away meanwhile: that
    /// is no fault of a migration.
    pub async fn end(self, changed: Result<(), OpenError>) -> Result<(), OpenError> {
        self.pool.close().await;
        match changed {
            Err(OpenError::Migration { path, source }) if is_gone(&source) => {
                Err(OpenError::Unreachable { place: path, reason: source.to_string() })
            }
            changed => changed,
        }
    }
}

fn is_gone(error: &DbErr) -> bool {
    Trouble::of_statement(error) == Trouble::Gone
}
