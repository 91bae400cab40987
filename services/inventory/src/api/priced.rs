//! The catalogue's rows as the contract's messages, and back.

use crate::store::{catalogue::Entry, entity::price};
use api::{
    inventory::v1::{CatalogueItem, Price},
    types::Money,
};

/// A SKU with its prices.
pub fn item((item, prices): Entry) -> CatalogueItem {
    let price = |row: price::Model| Price {
        unit_price: Some(Money { currency_code: row.currency, minor_units: row.minor_units }),
        min_quantity: row.min_quantity,
    };
    CatalogueItem { sku: item.sku, title: item.title, prices: prices.into_iter().map(price).collect() }
}

/// A price of a SKU; nothing when the message names no amount, which was refused before.
pub fn row(sku: &str, price: &Price) -> Option<price::Model> {
    let money = price.unit_price.as_ref()?;
    Some(price::Model {
        sku: sku.to_owned(),
        min_quantity: price.min_quantity,
        currency: money.currency_code.clone(),
        minor_units: money.minor_units,
    })
}
