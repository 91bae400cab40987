//! ResolveOrder: a person's answer to an order that waits for one. Who and why go into the history.

use super::{Inner, status};
use crate::{
    domain::{Order, Violations, Waiver, check_id, check_text, state_name},
    store as rows,
};
use ambient::Timestamp;
use api::order::v1::{OrderState, Resolution, ResolveOrderRequest, ResolveOrderResponse};
use saga::Resolution as Resolve;
use sea_orm::DbErr;
use std::sync::Arc;
use store::Tx;
use tonic::Status;

/// The cause of an order that a person called complete.
const WAIVED: &str = "WAIVED";

pub async fn resolve(inner: &Arc<Inner>, request: ResolveOrderRequest) -> Result<ResolveOrderResponse, Status> {
    let resolution = check(&request).map_err(status::invalid)?;
    let order_id = request.order_id.clone();
    let resolving = Resolving { inner: inner.clone(), request, resolution, now: inner.ambient.now() };
    let resolved = inner.store.unit(resolving, |tx, resolving| Box::pin(resolving.record(tx))).await;
    match resolved.map_err(status::store)? {
        None => Err(status::no_order(&order_id)),
        Some(Answered::Taken) => Ok(ResolveOrderResponse { order: Some(inner.order(&order_id).await?.message()) }),
        Some(Answered::NotParked(state)) => {
            Err(status::precondition("NOT_PARKED", "the order waits for nobody", state_name(state)))
        }
    }
}

fn check(request: &ResolveOrderRequest) -> Result<Resolution, Violations> {
    let mut violations = Violations::default();
    let v = &mut violations;
    check_id(v, "order_id", &request.order_id, 64);
    check_id(v, "actor", &request.actor, 128);
    check_text(v, "note", &request.note, 1_000);
    let resolution = request.resolution();
    match resolution {
        Resolution::Unspecified => v.add("resolution", "must be RETRY, REFUND or COMPLETE"),
        Resolution::Complete if request.note.trim().is_empty() => v.add("note", "is needed to call an order complete"),
        Resolution::Complete | Resolution::Retry | Resolution::Refund => {}
    }
    violations.or(resolution)
}

struct Resolving {
    inner: Arc<Inner>,
    request: ResolveOrderRequest,
    resolution: Resolution,
    now: Timestamp,
}

enum Answered {
    Taken,
    NotParked(OrderState),
}

impl Resolving {
    async fn record(&self, tx: &Tx) -> Result<Option<Answered>, DbErr> {
        let ResolveOrderRequest { order_id, actor, note, .. } = &self.request;
        self.inner.orders.hold(tx, order_id).await?;
        let Some(order) = rows::hold_bare(tx, order_id).await? else { return Ok(None) };
        if self.is_repeated(&order) {
            return Ok(Some(Answered::Taken));
        }
        if order.state != OrderState::NeedsAttention {
            return Ok(Some(Answered::NotParked(order.state)));
        }
        let answer = match self.resolution {
            Resolution::Refund => Resolve::Undo { cause: order.cause.clone() },
            Resolution::Complete => Resolve::End,
            Resolution::Retry | Resolution::Unspecified => Resolve::Retry,
        };
        let engine = &self.inner.orders;
        let after = engine.resolve(tx, (order_id, &order), answer, (actor, note), self.now).await?;
        match after {
            None => return Err(DbErr::Custom(format!("I4: order {order_id} waits for a person, its saga does not"))),
            Some(after) if self.resolution == Resolution::Complete => self.waive(tx, &order, after).await?,
            Some(_) => {}
        }
        Ok(Some(Answered::Taken))
    }

    /// The same note by the same person again changes nothing.
    fn is_repeated(&self, order: &Order) -> bool {
        self.resolution == Resolution::Complete
            && order
                .waiver
                .as_ref()
                .is_some_and(|waiver| waiver.actor == self.request.actor && waiver.note == self.request.note)
    }

    async fn waive(&self, tx: &Tx, before: &Order, mut order: Order) -> Result<(), DbErr> {
        let ResolveOrderRequest { actor, note, .. } = &self.request;
        order.waiver = Some(Waiver { actor: actor.clone(), note: note.clone(), at: self.now });
        order.cancel = None;
        order.because(WAIVED, note);
        let change = order.go(OrderState::Completed, actor, self.now);
        let change = change.map_err(|illegal| DbErr::Custom(illegal.to_string()))?;
        rows::record(tx, before, &order, &[change], None).await?;
        let hub = self.inner.hub.clone();
        tx.on_commit(Box::new(move || hub.publish(order)));
        Ok(())
    }
}
