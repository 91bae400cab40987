//! PlaceOrder: checked, priced, recorded with its saga and everything that is told of it in one unit, then awaited if
//! the caller wishes.

use super::{Inner, status};
use crate::{
    PLACE_ORDER,
    domain::{Change, Order, check_place},
    hub::Watched,
    store as rows,
};
use api::order::v1::{PlaceOrderRequest, PlaceOrderResponse, WaitFor};
use fabric::Deadline;
use journal::{Claim, Fingerprint, Key, once};
use prost::Message;
use saga::{New, Seat};
use sea_orm::DbErr;
use std::{sync::Arc, time::Duration};
use store::Tx;
use tokio::time::Instant;
use tonic::{Response, Status};

/// An answer needs time for its way back: at most this much of a caller's deadline is kept for it.
const WAY_BACK: Duration = Duration::from_millis(250);

pub async fn place(
    inner: &Arc<Inner>,
    caller: String,
    request: PlaceOrderRequest,
) -> Result<Response<PlaceOrderResponse>, Status> {
    let draft = check_place(&request, inner.settings.on_failure).map_err(status::invalid)?;
    let pricings = inner.catalogue.pricings(&draft.lines, &draft.currency).await?;
    let (order_id, now, trace) = (inner.ambient.id(), inner.ambient.now(), fabric::trace::current());
    let content = draft.priced(pricings, order_id, now, trace).map_err(status::invalid)?;
    let (order, changes) = Order::received(content);
    let waiting = request.wait_for() == WaitFor::Confirmed;
    let watched = waiting.then(|| inner.hub.watch(&order.content.order_id));
    let placing = Placing {
        inner: inner.clone(),
        key: Key::new(caller, PLACE_ORDER, request.request_id.clone()),
        fingerprint: fingerprint(request),
        order: order.clone(),
        changes,
        seat: inner.orders.seat(),
    };
    let claim = inner.store.unit(placing, |tx, placing| Box::pin(placing.record(tx))).await.map_err(status::store)?;
    match claim {
        Claim::Conflict { field } => Err(status::reused(&field)),
        Claim::Replay { resource } => attach(inner, &resource, waiting).await,
        Claim::Fresh => {
            // Only now is the identifier an order's; a repetition is another trace, and an order is found in its own.
            fabric::trace::annotate(fabric::trace::names::ORDER_ID, &order.content.order_id);
            let order = match watched {
                Some(watched) => confirmed(inner, order, watched).await,
                None => order,
            };
            Ok(answer(&order))
        }
    }
}

struct Placing {
    inner: Arc<Inner>,
    key: Key,
    fingerprint: Fingerprint,
    order: Order,
    changes: Vec<Change>,
    seat: Seat,
}

impl Placing {
    /// I3: key, order, first attempt and events are one unit.
    async fn record(&self, tx: &Tx) -> Result<Claim, DbErr> {
        let content = &self.order.content;
        let claim = once::claim_for_ever(tx, &self.key, &self.fingerprint, &content.order_id).await?;
        if claim == Claim::Fresh {
            rows::insert(tx, &self.order, &self.changes).await?;
            let new = New {
                id: content.order_id.clone(),
                case: self.order.clone(),
                trace: content.trace.clone(),
                now: content.created_at,
            };
            self.inner.orders.begin(tx, &self.seat, &new).await?;
        }
        Ok(claim)
    }
}

/// What the key stands for. Titles and counts of returned items are the service's to fill in, `wait_for` is not part
/// of the content.
fn fingerprint(request: PlaceOrderRequest) -> Fingerprint {
    let lines = request.lines.into_iter().map(|mut line| {
        (line.title, line.returned) = (String::new(), 0);
        line.encode_length_delimited_to_vec()
    });
    let charges = request.charges.iter().map(Message::encode_length_delimited_to_vec);
    Fingerprint::new()
        .field("customer", request.customer.unwrap_or_default().encode_to_vec())
        .field("lines", lines.collect::<Vec<_>>().concat())
        .field("charges", charges.collect::<Vec<_>>().concat())
        .field("payment", request.payment.unwrap_or_default().encode_to_vec())
        .field("on_failure", request.on_failure.map(|policy| policy.encode_to_vec()).unwrap_or_default())
}

/// A request that came before: the same order as it stands now, awaited like the first.
async fn attach(inner: &Inner, order_id: &str, waiting: bool) -> Result<Response<PlaceOrderResponse>, Status> {
    let watched = waiting.then(|| inner.hub.watch(order_id));
    let mut order = inner.order(order_id).await?;
    if let Some(watched) = watched.filter(|_| !order.is_confirmed_or_further()) {
        order = confirmed(inner, order, watched).await;
    }
    Ok(status::replayed(answer(&order)))
}

/// Waits until the order is confirmed or further, final, or parked; answers it as it stands when the caller's deadline
/// is near.
async fn confirmed(inner: &Inner, mut order: Order, mut watched: Watched) -> Order {
    let until = Deadline::current().map(|deadline| {
        let left = deadline.saturating_duration_since(Instant::now());
        deadline - WAY_BACK.min(left / 4)
    });
    let content = order.content.clone();
    while !order.is_confirmed_or_further() {
        let news = match until {
            Some(until) => tokio::time::timeout_at(until, watched.next()).await,
            None => Ok(watched.next().await),
        };
        match news {
            // Who moved it on may have read it without its lines.
            Ok(Some(next)) => order = Order { content: content.clone(), ..next },
            // A look that fails is not the end of the wait: the order is recorded, and the deadline near or far.
            Ok(None) => order = inner.order(&content.order_id).await.unwrap_or(order),
            Err(_) => break,
        }
    }
    order
}

fn answer(order: &Order) -> Response<PlaceOrderResponse> {
    Response::new(PlaceOrderResponse { order: Some(order.message()) })
}
