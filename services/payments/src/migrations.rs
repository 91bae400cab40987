//! The tables of payments, journal's first. What must never be is held here, whatever the code above does (I1).

use sea_orm_migration::{
    MigrationName, MigrationTrait, SchemaManager,
    async_trait::async_trait,
    sea_orm::{ConnectionTrait, DbBackend, DbErr},
};

/// All migrations of this service's store.
pub fn migrations() -> Vec<Box<dyn MigrationTrait>> {
    let mut all = journal::migrations();
    all.push(Box::new(Tables));
    all
}

struct Tables;

impl MigrationName for Tables {
    fn name(&self) -> &str {
        "payments_0001_tables"
    }
}

const STATEMENTS: [&str; 7] = [
    "CREATE TABLE payment (
        id TEXT PRIMARY KEY,
        order_id TEXT NOT NULL,
        method BIGINT NOT NULL,
        token TEXT NOT NULL,
        currency TEXT NOT NULL,
        amount BIGINT NOT NULL CHECK (amount > 0),
        authorised BIGINT NOT NULL CHECK (authorised >= 0 AND authorised <= amount),
        captured BIGINT NOT NULL CHECK (captured >= 0 AND captured <= authorised),
        refunded BIGINT NOT NULL CHECK (refunded >= 0 AND refunded <= captured),
        promised BIGINT NOT NULL CHECK (promised >= 0 AND promised <= captured - refunded),
        state BIGINT NOT NULL,
        decline_reason TEXT NOT NULL,
        withdrawn BIGINT NOT NULL,
        running TEXT,
        queued BIGINT NOT NULL CHECK (queued >= 0),
        version BIGINT NOT NULL,
        created_at BIGINT NOT NULL,
        updated_at BIGINT NOT NULL,
        CHECK (method = 1 OR authorised = captured)
    )",
    "CREATE INDEX payment_by_order ON payment (order_id, id)",
    // `key` is the gateway's key; rows are kept as long as the ledger that refers to them.
    "CREATE TABLE operation (
        key TEXT PRIMARY KEY,
        payment_id TEXT NOT NULL,
        order_id TEXT NOT NULL,
        kind BIGINT NOT NULL,
        amount BIGINT NOT NULL,
        currency TEXT NOT NULL,
        stage BIGINT NOT NULL,
        reason TEXT NOT NULL,
        cancel BIGINT NOT NULL,
        undoing BIGINT NOT NULL,
        position BIGINT NOT NULL,
        saga TEXT,
        step TEXT,
        attempt BIGINT,
        note TEXT NOT NULL,
        trace TEXT,
        created_at BIGINT NOT NULL
    )",
    // At most one operation of a payment is with the gateway (stage 1).
    "CREATE UNIQUE INDEX operation_running ON operation (payment_id) WHERE stage = 1",
    "CREATE INDEX operation_queued ON operation (payment_id, position) WHERE stage = 0",
    "CREATE INDEX operation_by_step ON operation (saga, step) WHERE saga IS NOT NULL",
    // A movement touches an account once, so that no operation can be booked twice.
    "CREATE UNIQUE INDEX ledger_movement ON ledger (movement, account)",
];

/// The ledger's number counts up by itself and is never given twice.
fn ledger(backend: DbBackend) -> String {
    let number = match backend {
        DbBackend::Postgres => "BIGSERIAL PRIMARY KEY",
        _ => "INTEGER PRIMARY KEY AUTOINCREMENT",
    };
    format!(
        "CREATE TABLE ledger (
            entry {number},
            movement TEXT NOT NULL,
            account TEXT NOT NULL CHECK (account IN ('gateway', 'sales')),
            amount BIGINT NOT NULL CHECK (amount <> 0),
            currency TEXT NOT NULL,
            payment_id TEXT NOT NULL,
            order_id TEXT NOT NULL,
            at BIGINT NOT NULL
        )"
    )
}

const SQLITE_GUARDS: [&str; 2] = [
    "CREATE TRIGGER ledger_not_updated BEFORE UPDATE ON ledger
     BEGIN SELECT RAISE(ABORT, 'ledger rows are never updated'); END",
    "CREATE TRIGGER ledger_not_deleted BEFORE DELETE ON ledger
     BEGIN SELECT RAISE(ABORT, 'ledger rows are never deleted'); END",
];

/// The same words, and one guard more: what SQLite does not have, a table emptied at a stroke, is a deletion too.
const POSTGRES_GUARDS: [&str; 8] = [
    // Pages follow each other by identifiers, and reconciliation merges by keys: both go by the bytes, as on SQLite and in
    // Rust, whatever the database's language.
    "ALTER TABLE payment ALTER COLUMN id TYPE TEXT COLLATE \"C\"",
    "ALTER TABLE operation ALTER COLUMN key TYPE TEXT COLLATE \"C\"",
    "ALTER TABLE operation ALTER COLUMN payment_id TYPE TEXT COLLATE \"C\"",
    "ALTER TABLE ledger ALTER COLUMN movement TYPE TEXT COLLATE \"C\"",
    "CREATE FUNCTION ledger_not_updated() RETURNS trigger LANGUAGE plpgsql AS
     $$ BEGIN RAISE EXCEPTION 'ledger rows are never updated'; END $$",
    "CREATE TRIGGER ledger_not_updated BEFORE UPDATE ON ledger
     FOR EACH STATEMENT EXECUTE FUNCTION ledger_not_updated()",
    "CREATE FUNCTION ledger_not_deleted() RETURNS trigger LANGUAGE plpgsql AS
     $$ BEGIN RAISE EXCEPTION 'ledger rows are never deleted'; END $$",
    "CREATE TRIGGER ledger_not_deleted BEFORE DELETE OR TRUNCATE ON ledger
     FOR EACH STATEMENT EXECUTE FUNCTION ledger_not_deleted()",
];

#[async_trait]
impl MigrationTrait for Tables {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let (connection, backend) = (manager.get_connection(), manager.get_database_backend());
        connection.execute_unprepared(&ledger(backend)).await?;
        let guards: &[&str] = if backend == DbBackend::Postgres { &POSTGRES_GUARDS } else { &SQLITE_GUARDS };
        for statement in STATEMENTS.iter().chain(guards) {
            connection.execute_unprepared(statement).await?;
        }
        Ok(())
    }
}
