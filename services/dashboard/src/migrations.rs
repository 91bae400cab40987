//! The projections' tables, beside those that journal brings along. All of it can be built again from the events.

use sea_orm::{ConnectionTrait, DbBackend};
use sea_orm_migration::prelude::*;

/// Journal's migrations, then our own, in order.
pub fn all() -> Vec<Box<dyn MigrationTrait>> {
    let mut all = journal::migrations();
    all.push(Box::new(Projections));
    all
}

struct Projections;

impl MigrationName for Projections {
    fn name(&self) -> &'static str {
        "m2026_11_01_projections"
    }
}

/// Tables that hold a projection, for whoever clears or compares them.
pub const TABLES: [&str; 8] =
    ["sources", "orders_by_state", "money", "stock_outs", "confirm_times", "attention", "changes", "steps"];

/// Text sorts by its bytes, as on SQLite and in Rust, whatever the database's language: pages follow each other by it.
const BYTEWISE: &str = "TEXT COLLATE \"C\"";

const UP: [&str; 10] = [
    "CREATE TABLE sources (source {text} NOT NULL PRIMARY KEY, events BIGINT NOT NULL, last_at BIGINT NOT NULL)",
    "CREATE TABLE orders_by_state (state BIGINT NOT NULL PRIMARY KEY, orders BIGINT NOT NULL)",
    "CREATE TABLE money (currency {text} NOT NULL PRIMARY KEY, taken BIGINT NOT NULL, refunded BIGINT NOT NULL)",
    "CREATE TABLE stock_outs (sku {text} NOT NULL PRIMARY KEY, refusals BIGINT NOT NULL, last_at BIGINT NOT NULL)",
    "CREATE INDEX stock_outs_by_refusals ON stock_outs (refusals, sku)",
    "CREATE TABLE confirm_times (bucket BIGINT NOT NULL PRIMARY KEY, orders BIGINT NOT NULL)",
    "CREATE TABLE attention (
        order_id {text} NOT NULL PRIMARY KEY,
        cause {text} NOT NULL,
        reason {text} NOT NULL,
        since BIGINT NOT NULL,
        currency {text} NOT NULL,
        minor_units BIGINT NOT NULL
    )",
    "CREATE INDEX attention_by_age ON attention (since, order_id)",
    "CREATE TABLE changes (
        slot BIGINT NOT NULL PRIMARY KEY,
        number BIGINT NOT NULL,
        at BIGINT NOT NULL,
        order_id {text} NOT NULL,
        from_state BIGINT NOT NULL,
        to_state BIGINT NOT NULL,
        cause {text} NOT NULL,
        currency {text} NOT NULL,
        minor_units BIGINT NOT NULL
    )",
    "CREATE TABLE steps (
        slot BIGINT NOT NULL PRIMARY KEY,
        step BIGINT NOT NULL,
        received BIGINT NOT NULL,
        confirmed BIGINT NOT NULL,
        ended BIGINT NOT NULL
    )",
];

#[async_trait::async_trait]
impl MigrationTrait for Projections {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let db = manager.get_connection();
        let text = if db.get_database_backend() == DbBackend::Postgres { BYTEWISE } else { "TEXT" };
        for statement in UP {
            db.execute_unprepared(&statement.replace("{text}", text)).await?;
        }
        Ok(())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for table in TABLES {
            manager.get_connection().execute_unprepared(&format!("DROP TABLE {table}")).await?;
        }
        Ok(())
    }
}
