//! The journal's tables. They come first among the migrations of every service.
//!
//! On SQLite those whose key is all there is to find them by are kept without a row id: one tree instead of two.

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
        for table in [outbox(), inbox(backend), cursor(backend), parked(), once(backend), barrier(backend)] {
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
        manager.get_connection().execute_unprepared(expiring).await.map(drop)
    }
}

/// Sequence numbers are never used twice, even of rows that were pruned: cursors point at them.
fn outbox() -> TableCreateStatement {
    let mut table = Table::create();
    table.table(Alias::new("outbox")).col(sequence("seq"));
    event(&mut table);
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

fn parked() -> TableCreateStatement {
    let mut table = Table::create();
    table.table(Alias::new("parked")).col(sequence("id"));
    table.col(text("consumer").not_null()).col(text("source").not_null()).col(integer("seq").not_null());
    event(&mut table);
    table.col(text("reason").not_null()).col(integer("parked_ms").not_null());
    table
}

fn once(backend: DbBackend) -> TableCreateStatement {
    let mut table = keyed(backend, "once_key", &["caller", "method", "request_id"]);
    table.col(ColumnDef::new(Alias::new("fingerprint")).blob().not_null());
    table.col(text("resource").not_null()).col(integer("expires_ms"));
    table
}

fn barrier(backend: DbBackend) -> TableCreateStatement {
    let mut table = keyed(backend, "barrier", &["saga", "step"]);
    table.col(integer("attempt")).col(text("outcome")).col(integer("undone"));
    table.col(integer("at_ms").not_null());
    table
}

/// An event's columns, as the outbox has them and as a parked copy keeps them.
fn event(table: &mut TableCreateStatement) {
    table.col(text("event_id").not_null()).col(text("kind").not_null()).col(text("key").not_null());
    table.col(integer("version").not_null()).col(ColumnDef::new(Alias::new("payload")).blob().not_null());
    table.col(integer("at_ms").not_null()).col(text("trace"));
}

fn keyed(backend: DbBackend, name: &str, key: &[&str]) -> TableCreateStatement {
    let mut table = Table::create();
    table.table(Alias::new(name));
    let mut index = Index::create();
    for column in key {
        table.col(text(column).not_null());
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

fn text(name: &str) -> ColumnDef {
    ColumnDef::new(Alias::new(name)).text().to_owned()
}
