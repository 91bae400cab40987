//! The gateway's tables. Not the journal's: a gateway keeps no outbox of ours.

use sea_orm_migration::{
    MigrationName, MigrationTrait, SchemaManager,
    async_trait::async_trait,
    sea_orm::{ConnectionTrait, DbBackend, DbErr},
};

/// The tables that the simulated gateway needs.
pub fn gateway_migrations() -> Vec<Box<dyn MigrationTrait>> {
    vec![Box::new(Tables)]
}

struct Tables;

impl MigrationName for Tables {
    fn name(&self) -> &str {
        "gateway_0001_tables"
    }
}

const STATEMENTS: [&str; 3] = [
    // One row a key, for ever; `outcome` as in OperationOutcome.
    "CREATE TABLE gateway_operation (
        key TEXT PRIMARY KEY,
        payment TEXT NOT NULL,
        kind BIGINT NOT NULL,
        outcome BIGINT NOT NULL,
        reason TEXT NOT NULL,
        amount BIGINT NOT NULL,
        currency TEXT NOT NULL,
        at BIGINT NOT NULL
    )",
    // What is held and taken, payment by payment.
    "CREATE TABLE gateway_account (
        payment TEXT PRIMARY KEY,
        token TEXT NOT NULL,
        currency TEXT NOT NULL,
        held BIGINT NOT NULL CHECK (held >= 0),
        captured BIGINT NOT NULL CHECK (captured >= 0),
        refunded BIGINT NOT NULL CHECK (refunded >= 0),
        CHECK (refunded <= captured)
    )",
    "CREATE INDEX gateway_account_by_token ON gateway_account (token)",
];

/// The statement is listed in the order of the keys' bytes.
const BYTEWISE: &str = "ALTER TABLE gateway_operation ALTER COLUMN key TYPE TEXT COLLATE \"C\"";

#[async_trait]
impl MigrationTrait for Tables {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for statement in STATEMENTS {
            manager.get_connection().execute_unprepared(statement).await?;
        }
        if manager.get_database_backend() == DbBackend::Postgres {
            manager.get_connection().execute_unprepared(BYTEWISE).await?;
        }
        Ok(())
    }
}
