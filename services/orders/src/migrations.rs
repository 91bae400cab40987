//! The tables of orders. Their order is their history: never change one that has shipped, add another.

use sea_orm_migration::{prelude::*, sea_orm::DbBackend};

pub struct CreateOrders;

impl MigrationName for CreateOrders {
    fn name(&self) -> &str {
        "orders_0001_create"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for CreateOrders {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for table in [orders(), lines(), charges(), history(), returns(), return_lines(), secrets()] {
            manager.create_table(table).await?;
        }
        let connection = manager.get_connection();
        if connection.get_database_backend() == DbBackend::Postgres {
            for column in BYTEWISE {
                connection.execute_unprepared(column).await?;
            }
        }
        for index in INDEXES {
            connection.execute_unprepared(index).await?;
        }
        Ok(())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for table in
            ["order_return_line", "order_return", "order_history", "order_charge", "order_line", "orders", "secret"]
        {
            manager.drop_table(Table::drop().table(table).to_owned()).await?;
        }
        Ok(())
    }
}

/// Pages follow each other by these, and go by the bytes, as on SQLite and in Rust, whatever the database's language.
const BYTEWISE: [&str; 3] = [
    "ALTER TABLE orders ALTER COLUMN id TYPE TEXT COLLATE \"C\"",
    "ALTER TABLE order_history ALTER COLUMN order_id TYPE TEXT COLLATE \"C\"",
    "ALTER TABLE order_return ALTER COLUMN id TYPE TEXT COLLATE \"C\"",
];

/// Lists by state, by customer and of parked orders stay flat however many orders there are.
const INDEXES: [&str; 4] = [
    "CREATE INDEX orders_state ON orders (state, id)",
    "CREATE INDEX orders_customer ON orders (customer_id, id)",
    "CREATE INDEX orders_parked ON orders (parked_at, id) WHERE parked_at IS NOT NULL",
    "CREATE INDEX order_return_order ON order_return (order_id)",
];

fn orders() -> TableCreateStatement {
    Table::create()
        .table("orders")
        .col(text("id").primary_key())
        .col(text("customer_id"))
        .col(text("email"))
        .col(text("method"))
        .col(text("token"))
        .col(text("failure_action"))
        .col(ColumnDef::new("retry_for").big_integer())
        .col(text("currency"))
        .col(number("total").check(Expr::cust("total > 0")))
        .col(ColumnDef::new("trace").text())
        .col(text("state"))
        .col(text("cause"))
        .col(text("reason"))
        .col(number("sequence"))
        .col(number("taken"))
        .col(text("payment_id"))
        .col(text("shipment_id"))
        .col(number("returned_total").check(Expr::cust("returned_total >= 0 AND returned_total <= total")))
        .col(ColumnDef::new("cancel_actor").text())
        .col(ColumnDef::new("cancel_reason").text())
        .col(ColumnDef::new("parked_step").text())
        .col(ColumnDef::new("parked_at").big_integer())
        .col(ColumnDef::new("waiver_actor").text())
        .col(ColumnDef::new("waiver_note").text())
        .col(ColumnDef::new("waiver_at").big_integer())
        .col(number("created_at"))
        .col(number("updated_at"))
        .to_owned()
}

fn lines() -> TableCreateStatement {
    Table::create()
        .table("order_line")
        .col(text("order_id"))
        .col(number("line"))
        .col(text("sku"))
        .col(text("title"))
        .col(number("quantity").check(Expr::cust("quantity > 0")))
        .col(number("unit_price"))
        .col(number("returned").check(Expr::cust("returned >= 0 AND returned <= quantity")))
        .primary_key(Index::create().col("order_id").col("line"))
        .to_owned()
}

fn charges() -> TableCreateStatement {
    Table::create()
        .table("order_charge")
        .col(text("order_id"))
        .col(number("line"))
        .col(text("code"))
        .col(text("title"))
        .col(number("amount"))
        .primary_key(Index::create().col("order_id").col("line"))
        .to_owned()
}

fn history() -> TableCreateStatement {
    Table::create()
        .table("order_history")
        .col(text("order_id"))
        .col(number("sequence"))
        .col(text("from_state"))
        .col(text("state"))
        .col(text("cause"))
        .col(text("reason"))
        .col(text("actor"))
        .col(number("at"))
        .primary_key(Index::create().col("order_id").col("sequence"))
        .to_owned()
}

fn returns() -> TableCreateStatement {
    Table::create()
        .table("order_return")
        .col(text("id").primary_key())
        .col(text("order_id"))
        .col(text("payment_id"))
        .col(text("currency"))
        .col(number("refund").check(Expr::cust("refund >= 0")))
        .col(text("reason"))
        .col(number("done"))
        .col(number("created_at"))
        .to_owned()
}

fn return_lines() -> TableCreateStatement {
    Table::create()
        .table("order_return_line")
        .col(text("return_id"))
        .col(number("line"))
        .col(text("sku"))
        .col(number("quantity"))
        .col(number("unit_price"))
        .primary_key(Index::create().col("return_id").col("line"))
        .to_owned()
}

/// What page tokens are checked with.
fn secrets() -> TableCreateStatement {
    Table::create().table("secret").col(text("name").primary_key()).col(number("high")).col(number("low")).to_owned()
}

fn text(name: &'static str) -> ColumnDef {
    ColumnDef::new(name).text().not_null().to_owned()
}

fn number(name: &'static str) -> ColumnDef {
    ColumnDef::new(name).big_integer().not_null().to_owned()
}
