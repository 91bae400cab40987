//! The tables of the shipping service, as SQL that SQLite and PostgreSQL both take.
//!
//! `shipment` grows by one row an order and is kept as long as orders are: the audit asks it what was shipped. Keys, steps
//! and events are journal's and follow its rules.

use sea_orm::{ConnectionTrait, DbBackend, DbErr};
use sea_orm_migration::{MigrationName, MigrationTrait, SchemaManager, async_trait};

/// All of them: journal's first, then these in order.
pub fn all() -> Vec<Box<dyn MigrationTrait>> {
    let mut all = journal::migrations();
    all.push(Box::new(Shipments));
    all.push(Box::new(Traces));
    all
}

/// The first shape of the tables.
struct Shipments;

impl MigrationName for Shipments {
    fn name(&self) -> &str {
        "shipping_0001_shipments"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for Shipments {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let db = manager.get_connection();
        let (text, bytes) = match db.get_database_backend() {
            DbBackend::Postgres => (BYTEWISE, "BYTEA"),
            _ => ("TEXT", "BLOB"),
        };
        db.execute_unprepared(&SHIPMENT.replace("{text}", text).replace("{bytes}", bytes)).await?;
        db.execute_unprepared(DUE).await?;
        Ok(())
    }
}

/// Each shipment keeps the trace in which it was asked for.
struct Traces;

impl MigrationName for Traces {
    fn name(&self) -> &str {
        "shipping_0002_traces"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for Traces {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let db = manager.get_connection();
        let text = if db.get_database_backend() == DbBackend::Postgres { BYTEWISE } else { "TEXT" };
        db.execute_unprepared(&TRACE.replace("{text}", text)).await?;
        Ok(())
    }
}

const TRACE: &str = "ALTER TABLE shipment ADD COLUMN trace {text}";

/// Text sorts by its bytes, as on SQLite and in Rust, whatever the database's language: identifiers sort by time, and pages
/// follow each other by them.
const BYTEWISE: &str = "TEXT COLLATE \"C\"";

/// The packing list is a document of the parcel, an encoded message: nothing is ever asked of its lines by themselves.
const SHIPMENT: &str = "CREATE TABLE shipment (
        shipment_id {text} NOT NULL PRIMARY KEY,
        order_id {text} NOT NULL UNIQUE,
        state {text} NOT NULL CHECK (state IN ('CREATED', 'DISPATCHED', 'DELIVERED', 'CANCELLED')),
        packing {bytes} NOT NULL,
        tracking {text} NOT NULL,
        due_at BIGINT,
        version BIGINT NOT NULL,
        created_at BIGINT NOT NULL,
        updated_at BIGINT NOT NULL,
        CHECK ((due_at IS NULL) = (state IN ('DELIVERED', 'CANCELLED')))
    )";

/// What the carrier asks for, and nothing else: it stays as small as what is under way.
const DUE: &str = "CREATE INDEX shipment_due ON shipment (due_at) WHERE due_at IS NOT NULL";
