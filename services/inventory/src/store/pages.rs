//! Rows by key, a page at a time: for ListLevels and for the audit's facts. Keyset, so that the last page costs what the
//! first does.

use super::{
    entity::{item, movement, reservation as reservation_table},
    reservation, stock,
};
use crate::domain::{Level, Reservation, Sku};
use sea_orm::{ColumnTrait, ConnectionTrait, DbErr, EntityTrait, QueryFilter, QueryOrder, QuerySelect};

/// Stock by SKU, after one.
pub async fn levels<C: ConnectionTrait>(tx: &C, after: &str, most: u64) -> Result<Vec<(Sku, Level)>, DbErr> {
    let rows = item::Entity::find()
        .filter(item::Column::Sku.gt(after))
        .order_by_asc(item::Column::Sku)
        .limit(most)
        .all(tx)
        .await?;
    Ok(rows.into_iter().map(stock::level).collect())
}

/// Movements by number, after one.
pub async fn movements<C: ConnectionTrait>(tx: &C, after: i64, most: u64) -> Result<Vec<movement::Model>, DbErr> {
    movement::Entity::find()
        .filter(movement::Column::Movement.gt(after))
        .order_by_asc(movement::Column::Movement)
        .limit(most)
        .all(tx)
        .await
}

/// Reservations by order, after one.
pub async fn reservations<C: ConnectionTrait>(tx: &C, after: &str, most: u64) -> Result<Vec<Reservation>, DbErr> {
    let rows = reservation_table::Entity::find()
        .filter(reservation_table::Column::OrderId.gt(after))
        .order_by_asc(reservation_table::Column::OrderId)
        .limit(most)
        .all(tx)
        .await?;
    reservation::with_lines(tx, rows).await
}
