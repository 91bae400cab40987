//! A parcel's life, whatever stores it: what a call or the carrier may do to a shipment. Pure: no I/O, no clock.

use ambient::Timestamp;
use std::fmt;

/// A shipment's identifier. They sort by the time they were made.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct ShipmentId(pub String);

/// An order's identifier, given by the orders service.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OrderId(pub String);

impl fmt::Display for OrderId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// How many of one SKU are in a parcel.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    pub sku: String,
    pub quantity: i64,
}

/// Where a shipment stands. As text it is what the table holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// Waits for the carrier; can still be cancelled.
    Created,
    /// With the carrier.
    Dispatched,
    /// With the customer. Final.
    Delivered,
    /// Cancelled before dispatch. Final.
    Cancelled,
}

impl State {
    /// As the table holds it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Created => "CREATED",
            Self::Dispatched => "DISPATCHED",
            Self::Delivered => "DELIVERED",
            Self::Cancelled => "CANCELLED",
        }
    }

    /// The opposite of [`name`](Self::name).
    pub fn parse(name: &str) -> Option<Self> {
        [Self::Created, Self::Dispatched, Self::Delivered, Self::Cancelled].into_iter().find(|s| s.name() == name)
    }

    /// What the carrier makes of it when its time has come; nothing once it is at its end.
    pub const fn next(self) -> Option<Self> {
        match self {
            Self::Created => Some(Self::Dispatched),
            Self::Dispatched => Some(Self::Delivered),
            Self::Delivered | Self::Cancelled => None,
        }
    }
}

/// One order's parcel.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shipment {
    pub id: ShipmentId,
    pub order: OrderId,
    pub state: State,
    pub lines: Vec<Line>,
    /// The carrier's number, empty until it has the parcel.
    pub tracking: String,
    pub created: Timestamp,
    pub updated: Timestamp,
    /// Counts its changes, from 1; the version of its events.
    pub version: i64,
    /// The trace in which it was asked for: what the carrier does with it later belongs there.
    pub trace: Option<String>,
}

/// Why a call was refused. Each is one `reason` of the contract.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// The carrier has it.
    AlreadyDispatched,
    /// The order's shipment was cancelled for good.
    AlreadyCancelled,
    /// The saga undid this step before it arrived.
    StepUndone,
    /// A later attempt of the step was here.
    StepStale,
}

impl Refusal {
    /// The contract's name for it; it is kept beside the call's key under this name.
    pub const fn reason(self) -> &'static str {
        match self {
            Self::AlreadyDispatched => "ALREADY_DISPATCHED",
            Self::AlreadyCancelled => "ALREADY_CANCELLED",
            Self::StepUndone => "STEP_UNDONE",
            Self::StepStale => "STEP_STALE",
        }
    }

    /// For people.
    pub const fn sentence(self) -> &'static str {
        match self {
            Self::AlreadyDispatched => "the carrier has the parcel: it comes back by a return",
            Self::AlreadyCancelled => "the order's shipment was cancelled for good",
            Self::StepUndone => "the saga undid this step before it arrived",
            Self::StepStale => "a later attempt of this step was here",
        }
    }

    /// The opposite of [`reason`](Self::reason).
    pub fn parse(reason: &str) -> Option<Self> {
        [Self::AlreadyDispatched, Self::AlreadyCancelled, Self::StepUndone, Self::StepStale]
            .into_iter()
            .find(|refusal| refusal.reason() == reason)
    }
}

/// What a call does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Plan {
    /// Changes the shipment, or makes it.
    Act,
    /// Nothing to do.
    Keep,
}

/// Decides a `CreateShipment`: one an order.
pub fn create(before: Option<State>) -> Result<Plan, Refusal> {
    match before {
        None => Ok(Plan::Act),
        Some(State::Created | State::Dispatched | State::Delivered) => Ok(Plan::Keep),
        Some(State::Cancelled) => Err(Refusal::AlreadyCancelled),
    }
}

/// Decides a `CancelShipment`.
pub fn cancel(before: Option<State>) -> Result<Plan, Refusal> {
    match before {
        Some(State::Created) => Ok(Plan::Act),
        None | Some(State::Cancelled) => Ok(Plan::Keep),
        Some(State::Dispatched | State::Delivered) => Err(Refusal::AlreadyDispatched),
    }
}

/// The carrier's number of a parcel.
pub fn tracking(id: &ShipmentId) -> String {
    format!("OR{}", id.0)
}

/// The same as an expression over a row, for many parcels in one statement.
pub const TRACKING_SQL: &str = "'OR' || shipment_id";

#[cfg(test)]
mod tests {
    use super::*;

    const STATES: [State; 4] = [State::Created, State::Dispatched, State::Delivered, State::Cancelled];

    #[test]
    fn an_order_has_one_shipment_and_a_cancelled_one_stays_cancelled() {
        assert_eq!(create(None), Ok(Plan::Act));
        assert_eq!(create(Some(State::Created)), Ok(Plan::Keep));
        assert_eq!(create(Some(State::Delivered)), Ok(Plan::Keep));
        assert_eq!(create(Some(State::Cancelled)), Err(Refusal::AlreadyCancelled));
    }

    #[test]
    fn a_parcel_is_cancelled_only_before_the_carrier_has_it() {
        assert_eq!(cancel(Some(State::Created)), Ok(Plan::Act));
        assert_eq!(cancel(Some(State::Cancelled)), Ok(Plan::Keep));
        assert_eq!(cancel(None), Ok(Plan::Keep));
        assert_eq!(cancel(Some(State::Dispatched)), Err(Refusal::AlreadyDispatched));
        assert_eq!(cancel(Some(State::Delivered)), Err(Refusal::AlreadyDispatched));
    }

    #[test]
    fn the_carrier_brings_a_parcel_to_its_end_and_no_further() {
        assert_eq!(State::Created.next().and_then(State::next), Some(State::Delivered));
        assert_eq!(State::Delivered.next(), None);
        assert_eq!(State::Cancelled.next(), None);
    }

    #[test]
    fn names_are_read_back_as_they_were_written() {
        assert!(STATES.iter().all(|state| State::parse(state.name()) == Some(*state)));
        for refusal in [Refusal::AlreadyDispatched, Refusal::AlreadyCancelled, Refusal::StepUndone, Refusal::StepStale]
        {
            assert_eq!(Refusal::parse(refusal.reason()), Some(refusal));
        }
    }
}
