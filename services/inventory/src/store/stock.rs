//! Moves stock: the counters and the movements that explain them, always together.
//!
//! Where units run side by side the rows of a SKU are what everybody wants, so they are locked last and for no longer than
//! the counters take to write: a unit decides on what it reads, and taking asks once more. All who lock several take them
//! in order of SKU, in one statement or in chunks that follow each other in that order; nobody waits for another in a ring.

use super::entity::{item, movement};
use crate::domain::{Kind, Level, Lines, Reservation, Sku};
use ambient::Timestamp;
use sea_orm::{
    ActiveValue::{NotSet, Set},
    ColumnTrait, ConnectionTrait, DbBackend, DbErr, EntityTrait, FromQueryResult, QueryFilter, QueryOrder, QuerySelect,
    Select, Statement, Value,
    sea_query::LockType,
};
use std::{collections::BTreeMap, fmt::Write};
use store::Tx;

/// Rows of one statement: few enough for both engines' limits on bound values, and statements stay short.
pub const CHUNK: usize = 500;

/// Stock of one SKU that moves for one order or call.
pub struct Entry<'a> {
    pub sku: &'a Sku,
    pub quantity: i64,
    /// The order, or the key of the call.
    pub reference: &'a str,
}

impl<'a> Entry<'a> {
    /// All that an order holds.
    pub fn all(held: &'a Reservation) -> impl Iterator<Item = Self> {
        held.lines.iter().map(|line| Self { sku: &line.sku, quantity: line.quantity, reference: &held.order.0 })
    }
}

/// What a person says about a movement.
pub struct Note<'a> {
    pub reason: &'a str,
    pub actor: &'a str,
}

#[derive(FromQueryResult)]
struct OnHand {
    sku: String,
    on_hand: i64,
}

/// What is free of each SKU that the catalogue has, as it stands. Others may take it until it is taken: then the unit is
/// run again.
pub async fn on_hand(tx: &Tx, skus: impl Iterator<Item = &Sku>) -> Result<BTreeMap<Sku, i64>, DbErr> {
    let rows = item::Entity::find()
        .select_only()
        .columns([item::Column::Sku, item::Column::OnHand])
        .filter(item::Column::Sku.is_in(skus.map(|sku| sku.0.clone())))
        .into_model::<OnHand>()
        .all(tx)
        .await?;
    Ok(rows.into_iter().map(|row| (Sku(row.sku), row.on_hand)).collect())
}

/// All counters of each SKU that the catalogue has.
pub async fn levels<C: ConnectionTrait>(
    tx: &C,
    skus: impl Iterator<Item = &Sku>,
) -> Result<BTreeMap<Sku, Level>, DbErr> {
    Ok(by_sku(skus).all(tx).await?.into_iter().map(level).collect())
}

/// The same, to be decided on: nobody else moves stock of these SKUs until the unit ends. The weaker of the two locks for
/// writing, since rows that refer to a SKU hold one that the stronger would wait for.
pub async fn held_levels(tx: &Tx, skus: impl Iterator<Item = &Sku>) -> Result<BTreeMap<Sku, Level>, DbErr> {
    Ok(by_sku(skus).lock(LockType::NoKeyUpdate).all(tx).await?.into_iter().map(level).collect())
}

fn by_sku<'a>(skus: impl Iterator<Item = &'a Sku>) -> Select<item::Entity> {
    let wanted = item::Column::Sku.is_in(skus.map(|sku| sku.0.clone()));
    item::Entity::find().filter(wanted).order_by_asc(item::Column::Sku)
}

/// A row as the domain sees it.
pub fn level(row: item::Model) -> (Sku, Level) {
    let item::Model { sku, on_hand, reserved, committed, shipped, received, returned, corrected, title: _ } = row;
    (Sku(sku), Level { on_hand, reserved, committed, shipped, received, returned, corrected })
}

/// Moves `lines` for one order or call.
pub async fn move_lines(tx: &Tx, kind: Kind, lines: &Lines, reference: &str, now: Timestamp) -> Result<(), DbErr> {
    let entries: Vec<Entry> = lines.iter().map(|(sku, quantity)| Entry { sku, quantity, reference }).collect();
    move_stock(tx, kind, &entries, None, now).await
}

/// Moves stock of any number of orders: the last that a unit writes, for here it comes to hold what others wait for. The
/// caller has decided that it is there; the table's CHECKs hold it once more.
pub async fn move_stock(
    tx: &Tx,
    kind: Kind,
    entries: &[Entry<'_>],
    note: Option<&Note<'_>>,
    now: Timestamp,
) -> Result<(), DbErr> {
    for entries in entries.chunks(CHUNK) {
        let rows = entries.iter().map(|entry| movement::ActiveModel {
            movement: NotSet,
            sku: Set(entry.sku.0.clone()),
            kind: Set(kind.name().to_owned()),
            came_from: Set(kind.from().to_owned()),
            quantity: Set(entry.quantity),
            reference: Set(entry.reference.to_owned()),
            reason: Set(note.map(|note| note.reason.to_owned())),
            actor: Set(note.map(|note| note.actor.to_owned())),
            at: Set(now.as_millis()),
        });
        movement::Entity::insert_many(rows).exec_without_returning(tx).await?;
    }
    let mut sums: BTreeMap<&Sku, i64> = BTreeMap::new();
    for entry in entries {
        *sums.entry(entry.sku).or_default() += entry.quantity;
    }
    let sums: Vec<(&Sku, i64)> = sums.into_iter().collect();
    for sums in sums.chunks(CHUNK) {
        count(tx, kind, sums).await?;
    }
    Ok(())
}

/// One statement for all SKUs: an order of twenty lines would otherwise cost twenty.
async fn count(tx: &Tx, kind: Kind, sums: &[(&Sku, i64)]) -> Result<(), DbErr> {
    let engine = tx.get_database_backend();
    if engine == DbBackend::Postgres && sums.len() > 1 {
        hold(tx, sums).await?;
    }
    let mut values: Vec<Value> = Vec::with_capacity(sums.len() * 2);
    for (sku, quantity) in sums {
        values.push(Value::from(sku.0.as_str()));
        values.push(Value::from(*quantity));
    }
    let statement = Statement::from_sql_and_values(engine, count_sql(kind, sums.len()), values);
    let counted = tx.execute_raw(statement).await?.rows_affected();
    if counted == sums.len() as u64 {
        return Ok(());
    }
    if engine == DbBackend::Postgres && kind == Kind::Reserve {
        tx.execute_unprepared(AGAIN).await?;
    }
    Err(DbErr::Custom(format!("I2: only {} of {} SKUs of a {} are there", counted, sums.len(), kind.name())))
}

/// Locks rows in order of SKU; an update of several locks them as it comes upon them. A statement of its own: one that both
/// locks and updates would first wait for the newest state of a row and then go back to the one it set out from, where
/// those who wait behind it stand.
async fn hold(tx: &Tx, sums: &[(&Sku, i64)]) -> Result<(), DbErr> {
    let rows = by_sku(sums.iter().map(|(sku, _)| *sku)).select_only().column(item::Column::Sku);
    rows.lock(LockType::NoKeyUpdate).into_tuple::<String>().all(tx).await.map(drop)
}

/// What the unit decided on was taken by another that committed meanwhile. That is what the engine calls a serialization
/// failure when it finds it by itself, and the store runs the unit again: this time it sees what is left.
const AGAIN: &str = "DO $$ BEGIN RAISE EXCEPTION 'the stock was taken meanwhile' \
    USING ERRCODE = 'serialization_failure'; END $$";

/// `$1` counts in PostgreSQL, and in SQLite it is a name that is numbered as it first appears: one text for both. Stock is
/// only reserved where it still is.
fn count_sql(kind: Kind, rows: usize) -> String {
    let mut sql = String::from("WITH moved (sku, quantity) AS (VALUES ");
    for row in 0..rows {
        let comma = if row == 0 { "" } else { ", " };
        let _infallible = write!(sql, "{comma}(${}, CAST(${} AS BIGINT))", row * 2 + 1, row * 2 + 2);
    }
    sql.push_str(") UPDATE item SET ");
    let mut comma = "";
    for (counter, sign) in kind.effect().counters().into_iter().filter(|(_, sign)| *sign != 0) {
        let sign = if sign > 0 { '+' } else { '-' };
        let _infallible = write!(sql, "{comma}{counter} = item.{counter} {sign} moved.quantity");
        comma = ", ";
    }
    sql.push_str(" FROM moved WHERE item.sku = moved.sku");
    if kind == Kind::Reserve {
        sql.push_str(" AND item.on_hand >= moved.quantity");
    }
    sql
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_statement_moves_what_the_domain_says() {
        let expected = "WITH moved (sku, quantity) AS (VALUES ($1, CAST($2 AS BIGINT)), ($3, CAST($4 AS BIGINT))) \
            UPDATE item SET reserved = item.reserved - moved.quantity, committed = item.committed + moved.quantity \
            FROM moved WHERE item.sku = moved.sku";
        assert_eq!(count_sql(Kind::Commit, 2), expected);
        assert!(count_sql(Kind::Reserve, 1).ends_with("WHERE item.sku = moved.sku AND item.on_hand >= moved.quantity"));
    }
}
