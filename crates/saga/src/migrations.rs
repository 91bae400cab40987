//! The two tables of every service that runs sagas.

use sea_orm_migration::prelude::*;

/// What a service adds to its own migrations.
pub fn migrations() -> Vec<Box<dyn MigrationTrait>> {
    vec![Box::new(CreateSagas)]
}

struct CreateSagas;

impl MigrationName for CreateSagas {
    fn name(&self) -> &str {
        "saga_0001_create"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for CreateSagas {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.create_table(saga()).await?;
        manager.create_table(log()).await?;
        for index in INDEXES {
            manager.get_connection().execute_unprepared(index).await?;
        }
        Ok(())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.drop_table(Table::drop().table("saga_log").to_owned()).await?;
        manager.drop_table(Table::drop().table("saga").to_owned()).await
    }
}

/// Partial, so that ten million finished sagas cost nothing: what is due, what runs, and what may be forgotten.
const INDEXES: [&str; 3] = [
    "CREATE INDEX saga_due ON saga (kind, wake_at) WHERE wake_at IS NOT NULL",
    "CREATE INDEX saga_running ON saga (kind) WHERE status = 'running'",
    "CREATE INDEX saga_done ON saga (kind, updated_at) WHERE status = 'done'",
];

fn saga() -> TableCreateStatement {
    Table::create()
        .table("saga")
        .col(text("id").primary_key())
        .col(text("kind"))
        .col(text("status"))
        .col(text("direction"))
        .col(number("step"))
        .col(number("attempt"))
        .col(number("reached"))
        .col(number("tries"))
        .col(ColumnDef::new("refused_at").big_integer())
        .col(ColumnDef::new("unknown_at").big_integer())
        .col(ColumnDef::new("wish").text())
        .col(ColumnDef::new("cause").text())
        .col(ColumnDef::new("wake_at").big_integer())
        .col(number("fence"))
        .col(number("seq"))
        .col(ColumnDef::new("trace").text())
        .col(number("created_at"))
        .col(number("updated_at"))
        .to_owned()
}

fn log() -> TableCreateStatement {
    Table::create()
        .table("saga_log")
        .col(text("saga"))
        .col(number("seq"))
        .col(number("at"))
        .col(text("direction"))
        .col(text("step"))
        .col(number("attempt"))
        .col(text("entry"))
        .col(text("detail"))
        .primary_key(Index::create().col("saga").col("seq"))
        .to_owned()
}

fn text(name: &'static str) -> ColumnDef {
    ColumnDef::new(name).text().not_null().to_owned()
}

fn number(name: &'static str) -> ColumnDef {
    ColumnDef::new(name).big_integer().not_null().to_owned()
}
