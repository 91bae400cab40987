//! I5: an effect happens once. One payment that took money, one parcel, one reservation, no more back than went out.

use crate::{
    books::{Books, OrderBook, OrderRow, Quantities},
    money::Moved,
    report::{Invariant::I5, Report},
    snapshot::Scope,
};
use api::{inventory::v1::ReservationState, shipping::v1::ShipmentState};

pub fn judge(books: &Books, moved: &Moved, scope: &Scope<'_>, report: &mut Report) {
    for (id, book) in books.orders.iter() {
        if !scope.order(id, book) {
            continue;
        }
        let mut broken = |detail: String| report.broken(I5, format!("order {id}"), detail);
        one_of_each(book, moved, &mut broken);
        parcel_has_its_stock(book, &mut broken);
        if let Some(row) = &book.row {
            returns_stay_within(books, book, row, &mut broken);
        }
    }
}

fn one_of_each(book: &OrderBook, moved: &Moved, broken: &mut impl FnMut(String)) {
    let took = book.payments.iter().filter(|payment| moved.get(payment).is_some_and(|tally| tally.taken > 0)).count();
    if took > 1 {
        broken(format!("{took} payments took money for it"));
    }
    if book.shipments.len() > 1 {
        broken(format!("{} shipments were made for it", book.shipments.len()));
    }
    if book.reservations.len() > 1 {
        broken(format!("{} reservations were made for it", book.reservations.len()));
    }
}

/// Goods that left are goods that inventory let go, and the other way round.
fn parcel_has_its_stock(book: &OrderBook, broken: &mut impl FnMut(String)) {
    let gone = |state| matches!(state, ShipmentState::Dispatched | ShipmentState::Delivered);
    let parcel = book.shipments.iter().find(|shipment| gone(shipment.state));
    let bound = |state| matches!(state, ReservationState::Committed | ReservationState::Shipped);
    let stock = book.reservations.iter().find(|reservation| bound(reservation.state));
    if parcel.is_some_and(|parcel| !parcel.lines.is_empty()) && stock.is_none() {
        broken("its goods left, but inventory let none go".to_owned());
    }
    if parcel.is_none() && stock.is_some_and(|stock| stock.state == ReservationState::Shipped) {
        broken("inventory let its goods go, but no parcel left".to_owned());
    }
}

fn returns_stay_within(books: &Books, book: &OrderBook, row: &OrderRow, broken: &mut impl FnMut(String)) {
    let of =
        |lines: &Quantities, sku| lines.iter().find(|(other, _)| *other == sku).map_or(0, |(_, quantity)| *quantity);
    let mut skus: Vec<_> = book.returns.iter().flat_map(|back| back.lines.iter().map(|(sku, _)| *sku)).collect();
    skus.extend(row.returned.iter().map(|(sku, _)| *sku));
    skus.sort_unstable();
    skus.dedup();
    for sku in skus {
        let back: i64 = book.returns.iter().map(|back| of(&back.lines, sku)).sum();
        let done: i64 = book.returns.iter().filter(|back| back.done).map(|back| of(&back.lines, sku)).sum();
        let (ordered, said) = (of(&row.lines, sku), of(&row.returned, sku));
        let name = books.skus.name(sku);
        if back > ordered {
            broken(format!("{back} of {name} came back, {ordered} went out"));
        }
        if said < done || said > back {
            broken(format!("its lines say that {said} of {name} came back, its returns say {back}"));
        }
    }
}
