//! The tables of notifications, beside those that journal brings along.

use sea_orm::{ConnectionTrait, DbBackend};
use sea_orm_migration::prelude::*;

/// Journal's migrations, then our own, in order.
pub fn all() -> Vec<Box<dyn MigrationTrait>> {
    let mut all = journal::migrations();
    all.push(Box::new(Mails));
    all.push(Box::new(Claims));
    all
}

/// Text sorts by its bytes, as on SQLite and in Rust, whatever the database's language: pages follow each other by it.
fn worded(statement: &str, backend: DbBackend) -> String {
    let text = if backend == DbBackend::Postgres { "TEXT COLLATE \"C\"" } else { "TEXT" };
    statement.replace("{text}", text)
}

struct Mails;

impl MigrationName for Mails {
    fn name(&self) -> &'static str {
        "m2026_11_01_mails"
    }
}

const UP: [&str; 4] = [
    "CREATE TABLE mails (
        event_id {text} NOT NULL PRIMARY KEY,
        order_id {text} NOT NULL,
        template {text} NOT NULL,
        recipient {text} NOT NULL,
        currency {text} NOT NULL,
        minor_units BIGINT NOT NULL,
        cause {text} NOT NULL,
        created_at BIGINT NOT NULL,
        state BIGINT NOT NULL CHECK (state IN (1, 2, 3)),
        attempts BIGINT NOT NULL CHECK (attempts >= 0),
        next_at BIGINT NOT NULL,
        last_error {text} NOT NULL,
        CHECK (state = 1 OR recipient = '')
    )",
    // What waits is found without a look at what was sent, however much that is.
    "CREATE INDEX mails_waiting ON mails (next_at, event_id) WHERE state = 1",
    "CREATE INDEX mails_by_time ON mails (created_at, event_id)",
    "CREATE INDEX mails_by_order ON mails (order_id, created_at, event_id)",
];

#[async_trait::async_trait]
impl MigrationTrait for Mails {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let db = manager.get_connection();
        for statement in UP {
            db.execute_unprepared(&worded(statement, db.get_database_backend())).await?;
        }
        Ok(())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.get_connection().execute_unprepared("DROP TABLE mails").await.map(|_| ())
    }
}

/// Until when a mail is in somebody's hands, for a database at which more than one sender may look.
struct Claims;

impl MigrationName for Claims {
    fn name(&self) -> &'static str {
        "m2026_11_25_claims"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for Claims {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let claims = "ALTER TABLE mails ADD COLUMN claimed_until BIGINT NOT NULL DEFAULT 0";
        manager.get_connection().execute_unprepared(claims).await.map(|_| ())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.get_connection().execute_unprepared("ALTER TABLE mails DROP COLUMN claimed_until").await.map(|_| ())
    }
}
