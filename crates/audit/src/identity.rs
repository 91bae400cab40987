//! I3: no order is lost or doubled. Keys, rows, histories, and what other services hold for orders, name the same orders.

use crate::{
    books::{Books, Change, OrderBook, OrderRow, state_name},
    report::{Invariant::I3, Report},
    snapshot::Scope,
};
use api::{inventory::v1::ReservationState, order::v1::OrderState, shipping::v1::ShipmentState};

pub fn judge(books: &Books, scope: &Scope<'_>, report: &mut Report) {
    for (key, orders) in books.keys.iter() {
        if orders.len() > 1 && scope.is_at_rest() {
            report.broken(I3, format!("key {key}"), format!("it stands for {} orders", orders.len()));
        }
        for order in orders.iter().filter(|order| books.orders.at(**order).row.is_none()) {
            // A key and its order are written together, so that even a live export may not see one without the other,
            // unless keys were read after orders.
            if scope.is_at_rest() {
                let detail = format!("it names order {}, which does not exist", books.orders.name(*order));
                report.broken(I3, format!("key {key}"), detail);
            }
        }
    }
    for (id, book) in books.orders.iter() {
        if scope.order(id, book) {
            judge_order(id, book, report);
        }
    }
}

fn judge_order(id: &str, book: &OrderBook, report: &mut Report) {
    let mut broken = |detail: String| report.broken(I3, format!("order {id}"), detail);
    let Some(row) = &book.row else {
        orphans(book, &mut broken);
        return;
    };
    if book.rows > 1 {
        broken(format!("{} rows bear its identifier", book.rows));
    }
    if book.keys != 1 {
        broken(format!("{} keys name it where one is due", book.keys));
    }
    if let Some(detail) = history_breaks(row, &book.history) {
        broken(detail);
    }
}

/// What is held for an order that orders does not know.
fn orphans(book: &OrderBook, broken: &mut impl FnMut(String)) {
    let bound = |state| matches!(state, ReservationState::Committed | ReservationState::Shipped);
    let kinds = [
        ("history", !book.history.is_empty()),
        ("a return", !book.returns.is_empty()),
        ("a payment", !book.payments.is_empty()),
        ("stock", book.reservations.iter().any(|reservation| bound(reservation.state))),
        ("a shipment", book.shipments.iter().any(|shipment| shipment.state != ShipmentState::Cancelled)),
    ];
    let found: Vec<&str> = kinds.into_iter().filter(|(_, there)| *there).map(|(name, _)| name).collect();
    if !found.is_empty() {
        broken(format!("there is {} of it, but no order", found.join(" and ")));
    }
}

/// Gapless from 1, each change beginning where the one before ended, the last one where the order stands.
fn history_breaks(row: &OrderRow, history: &[Change]) -> Option<String> {
    let mut history = history.to_vec();
    history.sort_by_key(|change| change.sequence);
    let mut stands = OrderState::Unspecified;
    for (expected, change) in (1..).zip(&history) {
        if change.sequence != expected {
            return Some(format!("its history has entry {} where {expected} is due", change.sequence));
        }
        if change.from != stands {
            let (from, stood) = (state_name(change.from), state_name(stands));
            return Some(format!("entry {expected} of its history leaves {from}, but it stood in {stood}"));
        }
        stands = change.to;
    }
    if stands != row.state {
        return Some(format!("it is {}, its history ends in {}", state_name(row.state), state_name(stands)));
    }
    let last = history.last().map_or(0, |change| change.sequence);
    (last != row.sequence).then(|| format!("its sequence is {}, its history ends at {last}", row.sequence))
}
