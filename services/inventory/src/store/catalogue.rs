//! The catalogue: SKUs, titles, and prices that are only ever added.

use super::{
    CHUNK,
    entity::{item, price},
};
use sea_orm::{
    ActiveValue::Set,
    ColumnTrait, ConnectionTrait, DbErr, EntityTrait, QueryFilter, QueryOrder,
    sea_query::{Expr, ExprTrait, OnConflict},
};
use store::Tx;

/// What the catalogue is to say of some SKUs.
pub struct Put {
    /// SKU and title; an empty title leaves the one that is there.
    items: Vec<(String, String)>,
    prices: Vec<price::Model>,
}

impl Put {
    /// In the order in which rows are written, and so locked, by everybody.
    pub fn new(mut items: Vec<(String, String)>, mut prices: Vec<price::Model>) -> Self {
        items.sort_unstable();
        prices.sort_unstable_by(|a, b| place(a).cmp(&place(b)));
        Self { items, prices }
    }
}

fn place(price: &price::Model) -> (&str, i64, &str, i64) {
    (&price.sku, price.min_quantity, &price.currency, price.minor_units)
}

/// How many SKUs are new. The same again changes nothing.
pub async fn put(tx: &Tx, put: &Put) -> Result<u64, DbErr> {
    let mut added = 0;
    for items in put.items.chunks(CHUNK) {
        let rows = items.iter().map(|(sku, title)| item::ActiveModel {
            sku: Set(sku.clone()),
            title: Set(title.clone()),
            ..Default::default()
        });
        let new = item::Entity::insert_many(rows)
            .on_conflict(OnConflict::column(item::Column::Sku).do_nothing().to_owned())
            .exec_without_returning(tx)
            .await?;
        added += new;
    }
    if added < put.items.len() as u64 {
        retitle(tx, &put.items).await?;
    }
    for prices in put.prices.chunks(CHUNK) {
        let key = [price::Column::Sku, price::Column::MinQuantity, price::Column::Currency, price::Column::MinorUnits];
        let rows = prices.iter().map(|row| price::ActiveModel {
            sku: Set(row.sku.clone()),
            min_quantity: Set(row.min_quantity),
            currency: Set(row.currency.clone()),
            minor_units: Set(row.minor_units),
        });
        price::Entity::insert_many(rows)
            .on_conflict(OnConflict::columns(key).do_nothing().to_owned())
            .exec_without_returning(tx)
            .await?;
    }
    Ok(added)
}

/// Gives SKUs that were there their new titles.
async fn retitle(tx: &Tx, items: &[(String, String)]) -> Result<(), DbErr> {
    for (sku, title) in items.iter().filter(|(_, title)| !title.is_empty()) {
        item::Entity::update_many()
            .col_expr(item::Column::Title, Expr::value(title.as_str()))
            .filter(item::Column::Sku.eq(sku.as_str()))
            .filter(Expr::col(item::Column::Title).ne(title.as_str()))
            .exec(tx)
            .await?;
    }
    Ok(())
}

/// One SKU with its prices, by quantity and price.
pub type Entry = (item::Model, Vec<price::Model>);

/// What the catalogue says of `skus`, by SKU.
pub async fn get<C: ConnectionTrait>(tx: &C, skus: &[String]) -> Result<Vec<Entry>, DbErr> {
    let items = item::Entity::find()
        .filter(item::Column::Sku.is_in(skus.iter().cloned()))
        .order_by_asc(item::Column::Sku)
        .all(tx)
        .await?;
    let prices = price::Entity::find()
        .filter(price::Column::Sku.is_in(skus.iter().cloned()))
        .order_by_asc(price::Column::Sku)
        .order_by_asc(price::Column::MinQuantity)
        .order_by_asc(price::Column::Currency)
        .order_by_asc(price::Column::MinorUnits)
        .all(tx)
        .await?;
    let mut prices = prices.into_iter().peekable();
    Ok(items
        .into_iter()
        .map(|item| {
            // Both are in order of SKU, and every price belongs to an item.
            let of_item = std::iter::from_fn(|| prices.next_if(|price| price.sku == item.sku)).collect();
            (item, of_item)
        })
        .collect())
}
