//! Listens to shipping: what a carrier took is no longer promised, it is shipped.

use crate::{
    domain::OrderId,
    store::dispatch::{self, Parcel, Unpromised},
};
use ambient::Ambient;
use api::shipping::v1::{ShipmentChanged, ShipmentState};
use journal::{Consumer, Event, Indigestible, Stamp};
use prost::Message;
use store::{BoxFuture, Tx};

const SHIPMENT_CHANGED: &str = "outrigger.shipping.v1.ShipmentChanged";

/// Applies shipping's events to the stock. Once per event: the inbox sees to it; and harmless twice: the reservation does.
pub struct Dispatches {
    pub ambient: Ambient,
}

impl Consumer for Dispatches {
    fn consume<'a>(&'a self, tx: &'a Tx, event: &'a Event) -> BoxFuture<'a, Result<(), Indigestible>> {
        Box::pin(async move { self.apply(tx, &[event]).await })
    }

    /// Together, so that rows are locked in one order however the events come.
    fn consume_all<'a>(&'a self, tx: &'a Tx, events: &'a [&'a Event]) -> BoxFuture<'a, Result<(), Indigestible>> {
        Box::pin(self.apply(tx, events))
    }
}

impl Dispatches {
    async fn apply(&self, tx: &Tx, events: &[&Event]) -> Result<(), Indigestible> {
        let (mut parcels, mut told_by) = (Vec::new(), Vec::new());
        for event in events {
            if let Some(order) = dispatched(event)? {
                // The event's own trace, and an identifier made of its own: the unit may run again.
                let id = format!("{}-shipped", event.id);
                parcels
                    .push(Parcel { order, stamp: Stamp { now: self.ambient.now(), id, trace: event.trace.clone() } });
                told_by.push(*event);
            }
        }
        match dispatch::dispatched(tx, &parcels).await.map_err(Indigestible::Store)? {
            None => Ok(()),
            Some(Unpromised { place, state }) => {
                let what = format!("the goods went although the reservation is {}", state.name());
                Err(poison(told_by[place], &what))
            }
        }
    }
}

/// The order whose parcel went, when that is what the event tells of.
fn dispatched(event: &Event) -> Result<Option<OrderId>, Indigestible> {
    if event.kind != SHIPMENT_CHANGED {
        return Ok(None);
    }
    let changed =
        ShipmentChanged::decode(event.payload.as_slice()).map_err(|error| poison(event, &error.to_string()))?;
    let shipment = changed.shipment.ok_or_else(|| poison(event, "it tells of no shipment"))?;
    match shipment.state() {
        ShipmentState::Dispatched => Ok(Some(OrderId(shipment.order_id))),
        ShipmentState::Created | ShipmentState::Delivered | ShipmentState::Cancelled => Ok(None),
        ShipmentState::Unspecified => Err(poison(event, "its shipment is in a state unknown here")),
    }
}

fn poison(event: &Event, what: &str) -> Indigestible {
    Indigestible::Poison(format!("{what} (event {}, key {})", event.id, event.key))
}
