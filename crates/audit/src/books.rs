//! What the checker keeps of each row: a few numbers, never a judgement.

use crate::names::{Index, Shelf};
use api::{
    inventory::v1::ReservationState,
    mesh::v1::{OperationKind, OperationOutcome},
    order::v1::{OrderState, PaymentMethod},
    payment::v1::PaymentState,
    shipping::v1::ShipmentState,
};

/// An amount in minor units.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Amount {
    pub minor: i64,
    pub currency: Index,
}

/// How many of which SKU, sorted by SKU, each once.
pub type Quantities = Box<[(Index, i64)]>;

/// All rows.
#[derive(Debug, Default)]
pub struct Books {
    pub orders: Shelf<OrderBook>,
    pub payments: Shelf<PaymentBook>,
    pub operations: Shelf<OperationBook>,
    pub skus: Shelf<SkuBook>,
    pub currencies: Shelf<()>,
    /// "caller/request_id" to the orders that it was said to stand for.
    pub keys: Shelf<Vec<Index>>,
}

/// Everything that any service says of one order.
#[derive(Debug, Default)]
pub struct OrderBook {
    pub row: Option<OrderRow>,
    /// How many rows bear this identifier: one, or something is wrong.
    pub rows: u32,
    pub history: Vec<Change>,
    pub keys: u32,
    pub payments: Vec<Index>,
    pub reservations: Vec<ReservationRow>,
    pub shipments: Vec<ShipmentRow>,
    pub returns: Vec<ReturnRow>,
}

#[derive(Debug)]
pub struct OrderRow {
    pub state: OrderState,
    pub total: Amount,
    pub returned_total: i64,
    pub sequence: i64,
    pub waived: bool,
    pub lines: Quantities,
    /// What the lines say came back.
    pub returned: Quantities,
}

#[derive(Clone, Copy, Debug)]
pub struct Change {
    pub sequence: i64,
    pub from: OrderState,
    pub to: OrderState,
}

#[derive(Debug)]
pub struct ReservationRow {
    pub state: ReservationState,
    pub lines: Quantities,
}

#[derive(Debug)]
pub struct ShipmentRow {
    pub state: ShipmentState,
    pub lines: Quantities,
}

#[derive(Debug)]
pub struct ReturnRow {
    pub refund: i64,
    pub done: bool,
    pub lines: Quantities,
}

#[derive(Debug, Default)]
pub struct PaymentBook {
    pub row: Option<PaymentRow>,
    pub rows: u32,
    /// The order that its operations or ledger rows name, should the payment itself be missing.
    pub order: Option<Index>,
}

#[derive(Debug)]
pub struct PaymentRow {
    pub order: Index,
    pub method: PaymentMethod,
    pub state: PaymentState,
    pub currency: Index,
    pub amount: i64,
    pub authorised: i64,
    pub captured: i64,
    pub refunded: i64,
}

/// One operation: what payments says, what the gateway says, what the ledger says.
#[derive(Debug, Default)]
pub struct OperationBook {
    pub service: Option<Word>,
    pub service_rows: u32,
    pub gateway: Option<Word>,
    pub gateway_rows: u32,
    pub payment: Option<Index>,
    pub ledger: Vec<LedgerRow>,
}

#[derive(Clone, Copy, Debug)]
pub struct Word {
    pub kind: OperationKind,
    pub outcome: OperationOutcome,
    pub amount: Amount,
}

#[derive(Clone, Copy, Debug)]
pub struct LedgerRow {
    pub account: Account,
    pub amount: Amount,
    pub payment: Index,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Account {
    Gateway,
    Sales,
    Unknown,
}

/// One SKU: the level that inventory keeps, and the level that its movements give.
#[derive(Debug, Default)]
pub struct SkuBook {
    pub row: Option<Level>,
    pub rows: u32,
    pub moved: Level,
    pub movements: u64,
    /// The first movement after which something was below zero, by the rows' numbers.
    pub sank_at: Option<i64>,
    pub last_movement: i64,
    pub unknown_kind: Option<String>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Level {
    pub on_hand: i64,
    pub reserved: i64,
    pub committed: i64,
    pub shipped: i64,
    pub received: i64,
    pub returned: i64,
    pub corrected: i64,
}

impl Level {
    /// The parts by name, for messages.
    pub fn parts(&self) -> [(&'static str, i64); 7] {
        [
            ("on hand", self.on_hand),
            ("reserved", self.reserved),
            ("committed", self.committed),
            ("shipped", self.shipped),
            ("received", self.received),
            ("returned", self.returned),
            ("corrected", self.corrected),
        ]
    }

    /// The first part that is below zero though it may not be.
    pub fn below_zero(&self) -> Option<(&'static str, i64)> {
        self.parts().into_iter().find(|(name, value)| *value < 0 && *name != "corrected")
    }
}

impl OrderBook {
    /// Ended: nothing happens to it any more, returns aside.
    pub fn is_final(&self) -> bool {
        self.row.as_ref().is_some_and(|row| {
            use OrderState::{Cancelled, Completed, Declined, OutOfStock, Refunded};
            matches!(row.state, Completed | Declined | OutOfStock | Cancelled | Refunded)
        })
    }
}

impl Books {
    /// "12345 GBP", in minor units.
    pub fn money(&self, amount: Amount) -> String {
        format!("{} {}", amount.minor, self.currencies.name(amount.currency))
    }
}

/// "COMPLETED": the contract's name without its prefix.
pub fn state_name(state: OrderState) -> String {
    state.as_str_name().trim_start_matches("ORDER_STATE_").to_owned()
}
