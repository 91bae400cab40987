//! The units of an order's stock: reserve, commit, release, restock. Each names its order, reads, passes the gates of
//! [`call`], writes.
//!
//! Where units run side by side, what is locked is locked in one order: the order (which may have no row yet), its
//! reservation, the saga's step, the call's key, and last, when all else is written, the stock.

use super::{call::Answer, reservation, stock};
use crate::{
    domain::{Committing, Kind, Lines, OrderId, Refusal, Releasing, Reservation, Reserving, Sku, State},
    messages,
};
use ambient::{Alarm, Timestamp};
use journal::{
    barrier,
    gate::{self, Call, Ended, Place},
    outbox,
};
use sea_orm::DbErr;
use std::{collections::BTreeMap, sync::Arc};
use store::Tx;

/// What an order's reservation is after a call; nothing when there never was one.
type Outcome = Answer<Option<Reservation>>;

/// All lines for an order, or none.
pub struct Reserve {
    pub call: Call,
    pub place: Place,
    pub order: OrderId,
    pub lines: Lines,
    pub until: Timestamp,
    /// The sweeper's, set once the hold is durable.
    pub alarm: Arc<Alarm>,
}

/// A promise of what an order holds.
pub struct Commit {
    pub call: Call,
    pub place: Place,
    pub order: OrderId,
}

/// The undo of both.
pub struct Release {
    pub call: Call,
    /// The steps to bar from now on.
    pub undoes: Vec<barrier::Step>,
    pub order: OrderId,
}

/// Goods that came back.
pub struct Restock {
    pub call: Call,
    pub place: Place,
    pub order: OrderId,
    pub lines: Lines,
}

pub async fn reserve(tx: &Tx, ask: &Reserve) -> Result<Outcome, DbErr> {
    journal::alone(tx, &ask.order.0).await?;
    let before = reservation::find(tx, &ask.order).await?;
    let on_hand = stock::on_hand(tx, ask.lines.skus()).await?;
    let unknown: Vec<Sku> = ask.lines.skus().filter(|sku| !on_hand.contains_key(sku)).cloned().collect();
    if !unknown.is_empty() {
        return Ok(Answer::Unknown(unknown));
    }
    let decide = || Reservation::reserve(before.as_ref(), &ask.lines, ask.until, free(&on_hand));
    let plan = match gate::admit(tx, &ask.call, &ask.place, decide).await? {
        Ok(plan) => plan,
        Err(ended) => return end(tx, &ask.call, &ask.order, ended, before).await,
    };
    let after = match (plan, before) {
        (Reserving::Keep, before) => before,
        (Reserving::Extend, Some(held)) => {
            let longer = Reservation { expires_at: ask.until, ..held };
            Some(reservation::turn(tx, &ask.call.stamp, longer, State::Held).await?)
        }
        (Reserving::Take | Reserving::Extend, before) => {
            let held = reservation::hold(tx, &ask.call.stamp, before, &ask.order, &ask.lines, ask.until).await?;
            stock::move_lines(tx, Kind::Reserve, &ask.lines, &ask.order.0, ask.call.stamp.now).await?;
            Some(held)
        }
    };
    let promise = ask.alarm.promise(ask.until);
    tx.on_commit(Box::new(move || drop(promise)));
    Ok(Answer::done(after))
}

pub async fn commit(tx: &Tx, ask: &Commit) -> Result<Outcome, DbErr> {
    journal::alone(tx, &ask.order.0).await?;
    let before = reservation::find(tx, &ask.order).await?;
    let lines = before.as_ref().map(Reservation::wanted).unwrap_or_default();
    // Only what expired has to be looked for; what is held is there.
    let on_hand = match &before {
        Some(reservation) if reservation.state == State::Expired => stock::on_hand(tx, lines.skus()).await?,
        _ => BTreeMap::new(),
    };
    let decide = || match &before {
        None => Err(Refusal::NotReserved),
        Some(reservation) => reservation.commit(&lines, free(&on_hand)),
    };
    let plan = match gate::admit(tx, &ask.call, &ask.place, decide).await? {
        Ok(plan) => plan,
        Err(ended) => return end(tx, &ask.call, &ask.order, ended, before).await,
    };
    let stamp = &ask.call.stamp;
    let before = match (plan, before) {
        (Committing::Promise | Committing::TakeAnew, Some(before)) => before,
        (Committing::Keep, before) | (_, before @ None) => return Ok(Answer::done(before)),
    };
    let after = reservation::turn(tx, stamp, before, State::Committed).await?;
    if plan == Committing::TakeAnew {
        stock::move_lines(tx, Kind::Reserve, &lines, &ask.order.0, stamp.now).await?;
    }
    stock::move_lines(tx, Kind::Commit, &lines, &ask.order.0, stamp.now).await?;
    Ok(Answer::done(Some(after)))
}

pub async fn release(tx: &Tx, ask: &Release) -> Result<Outcome, DbErr> {
    journal::alone(tx, &ask.order.0).await?;
    let before = reservation::find(tx, &ask.order).await?;
    let decision = before.as_ref().map_or(Ok(Releasing::Keep), Reservation::release);
    let plan = match gate::keep(tx, &ask.call, decision).await? {
        Ok(plan) => plan,
        Err(ended) => return Ok(Answer::ended(ended, before)),
    };
    for step in &ask.undoes {
        barrier::undo(tx, step, ask.call.stamp.now).await?;
    }
    let (Some(before), Some(kind)) = (&before, given_up(plan)) else { return Ok(Answer::done(before)) };
    let stamp = &ask.call.stamp;
    let after = reservation::turn(tx, stamp, before.clone(), State::Released).await?;
    if let Some(kind) = kind {
        stock::move_lines(tx, kind, &before.wanted(), &ask.order.0, stamp.now).await?;
    }
    Ok(Answer::done(Some(after)))
}

/// How the stock moves when a reservation is given up; nothing when it was given up before.
const fn given_up(plan: Releasing) -> Option<Option<Kind>> {
    match plan {
        Releasing::Keep => None,
        Releasing::Expired => Some(None),
        Releasing::Held => Some(Some(Kind::ReleaseHeld)),
        Releasing::Committed => Some(Some(Kind::ReleaseCommitted)),
    }
}

pub async fn restock(tx: &Tx, ask: &Restock) -> Result<Answer<()>, DbErr> {
    journal::alone(tx, &ask.order.0).await?;
    let before = reservation::find(tx, &ask.order).await?;
    // Orders may have heard of the dispatch before we have: that is no refusal, it only comes too early.
    if before.as_ref().is_some_and(|reservation| reservation.state == State::Committed) {
        return Ok(Answer::NotYet);
    }
    let decide = || before.as_ref().ok_or(Refusal::NotReserved)?.restock(&ask.lines);
    if let Err(ended) = gate::admit(tx, &ask.call, &ask.place, decide).await? {
        return Ok(Answer::ended(ended, ()));
    }
    reservation::count_returned(tx, &ask.order, &ask.lines).await?;
    stock::move_lines(tx, Kind::Restock, &ask.lines, &ask.order.0, ask.call.stamp.now).await?;
    Ok(Answer::done(()))
}

/// A call that does nothing. That there was no stock is told to whom it concerns, once.
async fn end(
    tx: &Tx,
    call: &Call,
    order: &OrderId,
    ended: Ended<Refusal>,
    before: Option<Reservation>,
) -> Result<Outcome, DbErr> {
    if let Ended::Refused { refusal: Refusal::OutOfStock(lacking), replayed: false } = &ended {
        outbox::append(tx, &messages::stock_out(&call.stamp, order, lacking)).await?;
    }
    Ok(Answer::ended(ended, before))
}

fn free(on_hand: &BTreeMap<Sku, i64>) -> impl Fn(&Sku) -> i64 {
    |sku| on_hand.get(sku).copied().unwrap_or(0)
}
