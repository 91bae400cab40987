//! Reads requests: what [`Check`] does not know already, the parcel and whose it is.

use crate::domain::{Line, OrderId};
use api::{inventory::v1::StockLine, types::StepRef};
use fabric::Check;

/// Lines of one parcel.
const MOST: usize = 1_000;
/// Pieces of one line. A thousand order lines of a million pieces each are one line here, when they are of one SKU.
const MOST_PIECES: i64 = 1_000_000_000;

pub fn order(check: &mut Check, id: &str) -> OrderId {
    check.text(id, 128, "order_id");
    fabric::trace::annotate(fabric::trace::names::ORDER_ID, id);
    OrderId(id.to_owned())
}

/// What is in the parcel; nothing, for an order of charges alone.
pub fn lines(check: &mut Check, lines: &[StockLine]) -> Vec<Line> {
    check.require(lines.len() <= MOST, "lines", &format!("at most {MOST} of them"));
    for (place, line) in lines.iter().enumerate() {
        check.text(&line.sku, 64, format!("lines[{place}].sku"));
        let right = (1..=MOST_PIECES).contains(&line.quantity);
        check.require(right, format!("lines[{place}].quantity"), &format!("1 to {MOST_PIECES}"));
    }
    lines.iter().map(|line| Line { sku: line.sku.clone(), quantity: line.quantity }).collect()
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
