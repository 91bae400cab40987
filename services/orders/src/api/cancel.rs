//! CancelOrder: a durable wish, and the wait for what is decided about it.

use super::{Inner, status};
use crate::{
    domain::{CANCELLED_BY_CUSTOMER, Cancel, Order, Violations, check_id, check_text, state_name},
    store as rows,
};
use ambient::Timestamp;
use api::order::v1::{CancelOrderRequest, CancelOrderResponse, OrderState};
use saga::Wished;
use sea_orm::DbErr;
use std::sync::Arc;
use store::Tx;
use tonic::Status;

/// The refusals of the contract.
const ALREADY_DISPATCHED: &str = "ALREADY_DISPATCHED";
const ORDER_FINAL: &str = "ORDER_FINAL";

pub async fn cancel(inner: &Arc<Inner>, request: CancelOrderRequest) -> Result<CancelOrderResponse, Status> {
    check(&request).map_err(status::invalid)?;
    let order_id = request.order_id.clone();
    let mut watched = inner.hub.watch(&order_id);
    let cancelling = Cancelling { inner: inner.clone(), request, now: inner.ambient.now() };
    let wished = inner.store.unit(cancelling, |tx, cancelling| Box::pin(cancelling.wish(tx))).await;
    let mut wished = wished.map_err(status::store)?.ok_or_else(|| status::no_order(&order_id))?;
    loop {
        match wished.verdict() {
            Verdict::Granted => {
                return Ok(CancelOrderResponse { order: Some(inner.order(&order_id).await?.message()) });
            }
            Verdict::Refused(reason) => {
                let message = match reason {
                    ALREADY_DISPATCHED => "the goods are with the carrier",
                    _ => "the order has ended",
                };
                return Err(status::precondition(reason, message, state_name(wished.order.state)));
            }
            // The wish stands, however long its caller waits.
            Verdict::Open => {
                wished.order = match watched.next().await {
                    Some(order) => order,
                    None => inner.order(&order_id).await?,
                }
            }
        }
    }
}

fn check(request: &CancelOrderRequest) -> Result<(), Violations> {
    let mut violations = Violations::default();
    check_id(&mut violations, "order_id", &request.order_id, 64);
    check_text(&mut violations, "actor", &request.actor, 128);
    check_text(&mut violations, "reason", &request.reason, 1_000);
    violations.or(())
}

struct Cancelling {
    inner: Arc<Inner>,
    request: CancelOrderRequest,
    now: Timestamp,
}

/// An order after somebody wished it cancelled.
struct Asked {
    order: Order,
    /// The wish is at the order, or was decided since.
    entered: bool,
}

#[derive(Debug, PartialEq, Eq)]
enum Verdict {
    Granted,
    Refused(&'static str),
    Open,
}

impl Cancelling {
    async fn wish(&self, tx: &Tx) -> Result<Option<Asked>, DbErr> {
        self.inner.orders.hold(tx, &self.request.order_id).await?;
        let Some(mut order) = rows::hold_bare(tx, &self.request.order_id).await? else { return Ok(None) };
        let asked = Asked { order: order.clone(), entered: false };
        if asked.verdict() != Verdict::Open {
            return Ok(Some(asked));
        }
        let CancelOrderRequest { order_id, actor, reason } = &self.request;
        order.cancel.get_or_insert_with(|| Cancel { actor: actor.clone(), reason: reason.clone() });
        let engine = &self.inner.orders;
        let wish = (CANCELLED_BY_CUSTOMER, reason.as_str(), actor.as_str());
        let (wished, after) = engine.wish(tx, (order_id, &order), wish, self.now).await?;
        match wished {
            Wished::Turning | Wished::Kept => {
                rows::update(tx, &asked.order, &after).await?;
                Ok(Some(Asked { order: after, entered: true }))
            }
            // On its way back for another reason: that decides.
            Wished::Already => Ok(Some(asked)),
            Wished::Over => Err(DbErr::Custom(format!("I4: order {order_id} is open, and nothing drives it"))),
        }
    }
}

impl Asked {
    fn verdict(&self) -> Verdict {
        use OrderState::*;
        match self.order.state {
            Cancelled | Refunding | Refunded => Verdict::Granted,
            Shipped => Verdict::Refused(ALREADY_DISPATCHED),
            Completed if self.order.waiver.is_none() => Verdict::Refused(ALREADY_DISPATCHED),
            Completed | Declined | OutOfStock => Verdict::Refused(ORDER_FINAL),
            // Shipping was asked and said no: the wish is gone, the order goes on.
            Confirmed if self.entered && self.order.cancel.is_none() => Verdict::Refused(ALREADY_DISPATCHED),
            _ => Verdict::Open,
        }
    }
}
