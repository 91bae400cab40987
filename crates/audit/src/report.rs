//! What an audit has found.

use std::{collections::BTreeMap, fmt};

/// One of the numbered promises.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Invariant {
    /// Money is conserved.
    I1,
    /// Stock is conserved.
    I2,
    /// No order is lost or doubled.
    I3,
    /// An order ends right.
    I4,
    /// An effect happens once.
    I5,
}

impl Invariant {
    /// The promise in a few words.
    pub const fn promise(self) -> &'static str {
        match self {
            Self::I1 => "money is conserved",
            Self::I2 => "stock is conserved",
            Self::I3 => "no order is lost or doubled",
            Self::I4 => "an order ends right",
            Self::I5 => "an effect happens once",
        }
    }
}

impl fmt::Display for Invariant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self:?}")
    }
}

/// A promise that is broken somewhere.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Violation {
    /// Which promise.
    pub invariant: Invariant,
    /// Where: "order 01J…", "sku 85123A", "operation …".
    pub subject: String,
    /// What is there, and what should be.
    pub detail: String,
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}: {}", self.invariant, self.subject, self.detail)
    }
}

/// Something on its way: not wrong, but not at its end either.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Open {
    /// Where.
    pub subject: String,
    /// What is awaited.
    pub detail: String,
}

/// Money that moved in one currency, by the ledger, in minor units.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Flow {
    /// Taken from customers.
    pub taken: i64,
    /// Given back.
    pub refunded: i64,
}

/// How much was looked at.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Orders by the name of their state ("COMPLETED").
    pub states: BTreeMap<String, u64>,
    /// Orders in all.
    pub orders: u64,
    /// Orders that could be judged: all at rest; live, those that are final and unchanged.
    pub judged: u64,
    /// Keys of PlaceOrder.
    pub keys: u64,
    /// Payments.
    pub payments: u64,
    /// Operations at the gateway.
    pub operations: u64,
    /// Ledger rows.
    pub ledger_rows: u64,
    /// Codes with stock.
    pub skus: u64,
    /// Movements of stock.
    pub movements: u64,
    /// Reservations.
    pub reservations: u64,
    /// Shipments.
    pub shipments: u64,
    /// Returns.
    pub returns: u64,
    /// By currency.
    pub money: BTreeMap<String, Flow>,
}

/// What an audit has found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Report {
    /// Broken promises, by invariant.
    pub violations: Vec<Violation>,
    /// Operations in doubt, returns on their way, events not yet delivered.
    pub open: Vec<Open>,
    /// How much was looked at.
    pub counts: Counts,
}

impl Report {
    /// Every promise holds.
    pub fn is_clean(&self) -> bool {
        self.violations.is_empty()
    }

    pub(crate) fn broken(&mut self, invariant: Invariant, subject: String, detail: String) {
        self.violations.push(Violation { invariant, subject, detail });
    }

    pub(crate) fn open(&mut self, subject: String, detail: &str) {
        self.open.push(Open { subject, detail: detail.to_owned() });
    }
}
