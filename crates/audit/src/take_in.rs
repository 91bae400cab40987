//! From exported rows to the checker's books.

use crate::{
    books::{
        Account, Amount, Books, Change, LedgerRow, Level, OrderRow, PaymentRow, Quantities, ReservationRow, ReturnRow,
        ShipmentRow, Word,
    },
    names::Index,
};
use api::{
    inventory::v1::{Reservation, StockLevel, StockLine},
    mesh::v1::{
        Fact, GatewayFact, HistoryFact, KeyFact, LedgerFact, MovementFact, OperationFact, ReturnFact, fact::Fact as Row,
    },
    order::v1::Order,
    payment::v1::Payment,
    shipping::v1::Shipment,
    types::Money,
};
use std::collections::BTreeMap;

impl Books {
    /// Takes in one row; one that this version does not know is passed over.
    pub fn take_in(&mut self, fact: &Fact) {
        match &fact.fact {
            Some(Row::Order(row)) => self.order(row),
            Some(Row::History(row)) => self.history(row),
            Some(Row::Return(row)) => self.returned(row),
            Some(Row::Payment(row)) => self.payment(row),
            Some(Row::Ledger(row)) => self.ledger(row),
            Some(Row::Operation(row)) => self.operation(row),
            Some(Row::Gateway(row)) => self.gateway(row),
            Some(Row::Level(row)) => self.level(row),
            Some(Row::Movement(row)) => self.movement(row),
            Some(Row::Reservation(row)) => self.reservation(row),
            Some(Row::Shipment(row)) => self.shipment(row),
            Some(Row::Key(row)) => self.key(row),
            None => {}
        }
    }

    fn amount(&mut self, money: Option<&Money>) -> Amount {
        let (minor, code) = money.map_or((0, ""), |money| (money.minor_units, money.currency_code.as_str()));
        Amount { minor, currency: self.currencies.place(code) }
    }

    fn quantities<'a>(&mut self, lines: impl Iterator<Item = (&'a str, i64)>) -> Quantities {
        let mut sums: BTreeMap<Index, i64> = BTreeMap::new();
        for (sku, quantity) in lines {
            *sums.entry(self.skus.place(sku)).or_default() += quantity;
        }
        sums.into_iter().filter(|(_, quantity)| *quantity != 0).collect()
    }

    fn stock_lines(&mut self, lines: &[StockLine]) -> Quantities {
        self.quantities(lines.iter().map(|line| (line.sku.as_str(), line.quantity)))
    }

    fn order(&mut self, order: &Order) {
        let row = OrderRow {
            state: order.state(),
            total: self.amount(order.total.as_ref()),
            returned_total: order.returned_total.as_ref().map_or(0, |money| money.minor_units),
            sequence: order.sequence,
            waived: order.waiver.is_some(),
            lines: self.quantities(order.lines.iter().map(|line| (line.sku.as_str(), line.quantity))),
            returned: self.quantities(order.lines.iter().map(|line| (line.sku.as_str(), line.returned))),
        };
        let book = self.orders.entry(&order.order_id);
        book.rows += 1;
        book.row = Some(row);
    }

    fn history(&mut self, fact: &HistoryFact) {
        let Some(change) = &fact.change else { return };
        self.orders.entry(&fact.order_id).history.push(Change {
            sequence: change.sequence,
            from: change.from_state(),
            to: change.state(),
        });
    }

    fn returned(&mut self, fact: &ReturnFact) {
        let row = ReturnRow {
            refund: fact.refund.as_ref().map_or(0, |money| money.minor_units),
            done: fact.done,
            lines: self.quantities(fact.lines.iter().map(|line| (line.sku.as_str(), line.quantity))),
        };
        self.orders.entry(&fact.order_id).returns.push(row);
    }

    fn key(&mut self, fact: &KeyFact) {
        let order = self.orders.place(&fact.order_id);
        self.orders.entry(&fact.order_id).keys += 1;
        self.keys.entry(&format!("{}/{}", fact.caller, fact.request_id)).push(order);
    }

    fn payment(&mut self, payment: &Payment) {
        let order = self.orders.place(&payment.order_id);
        let place = self.payments.place(&payment.payment_id);
        let amount = self.amount(payment.amount.as_ref());
        let minor = |money: &Option<Money>| money.as_ref().map_or(0, |money| money.minor_units);
        let row = PaymentRow {
            order,
            method: payment.method(),
            state: payment.state(),
            currency: amount.currency,
            amount: amount.minor,
            authorised: minor(&payment.authorised),
            captured: minor(&payment.captured),
            refunded: minor(&payment.refunded),
        };
        let orders_payments = &mut self.orders.entry(&payment.order_id).payments;
        if !orders_payments.contains(&place) {
            orders_payments.push(place);
        }
        let book = self.payments.entry(&payment.payment_id);
        book.rows += 1;
        book.row = Some(row);
    }

    fn ledger(&mut self, fact: &LedgerFact) {
        let account = match fact.account.as_str() {
            "gateway" => Account::Gateway,
            "sales" => Account::Sales,
            _ => Account::Unknown,
        };
        let (amount, payment) = (self.amount(fact.amount.as_ref()), self.owner(&fact.payment_id, &fact.order_id));
        self.operations.entry(&fact.movement).ledger.push(LedgerRow { account, amount, payment });
    }

    fn operation(&mut self, fact: &OperationFact) {
        let payment = self.owner(&fact.payment_id, &fact.order_id);
        let word = Word { kind: fact.kind(), outcome: fact.outcome(), amount: self.amount(fact.amount.as_ref()) };
        let book = self.operations.entry(&fact.operation);
        book.service_rows += 1;
        book.service = Some(word);
        book.payment = Some(payment);
    }

    /// The payment, which is told its order in case it has no row of its own.
    fn owner(&mut self, payment: &str, order: &str) -> Index {
        let order = self.orders.place(order);
        self.payments.entry(payment).order.get_or_insert(order);
        self.payments.place(payment)
    }

    fn gateway(&mut self, fact: &GatewayFact) {
        let word = Word { kind: fact.kind(), outcome: fact.outcome(), amount: self.amount(fact.amount.as_ref()) };
        let book = self.operations.entry(&fact.operation);
        book.gateway_rows += 1;
        book.gateway = Some(word);
    }

    fn level(&mut self, level: &StockLevel) {
        let book = self.skus.entry(&level.sku);
        book.rows += 1;
        book.row = Some(Level {
            on_hand: level.on_hand,
            reserved: level.reserved,
            committed: level.committed,
            shipped: level.shipped,
            received: level.received,
            returned: level.returned,
            corrected: level.corrected,
        });
    }

    fn movement(&mut self, fact: &MovementFact) {
        let book = self.skus.entry(&fact.sku);
        book.movements += 1;
        if !book.moved.apply(&fact.kind, &fact.from, fact.quantity) {
            book.unknown_kind.get_or_insert_with(|| fact.kind.clone());
        }
        // Only rows that come in their own order tell what the level was in between.
        if fact.movement > book.last_movement && book.moved.below_zero().is_some() {
            book.sank_at.get_or_insert(fact.movement);
        }
        book.last_movement = fact.movement;
    }

    fn reservation(&mut self, reservation: &Reservation) {
        let row = ReservationRow { state: reservation.state(), lines: self.stock_lines(&reservation.lines) };
        self.orders.entry(&reservation.order_id).reservations.push(row);
    }

    fn shipment(&mut self, shipment: &Shipment) {
        let row = ShipmentRow { state: shipment.state(), lines: self.stock_lines(&shipment.lines) };
        self.orders.entry(&shipment.order_id).shipments.push(row);
    }
}

impl Level {
    /// What one movement does to a level; false for a kind that is not known.
    fn apply(&mut self, kind: &str, from: &str, quantity: i64) -> bool {
        match (kind, from) {
            ("receive", _) => (self.on_hand, self.received) = (self.on_hand + quantity, self.received + quantity),
            ("correct", _) => (self.on_hand, self.corrected) = (self.on_hand + quantity, self.corrected + quantity),
            ("reserve", _) => (self.on_hand, self.reserved) = (self.on_hand - quantity, self.reserved + quantity),
            ("commit", _) => (self.reserved, self.committed) = (self.reserved - quantity, self.committed + quantity),
            ("release", "committed") => {
                (self.committed, self.on_hand) = (self.committed - quantity, self.on_hand + quantity);
            }
            ("release", "reserved") | ("expire", _) => {
                (self.reserved, self.on_hand) = (self.reserved - quantity, self.on_hand + quantity);
            }
            ("ship", _) => (self.committed, self.shipped) = (self.committed - quantity, self.shipped + quantity),
            ("restock", _) => (self.on_hand, self.returned) = (self.on_hand + quantity, self.returned + quantity),
            _ => return false,
        }
        true
    }
}
