//! Listens to shipping: what a carrier took is no longer promised, it is shipped.

use crate::{
    domain::OrderId,
    store::dispatch::{self, Dispatched},
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
        Box::pin(self.apply(tx, event))
    }
}

impl Dispatches {
    async fn apply(&self, tx: &Tx, event: &Event) -> Result<(), Indigestible> {
        if event.kind != SHIPMENT_CHANGED {
            return Ok(());
        }
        let poison = |what: &str| Indigestible::Poison(format!("{what} (event {}, key {})", event.id, event.key));
        let changed = ShipmentChanged::decode(event.payload.as_slice()).map_err(|error| poison(&error.to_string()))?;
        let shipment = changed.shipment.ok_or_else(|| poison("it tells of no shipment"))?;
        match shipment.state() {
            ShipmentState::Dispatched => {}
            ShipmentState::Created | ShipmentState::Delivered | ShipmentState::Cancelled => return Ok(()),
            ShipmentState::Unspecified => return Err(poison("its shipment is in a state unknown here")),
        }
        // The event's own moment and trace, and an identifier made of its own: the unit may run again.
        let stamp = Stamp { now: self.ambient.now(), id: format!("{}-shipped", event.id), trace: event.trace.clone() };
        let order = OrderId(shipment.order_id);
        match dispatch::dispatched(tx, &stamp, &order).await.map_err(Indigestible::Store)? {
            Dispatched::Settled => Ok(()),
            Dispatched::Unpromised(state) => {
                Err(poison(&format!("the goods went although the reservation is {}", state.name())))
            }
        }
    }
}
