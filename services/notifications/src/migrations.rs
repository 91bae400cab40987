//! The tables of notifications, beside those that journal brings along.

use sea_orm_migration::prelude::*;

/// Journal's migrations, then our own, in order.
pub fn all() -> Vec<Box<dyn MigrationTrait>> {
    let mut all = journal::migrations();
    all.push(Box::new(Mails));
    all
}

struct Mails;

impl MigrationName for Mails {
    fn name(&self) -> &'static str {
        "m2026_11_01_mails"
    }
}

const UP: [&str; 4] = [
    "CREATE TABLE mails (
        event_id TEXT NOT NULL PRIMARY KEY,
        order_id TEXT NOT NULL,
        template TEXT NOT NULL,
        recipient TEXT NOT NULL,
        currency TEXT NOT NULL,
        minor_units BIGINT NOT NULL,
        cause TEXT NOT NULL,
        created_at BIGINT NOT NULL,
        state BIGINT NOT NULL CHECK (state IN (1, 2, 3)),
        attempts BIGINT NOT NULL CHECK (attempts >= 0),
        next_at BIGINT NOT NULL,
        last_error TEXT NOT NULL,
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
        for statement in UP {
            manager.get_connection().execute_unprepared(statement).await?;
        }
        Ok(())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.get_connection().execute_unprepared("DROP TABLE mails").await.map(|_| ())
    }
}
