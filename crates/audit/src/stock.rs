//! I2: stock is conserved. What inventory says of a SKU, what its movements give, and what its reservations hold agree.

use crate::{
    books::{Books, Level, SkuBook},
    names::Index,
    report::{Invariant::I2, Report},
    snapshot::Scope,
};
use api::inventory::v1::ReservationState;
use std::collections::HashMap;

/// What the reservations of all orders say of one SKU.
#[derive(Clone, Copy, Debug, Default)]
struct Claims {
    reserved: i64,
    committed: i64,
    shipped: i64,
    /// Came back by returns that are done.
    returned: i64,
}

pub fn judge(books: &Books, scope: &Scope<'_>, report: &mut Report) {
    let claims = claims(books);
    for (place, (sku, book)) in books.skus.iter().enumerate() {
        let mut broken = |detail: String| report.broken(I2, format!("sku {sku}"), detail);
        let Some(level) = book.row else {
            if book.movements > 0 && scope.sku(sku) {
                broken(format!("{} movements, but no stock level", book.movements));
            }
            continue;
        };
        holds_by_itself(&level, &mut broken);
        if scope.sku(sku) {
            let claims = claims.get(&(place as Index)).copied().unwrap_or_default();
            agrees_with_movements(book, &level, &mut broken);
            agrees_with_orders(&level, claims, &mut broken);
        }
    }
}

fn claims(books: &Books) -> HashMap<Index, Claims> {
    let mut claims: HashMap<Index, Claims> = HashMap::new();
    for (_, order) in books.orders.iter() {
        for reservation in &order.reservations {
            for (sku, quantity) in &reservation.lines {
                let claim = claims.entry(*sku).or_default();
                match reservation.state {
                    ReservationState::Held => claim.reserved += quantity,
                    ReservationState::Committed => claim.committed += quantity,
                    ReservationState::Shipped => claim.shipped += quantity,
                    ReservationState::Released | ReservationState::Expired | ReservationState::Unspecified => {}
                }
            }
        }
        for (sku, quantity) in order.returns.iter().filter(|back| back.done).flat_map(|back| &back.lines) {
            claims.entry(*sku).or_default().returned += quantity;
        }
    }
    claims
}

/// What one row must satisfy whatever else goes on.
fn holds_by_itself(level: &Level, broken: &mut impl FnMut(String)) {
    let (out, within) = (
        level.on_hand + level.reserved + level.committed + level.shipped,
        level.received + level.returned + level.corrected,
    );
    if out != within {
        broken(format!(
            "on hand {} + reserved {} + committed {} + shipped {} = {out}, but received {} + returned {} + corrected {} = {within}",
            level.on_hand,
            level.reserved,
            level.committed,
            level.shipped,
            level.received,
            level.returned,
            level.corrected
        ));
    }
    if let Some((part, value)) = level.below_zero() {
        broken(format!("{part} is {value}"));
    }
    if level.returned > level.shipped {
        broken(format!("returned {} is more than was ever shipped, {}", level.returned, level.shipped));
    }
}

fn agrees_with_movements(book: &SkuBook, level: &Level, broken: &mut impl FnMut(String)) {
    if book.rows > 1 {
        broken(format!("{} rows bear this code", book.rows));
    }
    if let Some(kind) = &book.unknown_kind {
        broken(format!("a movement is of a kind that does not exist: '{kind}'"));
    }
    for ((part, kept), (_, moved)) in level.parts().into_iter().zip(book.moved.parts()) {
        if kept != moved {
            broken(format!("{part} is {kept}, its movements give {moved}"));
        }
    }
    if let Some(movement) = book.sank_at {
        broken(format!("something was below zero after movement {movement}"));
    }
}

fn agrees_with_orders(level: &Level, claims: Claims, broken: &mut impl FnMut(String)) {
    let pairs = [
        ("reserved", level.reserved, claims.reserved),
        ("committed", level.committed, claims.committed),
        ("shipped", level.shipped, claims.shipped),
    ];
    for (part, kept, claimed) in pairs {
        if kept != claimed {
            broken(format!("{part} is {kept}, the reservations add up to {claimed}"));
        }
    }
    // More may have come back than orders know of (a person may restock), less may not.
    if level.returned < claims.returned {
        broken(format!("returned is {}, the returns that are done add up to {}", level.returned, claims.returned));
    }
}
