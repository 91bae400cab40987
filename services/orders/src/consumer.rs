//! What the carrier does, as shipping tells it: dispatched makes an order SHIPPED, delivered makes it COMPLETED.
//!
//! Events may come again, or find the order's saga in the middle of a step or of a wish to cancel: what is decided is
//! decided here, inside the unit, from the rows.

use crate::{domain::Order, hub::Hub, plan::OrderPlan, store as rows};
use ambient::Timestamp;
use api::{
    order::v1::OrderState,
    shipping::v1::{Shipment, ShipmentChanged, ShipmentState},
};
use journal::{Consumer, Event, Indigestible};
use prost::Message;
use saga::Engine;
use sea_orm::DbErr;
use std::sync::Arc;
use store::{BoxFuture, Tx};

const SHIPMENT_CHANGED: &str = "outrigger.shipping.v1.ShipmentChanged";
/// The cause of an order whose shipment somebody else cancelled.
const SHIPMENT_CANCELLED: &str = "SHIPMENT_CANCELLED";

/// Follows shipping.
pub struct Carrier {
    pub orders: Engine<OrderPlan>,
    pub hub: Arc<Hub>,
}

impl Consumer for Carrier {
    fn consume<'a>(&'a self, tx: &'a Tx, event: &'a Event) -> BoxFuture<'a, Result<(), Indigestible>> {
        Box::pin(async move {
            if event.kind != SHIPMENT_CHANGED {
                return Ok(());
            }
            let poison = |why: String| Indigestible::Poison(why);
            let changed =
                ShipmentChanged::decode(event.payload.as_slice()).map_err(|error| poison(error.to_string()))?;
            let shipment = changed.shipment.ok_or_else(|| poison("it names no shipment".into()))?;
            Ok(self.changed(tx, &shipment, event.at).await?)
        })
    }
}

impl Carrier {
    async fn changed(&self, tx: &Tx, shipment: &Shipment, at: Timestamp) -> Result<(), DbErr> {
        let state = shipment.state();
        if matches!(state, ShipmentState::Created | ShipmentState::Unspecified) {
            return Ok(());
        }
        self.orders.hold(tx, &shipment.order_id).await?;
        let Some(order) = rows::hold_bare(tx, &shipment.order_id).await? else {
            tracing::debug!(order_id = shipment.order_id, "a shipment of no order of ours");
            return Ok(());
        };
        match state {
            ShipmentState::Cancelled => self.cancelled(tx, &order, at).await,
            ShipmentState::Dispatched => self.dispatched(tx, order, shipment, at).await.map(drop),
            _ => {
                let order = self.dispatched(tx, order, shipment, at).await?;
                self.delivered(tx, order, at).await
            }
        }
    }

    /// The carrier's word counts more than anything that was in doubt, or wished: a wish to cancel came too late.
    async fn dispatched(&self, tx: &Tx, order: Order, shipment: &Shipment, at: Timestamp) -> Result<Order, DbErr> {
        if !matches!(order.state, OrderState::Confirmed | OrderState::NeedsAttention) {
            return Ok(order);
        }
        let id = order.content.order_id.clone();
        let Some(mut after) = self.orders.proven(tx, (&id, &order), at).await? else {
            tracing::warn!(order_id = id, "a shipment that this order never asked for");
            return Ok(order);
        };
        after.cancel = None;
        after.shipment_id = shipment.shipment_id.clone();
        after.because("", "");
        self.go(tx, &order, after, OrderState::Shipped, at).await
    }

    async fn delivered(&self, tx: &Tx, order: Order, at: Timestamp) -> Result<(), DbErr> {
        if order.state != OrderState::Shipped {
            return Ok(());
        }
        let id = order.content.order_id.clone();
        self.orders.finish(tx, &id, at).await?;
        self.go(tx, &order, order.clone(), OrderState::Completed, at).await.map(drop)
    }

    /// Not by this order's own undo, for then its saga would not be waiting: the carrier will never come, a person has
    /// to look.
    async fn cancelled(&self, tx: &Tx, order: &Order, at: Timestamp) -> Result<(), DbErr> {
        if order.state != OrderState::Confirmed {
            return Ok(());
        }
        let why = (SHIPMENT_CANCELLED, "the shipment was cancelled at shipping");
        self.orders.forsaken(tx, (&order.content.order_id, order), why, at).await.map(drop)
    }

    async fn go(
        &self,
        tx: &Tx,
        before: &Order,
        mut order: Order,
        to: OrderState,
        at: Timestamp,
    ) -> Result<Order, DbErr> {
        // Two clocks, one history: its times never go back.
        let at = at.max(order.updated_at);
        let change = order.go(to, "", at).map_err(|illegal| DbErr::Custom(illegal.to_string()))?;
        rows::record(tx, before, &order, &[change], None).await?;
        let (hub, told) = (self.hub.clone(), order.clone());
        tx.on_commit(Box::new(move || hub.publish(told)));
        Ok(order)
    }
}
