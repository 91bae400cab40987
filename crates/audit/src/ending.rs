//! I4: an order ends right. What each state says of money, stock and parcel.

use crate::{
    books::{Amount, Books, OrderBook, OrderRow, state_name},
    money::Moved,
    report::{
        Invariant::{I4, I5},
        Report,
    },
    snapshot::Scope,
};
use api::{
    inventory::v1::ReservationState, order::v1::OrderState, payment::v1::PaymentState, shipping::v1::ShipmentState,
};

pub fn judge(books: &Books, moved: &Moved, scope: &Scope<'_>, report: &mut Report) {
    for (id, book) in books.orders.iter() {
        let Some(row) = &book.row else { continue };
        if !scope.order(id, book) {
            continue;
        }
        let mut ending = Ending { books, moved, id, book, row, report };
        match row.state {
            // A person took it upon themselves; their name and reason are kept.
            OrderState::Completed if row.waived => {}
            OrderState::Completed => ending.completed(),
            OrderState::Declined | OrderState::OutOfStock | OrderState::Cancelled | OrderState::Refunded => {
                ending.nothing_left();
            }
            OrderState::Shipped => ending.shipped(),
            OrderState::Confirmed => ending.confirmed(),
            // On its way, or waiting for a person: I1, I2, I3 and I5 bind it all the same.
            OrderState::Received
            | OrderState::Paying
            | OrderState::Reserving
            | OrderState::Refunding
            | OrderState::NeedsAttention
            | OrderState::Unspecified => {}
        }
    }
}

struct Ending<'a> {
    books: &'a Books,
    moved: &'a Moved,
    id: &'a str,
    book: &'a OrderBook,
    row: &'a OrderRow,
    report: &'a mut Report,
}

impl Ending<'_> {
    fn broken(&mut self, detail: String) {
        self.report.broken(I4, format!("order {}", self.id), format!("{}, but {detail}", state_name(self.row.state)));
    }

    fn completed(&mut self) {
        self.paid();
        self.refunded_for_returns();
        self.parcel(&[ShipmentState::Delivered], "delivered");
        self.stock(true);
    }

    fn shipped(&mut self) {
        self.paid();
        self.refunded_for_returns();
        self.parcel(&[ShipmentState::Dispatched, ShipmentState::Delivered], "dispatched");
        self.stock(true);
    }

    fn confirmed(&mut self) {
        self.paid();
        self.stock(false);
    }

    /// What was taken and given back in all, by the ledger.
    fn money(&self) -> (i64, i64) {
        let tallies = self.book.payments.iter().filter_map(|payment| self.moved.get(payment));
        tallies.fold((0, 0), |(taken, refunded), tally| (taken + tally.taken, refunded + tally.refunded))
    }

    fn paid(&mut self) {
        let (taken, _) = self.money();
        let total = self.row.total;
        if taken != total.minor {
            let (due, had) = (self.books.money(total), self.books.money(Amount { minor: taken, ..total }));
            self.broken(format!("{due} were due and {had} were taken"));
        }
        let mut rows = self.book.payments.iter().filter_map(|payment| self.books.payments.at(*payment).row.as_ref());
        if rows.any(|row| row.captured > 0 && row.currency != total.currency) {
            self.broken("it was paid in another currency".to_owned());
        }
    }

    /// Each return that is done was refunded, each once; one on its way may have been.
    fn refunded_for_returns(&mut self) {
        let (_, refunded) = self.money();
        let done: i64 = self.book.returns.iter().filter(|back| back.done).map(|back| back.refund).sum();
        let all: i64 = self.book.returns.iter().map(|back| back.refund).sum();
        if all != done {
            self.report.open(format!("order {}", self.id), "a return is on its way");
        }
        if refunded < done {
            self.broken(format!("its returns are worth {done} and only {refunded} was given back"));
        }
        if refunded > all {
            let detail = format!("{refunded} was given back for returns worth {all}");
            self.report.broken(I5, format!("order {}", self.id), detail);
        }
        if self.row.returned_total < done || self.row.returned_total > all {
            self.broken(format!("it says {} came back, its returns are worth {done}", self.row.returned_total));
        }
    }

    fn parcel(&mut self, states: &[ShipmentState], word: &str) {
        match self.book.shipments.iter().find(|shipment| states.contains(&shipment.state)) {
            None => self.broken(format!("no shipment of it was {word}")),
            Some(shipment) if shipment.lines != self.row.lines => {
                self.broken("its shipment holds other goods than were ordered".to_owned());
            }
            Some(_) => {}
        }
    }

    /// Stock went with the parcel, or is promised; the event that says it went may still be on its way.
    fn stock(&mut self, dispatched: bool) {
        if self.row.lines.is_empty() {
            return;
        }
        let bound = |state| matches!(state, ReservationState::Committed | ReservationState::Shipped);
        match self.book.reservations.iter().find(|reservation| bound(reservation.state)) {
            None => self.broken("no stock is committed or shipped for it".to_owned()),
            Some(reservation) if reservation.lines != self.row.lines => {
                self.broken("other stock is set aside for it than was ordered".to_owned());
            }
            Some(reservation) if dispatched && reservation.state == ReservationState::Committed => {
                self.report.open(format!("order {}", self.id), "inventory has not yet heard of the dispatch");
            }
            Some(_) => {}
        }
    }

    /// Net paid zero, nothing held, reserved, promised or under way.
    fn nothing_left(&mut self) {
        let (taken, refunded) = self.money();
        if taken != refunded {
            self.broken(format!("{taken} was taken and {refunded} given back"));
        }
        for payment in &self.book.payments {
            let held = self.moved.get(payment).is_some_and(|tally| tally.held);
            let state = self.books.payments.at(*payment).row.as_ref().map(|row| row.state);
            if held || matches!(state, Some(PaymentState::Authorised | PaymentState::Pending)) {
                self.broken(format!("payment {} still holds money", self.books.payments.name(*payment)));
            }
        }
        let (reservations, shipments) = (&self.book.reservations, &self.book.shipments);
        if let Some(left) = reservations.iter().find(|row| {
            matches!(row.state, ReservationState::Held | ReservationState::Committed | ReservationState::Shipped)
        }) {
            let state = left.state.as_str_name().trim_start_matches("RESERVATION_STATE_");
            self.broken(format!("its stock is still {state}"));
        }
        if shipments.iter().any(|shipment| shipment.state != ShipmentState::Cancelled) {
            self.broken("its shipment was not cancelled".to_owned());
        }
    }
}
