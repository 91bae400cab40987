//! The domain's things as the contract's messages: for answers, for events and for the audit's facts alike.

use crate::domain::{Level, OrderId, Reservation, Shortage, Sku, State};
use api::inventory::v1 as pb;
use fabric::time::timestamp;
use journal::{Event, Stamp};
use prost::Message;

/// What this service publishes, by full name.
const RESERVATION_CHANGED: &str = "outrigger.inventory.v1.ReservationChanged";
const STOCK_OUT: &str = "outrigger.inventory.v1.StockOut";

/// The event of a changed reservation. `place` tells the events of one unit apart.
pub fn changed(stamp: &Stamp, after: &Reservation, place: usize) -> Event {
    let payload = pb::ReservationChanged { reservation: Some(reservation(after)) }.encode_to_vec();
    event(stamp, RESERVATION_CHANGED, &after.order, after.version, payload, place)
}

/// The event of a refusal for want of stock. It is no change of a reservation, so it bears no version of one.
pub fn stock_out(stamp: &Stamp, order: &OrderId, lacking: &[Shortage]) -> Event {
    let wanted = lacking.iter().map(|line| stock_line(&line.sku, line.wanted)).collect();
    let on_hand = lacking.iter().map(|line| line.on_hand).collect();
    let payload = pb::StockOut { order_id: order.0.clone(), wanted, on_hand }.encode_to_vec();
    event(stamp, STOCK_OUT, order, 0, payload, 0)
}

fn event(stamp: &Stamp, kind: &str, order: &OrderId, version: i64, payload: Vec<u8>, place: usize) -> Event {
    Event {
        id: stamp.event_id(place),
        source: crate::NAME.to_owned(),
        kind: kind.to_owned(),
        key: order.0.clone(),
        version,
        payload,
        at: stamp.now,
        trace: stamp.trace.clone(),
    }
}

pub fn reservation(reservation: &Reservation) -> pb::Reservation {
    pb::Reservation {
        order_id: reservation.order.0.clone(),
        state: state(reservation.state).into(),
        lines: reservation.lines.iter().map(|line| stock_line(&line.sku, line.quantity)).collect(),
        expire_time: Some(timestamp(reservation.expires_at)),
    }
}

const fn state(state: State) -> pb::ReservationState {
    match state {
        State::Held => pb::ReservationState::Held,
        State::Committed => pb::ReservationState::Committed,
        State::Released => pb::ReservationState::Released,
        State::Expired => pb::ReservationState::Expired,
        State::Shipped => pb::ReservationState::Shipped,
    }
}

fn stock_line(sku: &Sku, quantity: i64) -> pb::StockLine {
    pb::StockLine { sku: sku.0.clone(), quantity }
}

pub fn level(sku: Sku, level: Level) -> pb::StockLevel {
    let Level { on_hand, reserved, committed, shipped, received, returned, corrected } = level;
    pb::StockLevel { sku: sku.0, on_hand, reserved, committed, shipped, received, returned, corrected }
}
