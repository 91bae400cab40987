//! Reads requests: what [`Check`] does not know already, the catalogue's items, lines of stock, and how long to hold them.

use crate::domain::{Lines, OrderId, Sku};
use api::{inventory::v1 as pb, types::StepRef};
use fabric::{Check, time};
use std::{collections::BTreeSet, time::Duration};

/// Items, SKUs or lines of one call.
const MOST: usize = 1_000;
/// Pieces of one line. A thousand order lines of a million pieces each are one line here, when they are of one SKU.
const MOST_PIECES: i64 = 1_000_000_000;
/// The longest hold.
const LONGEST_HOLD: Duration = Duration::from_secs(30 * 24 * 3_600);

pub fn order(check: &mut Check, id: &str) -> OrderId {
    check.text(id, 128, "order_id");
    fabric::trace::annotate(fabric::trace::names::ORDER_ID, id);
    OrderId(id.to_owned())
}

pub fn count(check: &mut Check, count: usize, field: &str) {
    check.require((1..=MOST).contains(&count), field, &format!("1 to {MOST} of them"));
}

pub fn lines(check: &mut Check, lines: &[pb::StockLine]) -> Lines {
    count(check, lines.len(), "lines");
    for (place, line) in lines.iter().enumerate() {
        check.text(&line.sku, 64, format!("lines[{place}].sku"));
        let right = (1..=MOST_PIECES).contains(&line.quantity);
        check.require(right, format!("lines[{place}].quantity"), &format!("1 to {MOST_PIECES}"));
    }
    Lines::sum(lines.iter().map(|line| (Sku(line.sku.clone()), line.quantity)))
}

pub fn skus(check: &mut Check, skus: &[String]) {
    count(check, skus.len(), "skus");
    for (place, sku) in skus.iter().enumerate() {
        check.text(sku, 64, format!("skus[{place}]"));
    }
}

pub fn difference(check: &mut Check, difference: i64) {
    let right = difference != 0 && difference.unsigned_abs() <= MOST_PIECES.unsigned_abs();
    check.require(right, "difference", &format!("not zero, and at most {MOST_PIECES} either way"));
}

/// How long to hold; none when the caller leaves it to the service.
pub fn hold_for(check: &mut Check, hold_for: Option<prost_types::Duration>) -> Option<Duration> {
    let asked = time::span(&hold_for?).unwrap_or_default();
    let right = !asked.is_zero() && asked <= LONGEST_HOLD;
    check.require(right, "hold_for", "more than nothing, at most 30 days");
    Some(asked)
}

/// A step that is to be done.
pub fn step(check: &mut Check, step: Option<&StepRef>) {
    if let Some(StepRef { saga, step, attempt }) = step {
        check.step(saga, step, *attempt);
    }
}

/// A step that is to be undone.
pub fn undoes(check: &mut Check, step: Option<&StepRef>) {
    if let Some(StepRef { saga, step, attempt }) = step {
        check.undoes(saga, step, *attempt);
    }
}

pub fn items(check: &mut Check, items: &[pb::CatalogueItem]) {
    count(check, items.len(), "items");
    let mut seen = BTreeSet::new();
    for (place, item) in items.iter().enumerate() {
        let at = format!("items[{place}]");
        check.text(&item.sku, 64, format!("{at}.sku"));
        check.require(seen.insert(&item.sku), format!("{at}.sku"), "named twice in one call");
        check.require(item.title.chars().count() <= 512, format!("{at}.title"), "at most 512 characters");
        count(check, item.prices.len(), &format!("{at}.prices"));
        for (number, offered) in item.prices.iter().enumerate() {
            price(check, offered, &format!("{at}.prices[{number}]"));
        }
    }
}

fn price(check: &mut Check, price: &pb::Price, at: &str) {
    check.require(price.min_quantity >= 1, format!("{at}.min_quantity"), "1 or more");
    let Some(money) = &price.unit_price else {
        return check.require(false, format!("{at}.unit_price"), "required");
    };
    let code = &money.currency_code;
    let right = code.len() == 3 && code.bytes().all(|byte| byte.is_ascii_uppercase());
    check.require(right, format!("{at}.unit_price.currency_code"), "three capital letters (ISO 4217)");
    check.require(money.minor_units >= 0, format!("{at}.unit_price.minor_units"), "not negative");
}
