//! What an export looked like, subject by subject, so that a second one shows what has changed since.

use crate::books::OrderBook;
use api::mesh::v1::{Fact, fact::Fact as Row};
use prost::Message;
use std::{
    collections::HashMap,
    hash::{DefaultHasher, Hash, Hasher},
};

/// One number per order, SKU and operation at the gateway: a sum over its rows that does not depend on their order.
#[derive(Debug, Default)]
pub struct Snapshot(HashMap<u64, u64>);

#[derive(Hash)]
enum Subject<'a> {
    Order(&'a str),
    Sku(&'a str),
    Operation(&'a str),
}

impl Snapshot {
    /// Takes in one row.
    pub fn add(&mut self, fact: &Fact) {
        let content = hash(&fact.encode_to_vec());
        match &fact.fact {
            Some(Row::Order(row)) => self.mark(&Subject::Order(&row.order_id), content),
            Some(Row::History(row)) => self.mark(&Subject::Order(&row.order_id), content),
            Some(Row::Return(row)) => self.mark(&Subject::Order(&row.order_id), content),
            Some(Row::Payment(row)) => self.mark(&Subject::Order(&row.order_id), content),
            Some(Row::Ledger(row)) => self.mark(&Subject::Order(&row.order_id), content),
            Some(Row::Operation(row)) => self.mark(&Subject::Order(&row.order_id), content),
            Some(Row::Gateway(row)) => self.mark(&Subject::Operation(&row.operation), content),
            Some(Row::Level(row)) => self.mark(&Subject::Sku(&row.sku), content),
            Some(Row::Movement(row)) => self.mark(&Subject::Sku(&row.sku), content),
            Some(Row::Shipment(row)) => self.mark(&Subject::Order(&row.order_id), content),
            Some(Row::Key(row)) => self.mark(&Subject::Order(&row.order_id), content),
            Some(Row::Reservation(row)) => {
                self.mark(&Subject::Order(&row.order_id), content);
                // A SKU's level is compared with its reservations, so these belong to what must not have changed.
                row.lines.iter().for_each(|line| self.mark(&Subject::Sku(&line.sku), content));
            }
            None => {}
        }
    }

    fn mark(&mut self, subject: &Subject<'_>, content: u64) {
        let sum = self.0.entry(hash(subject)).or_default();
        *sum = sum.wrapping_add(content);
    }

    fn of(&self, subject: &Subject<'_>) -> Option<u64> {
        self.0.get(&hash(subject)).copied()
    }
}

fn hash<T: Hash + ?Sized>(value: &T) -> u64 {
    let mut hasher = DefaultHasher::new();
    value.hash(&mut hasher);
    hasher.finish()
}

/// What may be judged.
#[derive(Clone, Copy, Debug)]
pub enum Scope<'a> {
    /// At rest: all of it.
    Everything,
    /// Live: what two exports agree on.
    Unchanged {
        /// The export before.
        first: &'a Snapshot,
        /// The export that is judged.
        second: &'a Snapshot,
    },
}

impl Scope<'_> {
    /// May this order be judged?
    pub fn order(&self, id: &str, book: &OrderBook) -> bool {
        self.is_at_rest() || (book.is_final() && self.unchanged(&Subject::Order(id)))
    }

    /// May this SKU's sums be judged?
    pub fn sku(&self, sku: &str) -> bool {
        self.unchanged(&Subject::Sku(sku))
    }

    /// May the gateway's word on this operation be judged?
    pub fn operation(&self, operation: &str) -> bool {
        self.unchanged(&Subject::Operation(operation))
    }

    /// Nothing moves while it is read.
    pub fn is_at_rest(&self) -> bool {
        matches!(self, Scope::Everything)
    }

    fn unchanged(&self, subject: &Subject<'_>) -> bool {
        match self {
            Scope::Everything => true,
            Scope::Unchanged { first, second } => first.of(subject) == second.of(subject),
        }
    }
}
