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
        let bytes = match db.get_database_backend() {
            DbBackend::Postgres => "BYTEA",
            _ => "BLOB",
        };
        db.execute_unprepared(&SHIPMENT.replace("{bytes}", bytes)).await?;
        db.execute_unprepared(DUE).await?;
        Ok(())
    }
}

/// The packing list is a document of the parcel, an encoded message: nothing is ever asked of its lines by themselves.
const SHIPMENT: &str = "CREATE TABLE shipment (
        shipment_id TEXT NOT NULL PRIMARY KEY,
        order_id TEXT NOT NULL UNIQUE,
        state TEXT NOT NULL CHECK (state IN ('CREATED', 'DISPATCHED', 'DELIVERED', 'CANCELLED')),
        packing {bytes} NOT NULL,
        tracking TEXT NOT NULL,
        due_at BIGINT,
        version BIGINT NOT NULL,
        created_at BIGINT NOT NULL,
        updated_at BIGINT NOT NULL,
        CHECK ((due_at IS NULL) = (state IN ('DELIVERED', 'CANCELLED')))
    )";

/// What the carrier asks for, and nothing else: it stays as small as what is under way.
const DUE: &str = "CREATE INDEX shipment_due ON shipment (due_at) WHERE due_at IS NOT NULL";
