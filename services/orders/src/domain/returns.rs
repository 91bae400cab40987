//! What may come back: never more than went out, line by line, at the price it was bought for.

use super::{
    order::{Content, Line, Order},
    place::{Violations, check_id, check_request_id, check_text},
    steps,
};
use ambient::Timestamp;
use api::{
    order::v1::{OrderState, ReturnItemsRequest},
    types::Money,
};
use saga::Step;
use std::sync::Arc;

const MAX_LINES: usize = 1_000;

/// Some of what was bought at one price.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReturnLine {
    /// The SKU.
    pub sku: String,
    /// How many.
    pub quantity: i64,
    /// Per piece.
    pub unit_price: i64,
    /// Of `unit_price`.
    pub currency: String,
}

/// A return, as it is recorded and carried out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Return {
    /// Its identifier, its saga's too.
    pub return_id: String,
    /// The order.
    pub order_id: String,
    /// What was paid with.
    pub payment_id: String,
    /// What comes back.
    pub lines: Arc<Vec<ReturnLine>>,
    /// What is given back for it.
    pub refund: i64,
    /// Of `refund`.
    pub currency: String,
    /// Why.
    pub reason: String,
    /// When it was recorded.
    pub created_at: Timestamp,
}

impl Return {
    /// The steps of its saga.
    pub fn steps(&self) -> &'static [Step] {
        if self.refund > 0 { steps::RETURN } else { steps::RESTOCK_ONLY }
    }
}

/// A line of which more would come back than went out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TooMany {
    /// The SKU.
    pub sku: String,
    /// What can still come back at this price.
    pub left: i64,
}

/// What an order gives for a return: how many come back of each of its lines, and the refund.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Given {
    /// (number of the order's line, how many of it come back now)
    pub taken_back: Vec<(usize, i64)>,
    /// In minor units.
    pub refund: i64,
}

/// Looks at every field of a request.
pub fn check_return(request: &ReturnItemsRequest) -> Result<Vec<ReturnLine>, Violations> {
    let mut violations = Violations::default();
    let v = &mut violations;
    check_request_id(v, &request.request_id);
    check_id(v, "order_id", &request.order_id, 64);
    check_text(v, "reason", &request.reason, 1_000);
    if request.lines.is_empty() || request.lines.len() > MAX_LINES {
        v.add("lines", format!("1 to {MAX_LINES} are needed"));
    }
    let mut lines = Vec::with_capacity(request.lines.len().min(MAX_LINES));
    for (at, line) in request.lines.iter().take(MAX_LINES).enumerate() {
        check_id(v, &format!("lines[{at}].sku"), &line.sku, 64);
        if line.quantity < 1 {
            v.add(format!("lines[{at}].quantity"), "must be 1 or more");
        }
        if line.unit_price.is_none() {
            v.add(format!("lines[{at}].unit_price"), "is missing");
        }
        let Money { currency_code, minor_units } = line.unit_price.clone().unwrap_or_default();
        lines.push(ReturnLine {
            sku: line.sku.clone(),
            quantity: line.quantity,
            unit_price: minor_units,
            currency: currency_code,
        });
    }
    violations.or(lines)
}

/// True for an order whose goods went out, and not by a person's word alone.
pub fn is_returnable(order: &Order) -> bool {
    matches!(order.state, OrderState::Shipped | OrderState::Completed) && order.waiver.is_none()
}

/// Spreads what comes back over the order's lines of that SKU and price, in their order. `already` is what was promised
/// for earlier returns: nobody gets back more than the order cost, discounts counted.
pub fn take_back(content: &Content, already: i64, wanted: &[ReturnLine]) -> Result<Given, TooMany> {
    let mut left: Vec<i64> = content.lines.iter().map(|line| line.quantity - line.returned).collect();
    let mut refund = 0_i64;
    for want in wanted {
        let mut missing = want.quantity;
        let same = |line: &Line| {
            line.sku == want.sku && line.unit_price == want.unit_price && content.currency == want.currency
        };
        for (at, _) in content.lines.iter().enumerate().filter(|(_, line)| same(line)) {
            let now = missing.min(left[at]);
            left[at] -= now;
            missing -= now;
        }
        if missing > 0 {
            return Err(TooMany { sku: want.sku.clone(), left: want.quantity - missing });
        }
        refund = refund.saturating_add(want.unit_price.saturating_mul(want.quantity));
    }
    let taken_back = content.lines.iter().zip(left).enumerate();
    Ok(Given {
        taken_back: taken_back
            .map(|(at, (line, left))| (at, line.quantity - line.returned - left))
            .filter(|(_, back)| *back > 0)
            .collect(),
        refund: refund.min(content.total - already).max(0),
    })
}

#[cfg(test)]
#[path = "returns_tests.rs"]
mod tests;
