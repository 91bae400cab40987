//! What the simulated carrier does, a batch a unit: it takes parcels that are due and brings those that are out. Whether a
//! cancellation or the dispatch comes first is decided here and in [`cancel`](super::cancel), each a unit that holds the
//! parcel's row: never both.

use super::{entity::shipment, never, whole};
use crate::{
    domain::{self, Shipment, State},
    messages,
};
use ambient::Timestamp;
use journal::{Event, Stamp, outbox};
use sea_orm::{
    ColumnTrait, DbErr, EntityTrait, FromQueryResult, QueryFilter, QueryOrder, QuerySelect, Select,
    sea_query::{Expr, ExprTrait, LockBehavior, LockType},
};
use store::Tx;

/// One round of the carrier.
pub struct Round {
    pub stamp: Stamp,
    /// How many parcels at most: a unit must not keep others waiting.
    pub most: usize,
    /// When parcels taken in this round are delivered.
    pub delivery: Timestamp,
}

/// What a round leaves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Moved {
    /// How many parcels moved on.
    pub parcels: usize,
    /// When the next one is due. It may be due already: there was no room for it, or a call has it in hand.
    pub next: Option<Timestamp>,
}

#[derive(FromQueryResult)]
struct Due {
    due_at: i64,
}

pub async fn round(tx: &Tx, round: &Round) -> Result<Moved, DbErr> {
    let now = round.stamp.now;
    // What a cancellation works on is left to it: it makes it a parcel that is never due, or it is found again.
    let rows = soonest()
        .filter(shipment::Column::DueAt.lte(now.as_millis()))
        .limit(round.most as u64)
        .lock_with_behavior(LockType::Update, LockBehavior::SkipLocked)
        .all(tx)
        .await?;
    let moved = rows.len();
    let parcels = rows.into_iter().map(whole).collect::<Result<Vec<_>, _>>()?;
    let (waiting, out): (Vec<_>, Vec<_>) = parcels.into_iter().partition(|parcel| parcel.state == State::Created);
    dispatch(tx, round, &waiting).await?;
    deliver(tx, round, &out).await?;
    // Told of while the rows are held, so that the events of an order have their numbers in the order of its changes.
    let events: Vec<Event> = waiting
        .into_iter()
        .chain(out)
        .enumerate()
        .map(|(place, parcel)| messages::changed(&round.stamp, &moved_on(parcel, now), place))
        .collect();
    outbox::append_all(tx, &events).await?;
    let next = soonest().select_only().column(shipment::Column::DueAt).into_model::<Due>().one(tx).await?;
    Ok(Moved { parcels: moved, next: next.map(|due| Timestamp::from_millis(due.due_at)) })
}

/// Parcels under way, the first to be due first. That there is a due time is written out: only then does the engine know
/// that the index of due rows will do.
fn soonest() -> Select<shipment::Entity> {
    shipment::Entity::find().filter(Expr::cust("due_at IS NOT NULL")).order_by_asc(shipment::Column::DueAt)
}

async fn dispatch(tx: &Tx, round: &Round, parcels: &[Shipment]) -> Result<(), DbErr> {
    if parcels.is_empty() {
        return Ok(());
    }
    shipment::Entity::update_many()
        .col_expr(shipment::Column::State, Expr::value(State::Dispatched.name()))
        .col_expr(shipment::Column::Tracking, Expr::cust(domain::TRACKING_SQL))
        .col_expr(shipment::Column::DueAt, Expr::value(round.delivery.as_millis()))
        .col_expr(shipment::Column::Version, Expr::col(shipment::Column::Version).add(1))
        .col_expr(shipment::Column::UpdatedAt, Expr::value(round.stamp.now.as_millis()))
        .filter(shipment::Column::ShipmentId.is_in(parcels.iter().map(|parcel| parcel.id.0.as_str())))
        .exec(tx)
        .await?;
    Ok(())
}

async fn deliver(tx: &Tx, round: &Round, parcels: &[Shipment]) -> Result<(), DbErr> {
    if parcels.is_empty() {
        return Ok(());
    }
    shipment::Entity::update_many()
        .col_expr(shipment::Column::State, Expr::value(State::Delivered.name()))
        .col_expr(shipment::Column::DueAt, never())
        .col_expr(shipment::Column::Version, Expr::col(shipment::Column::Version).add(1))
        .col_expr(shipment::Column::UpdatedAt, Expr::value(round.stamp.now.as_millis()))
        .filter(shipment::Column::ShipmentId.is_in(parcels.iter().map(|parcel| parcel.id.0.as_str())))
        .exec(tx)
        .await?;
    Ok(())
}

/// The parcel as the statements above leave it.
fn moved_on(parcel: Shipment, now: Timestamp) -> Shipment {
    let state = parcel.state.next().unwrap_or(parcel.state);
    let tracking = domain::tracking(&parcel.id);
    Shipment { state, tracking, updated: now, version: parcel.version + 1, ..parcel }
}
