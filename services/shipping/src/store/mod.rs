//! The only queries of the shipping service: what calls do to a shipment. What the carrier does is in [`carrier`].
//!
//! Where units run side by side, what is locked is locked in one order: the order (which may have no parcel yet), its
//! parcel, the saga's step, the call's key.

pub mod call;
pub mod carrier;
pub mod entity;
#[cfg(test)]
mod round_trip;

use crate::{
    domain::{self, Line, OrderId, Plan, Shipment, ShipmentId, State},
    messages,
};
use ambient::{Alarm, Timestamp};
use call::Answer;
use entity::shipment;
use journal::{
    Stamp, barrier,
    gate::{self, Call, Place},
    outbox,
};
use sea_orm::{
    ActiveValue::Set,
    ColumnTrait, ConnectionTrait, DbErr, EntityTrait, QueryFilter, QueryOrder, QuerySelect,
    sea_query::{Expr, SimpleExpr},
};
use std::sync::Arc;
use store::Tx;

/// The order's shipment after a call; nothing when there never was one.
type Outcome = Answer<Option<Shipment>>;

/// A parcel for the carrier.
pub struct Create {
    pub call: Call,
    pub place: Place,
    pub id: ShipmentId,
    pub order: OrderId,
    pub lines: Vec<Line>,
    /// When the carrier takes it.
    pub due: Timestamp,
    /// The carrier's, set once the shipment is durable.
    pub alarm: Arc<Alarm>,
}

/// The undo of it.
pub struct Cancel {
    pub call: Call,
    /// The step to bar from now on.
    pub undoes: barrier::Step,
    pub order: OrderId,
}

pub async fn create(tx: &Tx, ask: &Create) -> Result<Outcome, DbErr> {
    journal::alone(tx, &ask.order.0).await?;
    let before = of_order(tx, &ask.order).await?;
    let decide = || domain::create(before.as_ref().map(|shipment| shipment.state));
    let plan = match gate::admit(tx, &ask.call, &ask.place, decide).await? {
        Ok(plan) => plan,
        Err(ended) => return Ok(ended.answer(before)),
    };
    if plan == Plan::Keep {
        return Ok(Answer::Done { value: before, replayed: false });
    }
    let made = Shipment {
        id: ask.id.clone(),
        order: ask.order.clone(),
        state: State::Created,
        lines: ask.lines.clone(),
        tracking: String::new(),
        created: ask.call.stamp.now,
        updated: ask.call.stamp.now,
        version: 1,
        trace: ask.call.stamp.trace.clone(),
    };
    insert(tx, &made, ask.due).await?;
    tell(tx, &ask.call.stamp, &made).await?;
    let promise = ask.alarm.promise(ask.due);
    tx.on_commit(Box::new(move || drop(promise)));
    Ok(Answer::Done { value: Some(made), replayed: false })
}

pub async fn cancel(tx: &Tx, ask: &Cancel) -> Result<Outcome, DbErr> {
    journal::alone(tx, &ask.order.0).await?;
    let before = of_order(tx, &ask.order).await?;
    let decision = domain::cancel(before.as_ref().map(|shipment| shipment.state));
    let plan = match gate::keep(tx, &ask.call, decision).await? {
        Ok(plan) => plan,
        Err(ended) => return Ok(ended.answer(before)),
    };
    barrier::undo(tx, &ask.undoes, ask.call.stamp.now).await?;
    let before = match (plan, before) {
        (Plan::Act, Some(before)) => before,
        (Plan::Keep, before) | (_, before @ None) => return Ok(Answer::Done { value: before, replayed: false }),
    };
    let now = ask.call.stamp.now;
    let after = Shipment { state: State::Cancelled, updated: now, version: before.version + 1, ..before };
    shipment::Entity::update_many()
        .col_expr(shipment::Column::State, Expr::value(after.state.name()))
        .col_expr(shipment::Column::DueAt, never())
        .col_expr(shipment::Column::Version, Expr::value(after.version))
        .col_expr(shipment::Column::UpdatedAt, Expr::value(now.as_millis()))
        .filter(shipment::Column::ShipmentId.eq(after.id.0.as_str()))
        .exec(tx)
        .await?;
    tell(tx, &ask.call.stamp, &after).await?;
    Ok(Answer::Done { value: Some(after), replayed: false })
}

/// One shipment.
pub async fn get<C: ConnectionTrait>(tx: &C, id: &str) -> Result<Option<Shipment>, DbErr> {
    shipment::Entity::find_by_id(id).one(tx).await?.map(whole).transpose()
}

/// What a listing asks for.
pub struct Page {
    /// Where the page before ended; empty at the start.
    pub before: String,
    /// Only this order's, unless empty.
    pub order: String,
    pub most: u64,
}

/// Newest first: identifiers sort by time.
pub async fn list<C: ConnectionTrait>(tx: &C, page: &Page) -> Result<Vec<Shipment>, DbErr> {
    let mut rows = shipment::Entity::find().order_by_desc(shipment::Column::ShipmentId).limit(page.most);
    if !page.before.is_empty() {
        rows = rows.filter(shipment::Column::ShipmentId.lt(page.before.as_str()));
    }
    if !page.order.is_empty() {
        rows = rows.filter(shipment::Column::OrderId.eq(page.order.as_str()));
    }
    rows.all(tx).await?.into_iter().map(whole).collect()
}

/// All of them in order, a page after an identifier: for the audit.
pub async fn after<C: ConnectionTrait>(tx: &C, last: &str, most: u64) -> Result<Vec<Shipment>, DbErr> {
    let rows = shipment::Entity::find()
        .filter(shipment::Column::ShipmentId.gt(last))
        .order_by_asc(shipment::Column::ShipmentId)
        .limit(most)
        .all(tx)
        .await?;
    rows.into_iter().map(whole).collect()
}

/// The order's, locked where the engine has row locks.
async fn of_order(tx: &Tx, order: &OrderId) -> Result<Option<Shipment>, DbErr> {
    let row = shipment::Entity::find()
        .filter(shipment::Column::OrderId.eq(order.0.as_str()))
        .lock_exclusive()
        .one(tx)
        .await?;
    row.map(whole).transpose()
}

async fn insert(tx: &Tx, made: &Shipment, due: Timestamp) -> Result<(), DbErr> {
    let row = shipment::ActiveModel {
        shipment_id: Set(made.id.0.clone()),
        order_id: Set(made.order.0.clone()),
        state: Set(made.state.name().to_owned()),
        packing: Set(messages::pack(&made.lines)),
        tracking: Set(made.tracking.clone()),
        due_at: Set(Some(due.as_millis())),
        version: Set(made.version),
        created_at: Set(made.created.as_millis()),
        updated_at: Set(made.updated.as_millis()),
        trace: Set(made.trace.clone()),
    };
    shipment::Entity::insert(row).exec_without_returning(tx).await?;
    Ok(())
}

/// A row as the domain sees it.
fn whole(row: shipment::Model) -> Result<Shipment, DbErr> {
    let broken = |what: &str| DbErr::Custom(format!("shipment {}: {what}", row.shipment_id));
    Ok(Shipment {
        state: State::parse(&row.state).ok_or_else(|| broken("is in no state"))?,
        lines: messages::unpack(&row.packing).map_err(|error| broken(&error.to_string()))?,
        id: ShipmentId(row.shipment_id),
        order: OrderId(row.order_id),
        tracking: row.tracking,
        created: Timestamp::from_millis(row.created_at),
        updated: Timestamp::from_millis(row.updated_at),
        version: row.version,
        trace: row.trace,
    })
}

/// No step of the carrier is to come.
fn never() -> SimpleExpr {
    Expr::value(Option::<i64>::None)
}

/// Tells of a change in the unit that makes it (I6), which holds the order: so the events of an order get their numbers in
/// the order in which its units commit, and the bus, which carries the events of a key by number, tells of no change before
/// the one it followed.
async fn tell(tx: &Tx, stamp: &Stamp, after: &Shipment) -> Result<(), DbErr> {
    outbox::append(tx, &messages::changed(stamp, after, 0)).await
}
