//! An order as the service holds it: what was ordered, which never changes, and where it stands.

use super::{failure::OnFailure, moves::IllegalMove, moves::check_move, steps};
use ambient::Timestamp;
use api::order::v1::{OrderState, PaymentMethod};
use saga::Step;
use std::sync::Arc;

/// How the customer pays.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Method {
    /// Authorised first, captured once the stock is committed.
    Card,
    /// Money moves at once.
    Transfer,
    /// Money moves at once.
    Wallet,
}

/// Goods of one order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// The catalogue's code.
    pub sku: String,
    /// From the catalogue.
    pub title: String,
    /// How many.
    pub quantity: i64,
    /// Per piece, in minor units.
    pub unit_price: i64,
    /// How many were taken back.
    pub returned: i64,
}

/// What is paid but not shipped.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Charge {
    /// Its code.
    pub code: String,
    /// For people.
    pub title: String,
    /// In minor units; may be negative.
    pub amount: i64,
}

/// What was ordered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Content {
    /// The order's identifier, its saga's too.
    pub order_id: String,
    /// The shop's number for the customer.
    pub customer_id: String,
    /// Where mail goes; for notifications alone.
    pub email: String,
    /// In the order of the request.
    pub lines: Vec<Line>,
    /// In the order of the request.
    pub charges: Vec<Charge>,
    /// Card or instant.
    pub method: Method,
    /// The gateway's token.
    pub token: String,
    /// The answer to a step that cannot go on.
    pub on_failure: OnFailure,
    /// ISO 4217.
    pub currency: String,
    /// Sum of lines and charges, in minor units; above zero.
    pub total: i64,
    /// When it was recorded.
    pub created_at: Timestamp,
    /// The trace in which it was recorded.
    pub trace: Option<String>,
}

/// A wish to cancel that is not decided yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cancel {
    /// Who.
    pub actor: String,
    /// Why.
    pub reason: String,
}

/// A person's decision to call an order complete.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Waiver {
    /// Who.
    pub actor: String,
    /// Why.
    pub note: String,
    /// When.
    pub at: Timestamp,
}

/// What a parked order waits at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Parked {
    /// The step.
    pub step: String,
    /// Since when.
    pub at: Timestamp,
}

/// An order. Cheap to clone: what was ordered is shared.
#[derive(Clone, Debug, PartialEq)]
pub struct Order {
    /// What was ordered.
    pub content: Arc<Content>,
    /// Where it stands.
    pub state: OrderState,
    /// Why, for machines.
    pub cause: String,
    /// Why, for people.
    pub reason: String,
    /// The latest change of its history.
    pub sequence: i64,
    /// Known to have been taken: the money.
    pub taken: bool,
    /// Empty until there is one.
    pub payment_id: String,
    /// Empty until there is one.
    pub shipment_id: String,
    /// Given back by returns, in minor units.
    pub returned_total: i64,
    /// Somebody wishes it cancelled.
    pub cancel: Option<Cancel>,
    /// It waits for a person.
    pub parked: Option<Parked>,
    /// A person called it complete.
    pub waiver: Option<Waiver>,
    /// When it last changed.
    pub updated_at: Timestamp,
}

/// One entry of the history.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// From 1.
    pub sequence: i64,
    /// The state before.
    pub from: OrderState,
    /// The state after.
    pub state: OrderState,
    /// For machines.
    pub cause: String,
    /// For people.
    pub reason: String,
    /// Who; empty for the system.
    pub actor: String,
    /// When.
    pub at: Timestamp,
}

impl Method {
    const ALL: [Self; 3] = [Self::Card, Self::Transfer, Self::Wallet];

    /// As the contract has it.
    pub fn message(self) -> PaymentMethod {
        match self {
            Self::Card => PaymentMethod::Card,
            Self::Transfer => PaymentMethod::Transfer,
            Self::Wallet => PaymentMethod::Wallet,
        }
    }

    /// From the contract's number.
    pub fn from_number(number: i32) -> Option<Self> {
        Self::ALL.into_iter().find(|method| method.message() as i32 == number)
    }

    /// Its name in the tables.
    pub fn name(self) -> &'static str {
        match self {
            Self::Card => "CARD",
            Self::Transfer => "TRANSFER",
            Self::Wallet => "WALLET",
        }
    }

    /// The opposite of [`name`](Self::name).
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|method| method.name() == name)
    }
}

impl Content {
    /// The steps of its saga.
    pub fn steps(&self) -> &'static [Step] {
        match self.method {
            Method::Card => steps::CARD,
            Method::Transfer | Method::Wallet => steps::INSTANT,
        }
    }
}

impl Order {
    /// A new order with its history so far: received, and being paid.
    pub fn received(content: Content) -> (Self, Vec<Change>) {
        let now = content.created_at;
        let mut order = Self {
            content: Arc::new(content),
            state: OrderState::Received,
            cause: String::new(),
            reason: String::new(),
            sequence: 1,
            taken: false,
            payment_id: String::new(),
            shipment_id: String::new(),
            returned_total: 0,
            cancel: None,
            parked: None,
            waiver: None,
            updated_at: now,
        };
        let received = Change { from: OrderState::Unspecified, ..order.latest("", now) };
        let paying = order.go(OrderState::Paying, "", now).expect("an order that is received may be paid");
        (order, vec![received, paying])
    }

    /// Moves on: the one place where an order's state changes. `cause` and `reason` are taken as they stand by then.
    pub fn go(&mut self, to: OrderState, actor: &str, now: Timestamp) -> Result<Change, IllegalMove> {
        let from = self.state;
        check_move(from, to)?;
        self.state = to;
        self.sequence += 1;
        self.updated_at = now;
        if to != OrderState::NeedsAttention {
            self.parked = None;
        }
        Ok(Change { from, ..self.latest(actor, now) })
    }

    fn latest(&self, actor: &str, at: Timestamp) -> Change {
        Change {
            sequence: self.sequence,
            from: self.state,
            state: self.state,
            cause: self.cause.clone(),
            reason: self.reason.clone(),
            actor: actor.to_owned(),
            at,
        }
    }

    /// Says why from here on.
    pub fn because(&mut self, cause: impl Into<String>, reason: impl Into<String>) {
        (self.cause, self.reason) = (cause.into(), reason.into());
    }

    /// Nothing more will happen to it by itself.
    pub fn is_final(&self) -> bool {
        use OrderState::*;
        matches!(self.state, Completed | Declined | OutOfStock | Cancelled | Refunded)
    }

    /// True when who waits for a confirmation need not wait longer.
    pub fn is_confirmed_or_further(&self) -> bool {
        use OrderState::*;
        self.is_final() || matches!(self.state, Confirmed | Shipped | NeedsAttention)
    }
}
