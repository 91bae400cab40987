//! ReturnItems: what comes back is counted at the order's lines and recorded with its saga in one unit.

use super::{Inner, status};
use crate::{
    RETURN_ITEMS,
    domain::{Order, Return, ReturnLine, TooMany, check_return, is_returnable, money, state_name, take_back},
    store as rows,
};
use ambient::Timestamp;
use api::order::v1::{ReturnItemsRequest, ReturnItemsResponse};
use fabric::status::refusal;
use journal::{Claim, Fingerprint, Key, once};
use prost::Message;
use saga::{New, Seat};
use sea_orm::DbErr;
use std::sync::Arc;
use store::Tx;
use tonic::{Code, Response, Status};

pub async fn take(
    inner: &Arc<Inner>,
    caller: String,
    request: ReturnItemsRequest,
) -> Result<Response<ReturnItemsResponse>, Status> {
    let lines = check_return(&request).map_err(status::invalid)?;
    let order_id = request.order_id.clone();
    let taking = Taking {
        inner: inner.clone(),
        key: Key::new(caller, RETURN_ITEMS, request.request_id.clone()),
        fingerprint: fingerprint(&request),
        return_id: inner.ambient.id(),
        lines: Arc::new(lines),
        request,
        seat: inner.returns.seat(),
        trace: fabric::trace::current(),
        now: inner.ambient.now(),
    };
    let taken = inner.store.unit(taking, |tx, taking| Box::pin(taking.record(tx))).await.map_err(status::store)?;
    match taken {
        Taken::Recorded(returned) => answer(inner, &returned).await,
        Taken::Before(returned) => answer(inner, &returned).await.map(status::replayed),
        Taken::Reused { field } => Err(status::reused(&field)),
        Taken::NoOrder => Err(status::no_order(&order_id)),
        Taken::NotReturnable(order) => Err(not_returnable(&order)),
        Taken::TooMany(TooMany { sku, left }) => {
            let message = format!("of {sku} at this price only {left} can still come back");
            let metadata = [("sku", sku), ("left", left.to_string())];
            Err(refusal(Code::OutOfRange, "TOO_MANY_RETURNED", message, &metadata))
        }
    }
}

enum Taken {
    Recorded(Return),
    Before(Return),
    Reused { field: String },
    NoOrder,
    NotReturnable(Box<Order>),
    TooMany(TooMany),
}

struct Taking {
    inner: Arc<Inner>,
    key: Key,
    fingerprint: Fingerprint,
    return_id: String,
    lines: Arc<Vec<ReturnLine>>,
    request: ReturnItemsRequest,
    seat: Seat,
    trace: Option<String>,
    now: Timestamp,
}

impl Taking {
    /// Decides first: a refusal leaves nothing behind, not even the key. The order is held throughout: its other returns
    /// wait, among them this very one under way.
    async fn record(&self, tx: &Tx) -> Result<Taken, DbErr> {
        let order = rows::hold(tx, &self.request.order_id).await?;
        if let Some(before) = self.before(tx, once::look(tx, &self.key, &self.fingerprint).await?).await? {
            return Ok(before);
        }
        let Some(order) = order else { return Ok(Taken::NoOrder) };
        if !is_returnable(&order) {
            return Ok(Taken::NotReturnable(Box::new(order)));
        }
        let promised = rows::promised(tx, &self.request.order_id).await?;
        let given = match take_back(&order.content, promised, &self.lines) {
            Ok(given) => given,
            Err(too_many) => return Ok(Taken::TooMany(too_many)),
        };
        let returned = Return {
            return_id: self.return_id.clone(),
            order_id: self.request.order_id.clone(),
            payment_id: order.payment_id.clone(),
            lines: self.lines.clone(),
            refund: given.refund,
            currency: order.content.currency.clone(),
            reason: self.request.reason.clone(),
            created_at: self.now,
        };
        // The same key may be under way for another order, which the lock on this one does not keep apart.
        let claim = once::claim(tx, &self.key, &self.fingerprint, &self.return_id, self.now).await?;
        if let Some(before) = self.before(tx, Some(claim)).await? {
            return Ok(before);
        }
        rows::insert_return(tx, &returned, &given).await?;
        let (id, case, trace) = (self.return_id.clone(), returned.clone(), self.trace.clone());
        self.inner.returns.begin(tx, &self.seat, &New { id, case, trace, now: self.now }).await?;
        Ok(Taken::Recorded(returned))
    }

    /// What the key stands for already.
    async fn before(&self, tx: &Tx, claim: Option<Claim>) -> Result<Option<Taken>, DbErr> {
        match claim {
            Some(Claim::Conflict { field }) => Ok(Some(Taken::Reused { field })),
            Some(Claim::Replay { resource }) => {
                let found = rows::find_return(tx, &resource).await?;
                found.map(|before| Some(Taken::Before(before))).ok_or(DbErr::RecordNotFound(resource))
            }
            Some(Claim::Fresh) | None => Ok(None),
        }
    }
}

fn fingerprint(request: &ReturnItemsRequest) -> Fingerprint {
    let lines: Vec<Vec<u8>> = request.lines.iter().map(Message::encode_length_delimited_to_vec).collect();
    Fingerprint::new()
        .field("order_id", &request.order_id)
        .field("lines", lines.concat())
        .field("reason", &request.reason)
}

fn not_returnable(order: &Order) -> Status {
    let message = match order.waiver {
        Some(_) => "a person called the order complete: whether its goods went out is not known",
        None => "only orders that were shipped or completed can come back",
    };
    status::precondition("NOT_RETURNABLE", message, state_name(order.state))
}

async fn answer(inner: &Inner, returned: &Return) -> Result<Response<ReturnItemsResponse>, Status> {
    Ok(Response::new(ReturnItemsResponse {
        return_id: returned.return_id.clone(),
        refund: Some(money(&returned.currency, returned.refund)),
        order: Some(inner.order(&returned.order_id).await?.message()),
    }))
}
