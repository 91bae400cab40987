//! A small shop whose books are right, row by row, for tests to spoil.

use api::{
    inventory::v1::{Reservation, ReservationState, StockLevel, StockLine},
    mesh::v1::{
        Fact, GatewayFact, HistoryFact, KeyFact, LedgerFact, MovementFact, OperationFact, OperationKind,
        OperationOutcome, ReturnFact, ReturnedLine, fact::Fact as Row,
    },
    order::v1::{Order, OrderChange, OrderLine, OrderState, PaymentMethod},
    payment::v1::{Payment, PaymentState},
    shipping::v1::{Shipment, ShipmentState},
    types::Money,
};

pub const SKU: &str = "LAMP";

/// The rows of all services.
#[derive(Clone, Default)]
pub struct Shop(pub Vec<Row>);

pub fn pounds(minor_units: i64) -> Option<Money> {
    Some(Money { currency_code: "GBP".into(), minor_units })
}

impl Shop {
    /// "paid" was delivered, "back" was delivered and one of its two lamps came back, "none" found no stock after it was
    /// charged, "undone" was cancelled after its card was authorised, "poor" was declined.
    pub fn in_order() -> Self {
        let mut shop = Self::default();
        shop.order(
            "paid",
            OrderState::Completed,
            2_000,
            &["Received", "Paying", "Reserving", "Confirmed", "Shipped", "Completed"],
        );
        shop.operation("paid", "authorise", OperationKind::Authorise, OperationOutcome::Done, 2_000);
        shop.operation("paid", "capture", OperationKind::Capture, OperationOutcome::Done, 2_000);
        shop.payment("paid", PaymentMethod::Card, PaymentState::Captured, [2_000, 2_000, 0]);
        shop.delivered("paid");

        shop.order(
            "back",
            OrderState::Completed,
            2_000,
            &["Received", "Paying", "Reserving", "Confirmed", "Shipped", "Completed"],
        );
        shop.operation("back", "charge", OperationKind::Charge, OperationOutcome::Done, 2_000);
        shop.operation("back", "refund", OperationKind::Refund, OperationOutcome::Done, 1_000);
        shop.payment("back", PaymentMethod::Wallet, PaymentState::Captured, [2_000, 2_000, 1_000]);
        shop.delivered("back");
        shop.returned("back");

        shop.order("none", OrderState::Refunded, 2_000, &["Received", "Paying", "Reserving", "Refunding", "Refunded"]);
        shop.operation("none", "charge", OperationKind::Charge, OperationOutcome::Done, 2_000);
        shop.operation("none", "refund", OperationKind::Refund, OperationOutcome::Done, 2_000);
        shop.payment("none", PaymentMethod::Transfer, PaymentState::Refunded, [2_000, 2_000, 2_000]);

        shop.order("undone", OrderState::Cancelled, 2_000, &["Received", "Paying", "Reserving", "Cancelled"]);
        shop.operation("undone", "authorise", OperationKind::Authorise, OperationOutcome::Done, 2_000);
        shop.operation("undone", "void", OperationKind::Void, OperationOutcome::Done, 2_000);
        shop.payment("undone", PaymentMethod::Card, PaymentState::Voided, [2_000, 0, 0]);
        shop.reservation("undone", ReservationState::Released);

        shop.order("poor", OrderState::Declined, 2_000, &["Received", "Paying", "Declined"]);
        shop.operation("poor", "authorise", OperationKind::Authorise, OperationOutcome::Declined, 2_000);
        shop.payment("poor", PaymentMethod::Card, PaymentState::Declined, [0, 0, 0]);
        shop.stock();
        shop
    }

    fn order(&mut self, id: &str, state: OrderState, total: i64, path: &[&str]) {
        self.0.push(Row::Key(KeyFact { caller: "edge".into(), request_id: format!("key-{id}"), order_id: id.into() }));
        self.0.push(Row::Order(Order {
            order_id: id.into(),
            lines: vec![OrderLine {
                sku: SKU.into(),
                quantity: 2,
                unit_price: pounds(total / 2),
                ..OrderLine::default()
            }],
            state: state.into(),
            total: pounds(total),
            sequence: path.len() as i64,
            ..Order::default()
        }));
        let mut from = OrderState::Unspecified;
        for (sequence, name) in (1..).zip(path) {
            let to =
                OrderState::from_str_name(&format!("ORDER_STATE_{}", name.to_uppercase())).expect("the shop has it");
            let change = OrderChange { sequence, from_state: from.into(), state: to.into(), ..OrderChange::default() };
            self.0.push(Row::History(HistoryFact { order_id: id.into(), change: Some(change) }));
            from = to;
        }
    }

    fn operation(&mut self, order: &str, name: &str, kind: OperationKind, outcome: OperationOutcome, minor: i64) {
        let (operation, payment_id, order_id) =
            (format!("{order}/{name}"), format!("payment-{order}"), order.to_owned());
        let moved = match (kind, outcome) {
            (OperationKind::Capture | OperationKind::Charge, OperationOutcome::Done) => minor,
            (OperationKind::Refund, OperationOutcome::Done) => -minor,
            _ => 0,
        };
        for (account, amount) in [("gateway", moved), ("sales", -moved)].into_iter().filter(|_| moved != 0) {
            self.0.push(Row::Ledger(LedgerFact {
                entry: self.0.len() as i64,
                movement: operation.clone(),
                account: account.into(),
                amount: pounds(amount),
                payment_id: payment_id.clone(),
                order_id: order_id.clone(),
            }));
        }
        let (kind, outcome, amount) = (kind.into(), outcome.into(), pounds(minor));
        self.0.push(Row::Gateway(GatewayFact { operation: operation.clone(), kind, outcome, amount: amount.clone() }));
        self.0.push(Row::Operation(OperationFact { operation, payment_id, order_id, kind, outcome, amount }));
    }

    fn payment(
        &mut self,
        order: &str,
        method: PaymentMethod,
        state: PaymentState,
        [authorised, captured, refunded]: [i64; 3],
    ) {
        self.0.push(Row::Payment(Payment {
            payment_id: format!("payment-{order}"),
            order_id: order.into(),
            method: method.into(),
            state: state.into(),
            amount: pounds(2_000),
            authorised: pounds(authorised),
            captured: pounds(captured),
            refunded: pounds(refunded),
            ..Payment::default()
        }));
    }

    fn reservation(&mut self, order: &str, state: ReservationState) {
        let lines = vec![StockLine { sku: SKU.into(), quantity: 2 }];
        self.0.push(Row::Reservation(Reservation {
            order_id: order.into(),
            state: state.into(),
            lines,
            ..Reservation::default()
        }));
    }

    fn delivered(&mut self, order: &str) {
        self.reservation(order, ReservationState::Shipped);
        self.0.push(Row::Shipment(Shipment {
            shipment_id: format!("shipment-{order}"),
            order_id: order.into(),
            state: ShipmentState::Delivered.into(),
            lines: vec![StockLine { sku: SKU.into(), quantity: 2 }],
            ..Shipment::default()
        }));
    }

    fn returned(&mut self, order: &str) {
        self.0.push(Row::Return(ReturnFact {
            return_id: format!("return-{order}"),
            order_id: order.into(),
            lines: vec![ReturnedLine { sku: SKU.into(), quantity: 1 }],
            refund: pounds(1_000),
            done: true,
        }));
        let row = self.order_row(order);
        row.returned_total = pounds(1_000);
        row.lines[0].returned = 1;
    }

    fn stock(&mut self) {
        let moves = [
            ("receive", 10, ""),
            ("reserve", 2, ""),
            ("commit", 2, ""),
            ("ship", 2, ""),
            ("reserve", 2, ""),
            ("commit", 2, ""),
            ("ship", 2, ""),
            ("restock", 1, ""),
            ("reserve", 2, ""),
            ("release", 2, "reserved"),
            ("correct", -1, ""),
        ];
        for (movement, (kind, quantity, from)) in (1..).zip(moves) {
            let (sku, kind, from) = (SKU.to_owned(), kind.to_owned(), from.to_owned());
            self.0.push(Row::Movement(MovementFact { movement, sku, kind, quantity, from, ..MovementFact::default() }));
        }
        self.0.push(Row::Level(StockLevel {
            sku: SKU.into(),
            on_hand: 6,
            shipped: 4,
            received: 10,
            returned: 1,
            corrected: -1,
            ..StockLevel::default()
        }));
    }

    pub fn facts(&self) -> impl Iterator<Item = Fact> {
        self.0.iter().map(|row| Fact { fact: Some(row.clone()) })
    }

    pub fn order_row(&mut self, id: &str) -> &mut Order {
        self.0
            .iter_mut()
            .find_map(|row| match row {
                Row::Order(order) if order.order_id == id => Some(order),
                _ => None,
            })
            .expect("the shop has it")
    }

    pub fn payment_row(&mut self, order: &str) -> &mut Payment {
        self.0
            .iter_mut()
            .find_map(|row| match row {
                Row::Payment(payment) if payment.order_id == order => Some(payment),
                _ => None,
            })
            .expect("the shop has it")
    }

    pub fn gateway_row(&mut self, operation: &str) -> &mut GatewayFact {
        self.0
            .iter_mut()
            .find_map(|row| match row {
                Row::Gateway(word) if word.operation == operation => Some(word),
                _ => None,
            })
            .expect("the shop has it")
    }

    pub fn level(&mut self) -> &mut StockLevel {
        self.0
            .iter_mut()
            .find_map(|row| match row {
                Row::Level(level) => Some(level),
                _ => None,
            })
            .expect("the shop has it")
    }

    pub fn reservation_row(&mut self, order: &str) -> &mut Reservation {
        self.0
            .iter_mut()
            .find_map(|row| match row {
                Row::Reservation(reservation) if reservation.order_id == order => Some(reservation),
                _ => None,
            })
            .expect("the shop has it")
    }

    /// One more row like the first that `which` finds, changed by `spoil`.
    pub fn again(&mut self, which: impl Fn(&Row) -> bool, spoil: impl Fn(&mut Row)) {
        let mut row = self.0.iter().find(|row| which(row)).expect("the shop has it").clone();
        spoil(&mut row);
        self.0.push(row);
    }

    pub fn lose(&mut self, which: impl Fn(&Row) -> bool) {
        let before = self.0.len();
        self.0.retain(|row| !which(row));
        assert!(self.0.len() < before, "there was nothing to lose");
    }
}
