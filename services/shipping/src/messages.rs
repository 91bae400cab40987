//! The domain's things as the contract's messages: for answers, events, the audit's facts, and the packing list in the row.

use crate::domain::{Line, Shipment, State};
use api::{inventory::v1::StockLine, shipping::v1 as pb};
use fabric::time::timestamp;
use journal::{Event, Stamp};
use prost::{DecodeError, Message};

/// What this service publishes, by full name.
const SHIPMENT_CHANGED: &str = "outrigger.shipping.v1.ShipmentChanged";

/// The event of a changed shipment. `place` tells the events of one unit apart.
pub fn changed(stamp: &Stamp, after: &Shipment, place: usize) -> Event {
    Event {
        id: stamp.event_id(place),
        source: crate::NAME.to_owned(),
        kind: SHIPMENT_CHANGED.to_owned(),
        key: after.order.0.clone(),
        version: after.version,
        payload: pb::ShipmentChanged { shipment: Some(shipment(after.clone())) }.encode_to_vec(),
        at: stamp.now,
        // The carrier acts in nobody's call: what it does goes on in the trace that asked for the parcel.
        trace: stamp.trace.clone().or_else(|| after.trace.clone()),
    }
}

pub fn shipment(shipment: Shipment) -> pb::Shipment {
    pb::Shipment {
        state: state(shipment.state).into(),
        lines: shipment.lines.into_iter().map(stock_line).collect(),
        create_time: Some(timestamp(shipment.created)),
        update_time: Some(timestamp(shipment.updated)),
        shipment_id: shipment.id.0,
        order_id: shipment.order.0,
        tracking_number: shipment.tracking,
    }
}

const fn state(state: State) -> pb::ShipmentState {
    match state {
        State::Created => pb::ShipmentState::Created,
        State::Dispatched => pb::ShipmentState::Dispatched,
        State::Delivered => pb::ShipmentState::Delivered,
        State::Cancelled => pb::ShipmentState::Cancelled,
    }
}

/// A packing list as the row holds it: the `lines` of a Shipment message.
pub fn pack(lines: &[Line]) -> Vec<u8> {
    let lines = lines.iter().cloned().map(stock_line).collect();
    pb::Shipment { lines, ..Default::default() }.encode_to_vec()
}

/// The opposite of [`pack`].
pub fn unpack(packing: &[u8]) -> Result<Vec<Line>, DecodeError> {
    let packed = pb::Shipment::decode(packing)?;
    Ok(packed.lines.into_iter().map(|line| Line { sku: line.sku, quantity: line.quantity }).collect())
}

fn stock_line(line: Line) -> StockLine {
    StockLine { sku: line.sku, quantity: line.quantity }
}
