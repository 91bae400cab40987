//! The journal's tables. They come first among the migrations of every service.
//!
//! On SQLite those whose key is all there is to find them by are kept without a row id: one tree instead of two. On
//! PostgreSQL text sorts as there, by its bytes whatever the database's language, and deliveries have tables of their own.

use sea_orm::{
    ConnectionTrait, DbBackend, DbErr,
    sea_query::{Alias, ColumnDef, Index, Table, TableCreateStatement},
};
use sea_orm_migration::{MigrationName, MigrationTrait, SchemaManager};

/// Outbox, inbox, cursors, parked events, keys and barriers, for a service to put before its own migrations.
pub fn migrations() -> Vec<Box<dyn MigrationTrait>> {
    vec![Box::new(Journal)]
}

struct Journal;

impl MigrationName for Journal {
    fn name(&self) -> &str {
        "journal_0001_tables"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for Journal {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let backend = manager.get_database_backend();
        let tables =
            [outbox(backend), inbox(backend), cursor(backend), parked(backend), once(backend), barrier(backend)];
        for table in tables {
            manager.create_table(table).await?;
        }
        let by_key = Index::create()
            .name("parked_by_key")
            .table(Alias::new("parked"))
            .col(Alias::new("consumer"))
            .col(Alias::new("source"))
            .col(Alias::new("key"))
            .to_owned();
        manager.create_index(by_key).await?;
        // Keys that are kept for ever are not in it.
        let expiring = "CREATE INDEX once_key_expiring ON once_key (expires_ms) WHERE expires_ms IS NOT NULL";
        manager.get_connection().execute_unprepared(expiring).await?;
        if backend == DbBackend::Postgres {
            manager.get_connection().execute_unprepared(DELIVERIES).await?;
        }
        Ok(())
    }
}

/// Who is owed events, what of each event, and the trigger that writes it down with the event: see `deliveries`. It
/// asks who is owed anew at every append, so that it knows whom the append's own statement could not.
///
/// Deliveries come and go all the time, so they are tidied by their number and not by their share of the table, and
/// the table is not made shorter, for that would make everybody wait.
const DELIVERIES: &str = "
    CREATE TABLE subscriber (consumer TEXT COLLATE \"C\" PRIMARY KEY, begun BOOLEAN NOT NULL);
    CREATE TABLE delivery (consumer TEXT COLLATE \"C\" NOT NULL, seq BIGINT NOT NULL, PRIMARY KEY (consumer, seq)) WITH (
        autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 2000, autovacuum_vacuum_cost_delay = 0,
        autovacuum_analyze_scale_factor = 0, autovacuum_analyze_threshold = 20000, vacuum_truncate = false);
    CREATE TABLE pruned (one INTEGER PRIMARY KEY CHECK (one = 1), seq BIGINT NOT NULL);
    CREATE FUNCTION deliver() RETURNS trigger LANGUAGE plpgsql VOLATILE AS $$
        BEGIN
            INSERT INTO delivery (consumer, seq) SELECT s.consumer, a.seq FROM appended a CROSS JOIN subscriber s;
            RETURN NULL;
        END $$;
    CREATE TRIGGER deliver AFTER INSERT ON outbox REFERENCING NEW TABLE AS appended
        FOR EACH STATEMENT EXECUTE FUNCTION deliver();
";

/// Sequence numbers are never used twice, even of rows that were pruned: cursors point at them.
fn outbox(backend: DbBackend) -> TableCreateStatement {
    let mut table = Table::create();
    table.table(Alias::new("outbox")).col(sequence("seq"));
    event(backend, &mut table);
    table
}

fn inbox(backend: DbBackend) -> TableCreateStatement {
    keyed(backend, "inbox", &["consumer", "event_id"])
}

fn cursor(backend: DbBackend) -> TableCreateStatement {
    let mut table = keyed(backend, "cursor", &["consumer", "source"]);
    table.col(integer("seq").not_null());
    table
}

fn parked(backend: DbBackend) -> TableCreateStatement {
    let text = |name| text(backend, name);
    let mut table = Table::create();
    table.table(Alias::new("parked")).col(sequence("id"));
    table.col(text("consumer").not_null()).col(text("source").not_null()).col(integer("seq").not_null());
    event(backend, &mut table);
    table.col(text("reason").not_null()).col(integer("parked_ms").not_null());
    table
}

fn once(backend: DbBackend) -> TableCreateStatement {
    let mut table = keyed(backend, "once_key", &["caller", "method", "request_id"]);
    table.col(ColumnDef::new(Alias::new("fingerprint")).blob().not_null());
    table.col(text(backend, "resource").not_null()).col(integer("expires_ms"));
    table
}

fn barrier(backend: DbBackend) -> TableCreateStatement {
    let mut table = keyed(backend, "barrier", &["saga", "step"]);
    table.col(integer("attempt")).col(text(backend, "outcome")).col(integer("undone"));
    table.col(integer("at_ms").not_null());
    table
}

/// An event's columns, as the outbox has them and as a parked copy keeps them.
fn event(backend: DbBackend, table: &mut TableCreateStatement) {
    let text = |name| text(backend, name);
    table.col(text("event_id").not_null()).col(text("kind").not_null()).col(text("key").not_null());
    table.col(integer("version").not_null()).col(ColumnDef::new(Alias::new("payload")).blob().not_null());
    table.col(integer("at_ms").not_null()).col(text("trace"));
}

fn keyed(backend: DbBackend, name: &str, key: &[&str]) -> TableCreateStatement {
    let mut table = Table::create();
    table.table(Alias::new(name));
    let mut index = Index::create();
    for column in key {
        table.col(text(backend, column).not_null());
        index.col(Alias::new(*column));
    }
    table.primary_key(&mut index);
    if backend == DbBackend::Sqlite {
        table.extra("WITHOUT ROWID");
    }
    table
}

fn sequence(name: &str) -> ColumnDef {
    integer(name).not_null().auto_increment().primary_key().to_owned()
}

fn integer(name: &str) -> ColumnDef {
    ColumnDef::new(Alias::new(name)).big_integer().to_owned()
}

fn text(backend: DbBackend, name: &str) -> ColumnDef {
    let mut column = ColumnDef::new(Alias::new(name));
    column.text();
    if backend == DbBackend::Postgres {
        column.extra("COLLATE \"C\"");
    }
    column
}
