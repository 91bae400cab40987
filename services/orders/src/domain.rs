//! The rules of orders: pure, without I/O, clocks or dice.

mod causes;
mod failure;
mod message;
mod moves;
mod order;
mod place;
mod returns;
mod story;

pub use causes::{CANCELLED_BY_CUSTOMER, PAYMENT_DECLINED, TAKEN};
pub use failure::{OnFailure, Policy, answer};
pub use message::money;
pub use moves::{state_name, state_named, states_markdown};
pub use order::{Cancel, Change, Charge, Content, Line, Method, Order, Parked, Waiver};
pub use place::{Pricing, Violations, check_id, check_place, check_text};
pub use returns::{Given, Return, ReturnLine, TooMany, check_return, is_returnable, take_back};
pub use story::tell;

/// A step of an order's saga.
pub mod steps {
    use saga::Step;

    /// Authorises a card or charges an instant method.
    pub const PAY: &str = "pay";
    /// Holds stock.
    pub const RESERVE: &str = "reserve";
    /// Promises it.
    pub const COMMIT: &str = "commit";
    /// Takes what a card holds; the pivot.
    pub const CAPTURE: &str = "capture";
    /// Hands the parcel to the carrier.
    pub const SHIP: &str = "ship";
    /// Gives money back for what was returned.
    pub const REFUND: &str = "refund";
    /// Puts what was returned on hand again.
    pub const RESTOCK: &str = "restock";

    const fn own(name: &'static str) -> Step {
        Step { name, undo: true }
    }

    const fn with_another(name: &'static str) -> Step {
        Step { name, undo: false }
    }

    /// Cards: held first, taken once the stock is promised. Undoing "pay" gives back what "capture" took, and undoing
    /// "reserve" takes its commit along.
    pub const CARD: &[Step] = &[own(PAY), own(RESERVE), with_another(COMMIT), with_another(CAPTURE), own(SHIP)];
    /// Instant methods: money moves first.
    pub const INSTANT: &[Step] = &[own(PAY), own(RESERVE), with_another(COMMIT), own(SHIP)];
    /// A return with money to give back.
    pub const RETURN: &[Step] = &[with_another(REFUND), with_another(RESTOCK)];
    /// A return of goods that cost nothing.
    pub const RESTOCK_ONLY: &[Step] = &[with_another(RESTOCK)];
}

#[cfg(test)]
mod walk_tests;
