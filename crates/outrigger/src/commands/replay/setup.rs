//! The shop before its first order: what it sells at which prices, and how much of it.

use super::shop::{Shop, persist};
use crate::{
    failure::Failure,
    feed::{CURRENCY, Item, Survey},
};
use api::{
    inventory::v1::{CatalogueItem, Price, PutCatalogueRequest, ReceiveStockRequest, StockLine},
    types::Money,
};

/// The contract's bound on a request.
const AT_ONCE: usize = 1_000;
/// The contract's bound on one line.
const MOST: i64 = 1_000_000;

/// Puts the feed's codes into the catalogue, each with every price that a line of it carries, and takes the opening
/// stock in, once: its keys name the feed.
pub async fn open_shop(shop: &Shop, survey: &Survey, percent: u32) -> Result<(), Failure> {
    let items: Vec<CatalogueItem> = survey.catalogue.iter().map(|(code, item)| catalogue_item(code, item)).collect();
    for items in items.chunks(AT_ONCE) {
        let request = PutCatalogueRequest { items: items.to_vec() };
        persist(|| {
            let (mut inventory, request) = (shop.inventory.clone(), request.clone());
            async move { inventory.put_catalogue(request).await }
        })
        .await?;
    }
    let stock: Vec<StockLine> = survey.catalogue.iter().flat_map(|(code, item)| stock(code, item, percent)).collect();
    for (at, lines) in stock.chunks(AT_ONCE).enumerate() {
        let request_id = format!("opening-stock/{}/{percent}%/{at}", survey.name());
        let request = ReceiveStockRequest { request_id, lines: lines.to_vec() };
        persist(|| {
            let (mut inventory, request) = (shop.inventory.clone(), request.clone());
            async move { inventory.receive_stock(request).await }
        })
        .await?;
    }
    Ok(())
}

fn catalogue_item(code: &str, item: &Item) -> CatalogueItem {
    let price = |minor_units: &i64| Price {
        unit_price: Some(Money { currency_code: CURRENCY.to_owned(), minor_units: *minor_units }),
        min_quantity: 1,
    };
    let title = if item.title.is_empty() { code } else { &item.title };
    CatalogueItem { sku: code.to_owned(), title: title.to_owned(), prices: item.prices.iter().map(price).collect() }
}

/// In lines that the contract takes.
fn stock(code: &str, item: &Item, percent: u32) -> Vec<StockLine> {
    let mut left = i128::from(item.sold) * i128::from(percent) / 100;
    let mut lines = Vec::new();
    while left > 0 {
        let quantity = i64::try_from(left).unwrap_or(MOST).min(MOST);
        lines.push(StockLine { sku: code.to_owned(), quantity });
        left -= i128::from(quantity);
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stock_comes_in_lines_that_the_contract_takes() {
        let item = Item { sold: 2_500_000, ..Item::default() };
        let quantities: Vec<i64> = stock("A", &item, 100).iter().map(|line| line.quantity).collect();
        assert_eq!(quantities, [MOST, MOST, 500_000]);
        assert_eq!(stock("A", &item, 0), []);
        assert_eq!(stock("A", &Item { sold: 3, ..Item::default() }, 50)[0].quantity, 1);
    }
}
