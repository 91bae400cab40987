//! What changes an order: its row, its history and the event that tells of it, always together (I6).

use super::entity::{charge, history, line, orders};
use crate::{
    NAME,
    domain::{Change, OnFailure, Order, state_name},
    log,
};
use journal::{Event, outbox};
use prost::Message;
use sea_orm::{ActiveModelTrait, ActiveValue::Set, ColumnTrait, DbErr, EntityTrait, QueryFilter};
use store::Tx;

const ORDER_CHANGED: &str = "outrigger.order.v1.OrderChanged";

/// Rows of one INSERT: every one of them binds its columns, and engines bound how many.
const ROWS: usize = 500;

/// A new order with everything that is told of it.
pub async fn insert(tx: &Tx, order: &Order, changes: &[Change]) -> Result<(), DbErr> {
    orders::Entity::insert(row(order)).exec_without_returning(tx).await?;
    let content = &order.content;
    let lines: Vec<line::ActiveModel> =
        content.lines.iter().enumerate().map(|(at, line)| line_row(&content.order_id, at, line)).collect();
    for piece in lines.chunks(ROWS) {
        line::Entity::insert_many(piece.to_vec()).exec_without_returning(tx).await?;
    }
    let charges: Vec<charge::ActiveModel> =
        content.charges.iter().enumerate().map(|(at, charge)| charge_row(&content.order_id, at, charge)).collect();
    for piece in charges.chunks(ROWS) {
        charge::Entity::insert_many(piece.to_vec()).exec_without_returning(tx).await?;
    }
    tell(tx, order, changes, None).await
}

/// An order as it stands after `changes`; `refunded` is what came back with them. Should another unit have moved the order
/// on since `before`, this one fails.
pub async fn record(
    tx: &Tx,
    before: &Order,
    after: &Order,
    changes: &[Change],
    refunded: Option<i64>,
) -> Result<(), DbErr> {
    put(tx, before, after, before.sequence).await?;
    tell(tx, after, changes, refunded).await
}

/// An order as it stands, without anything to tell: what of it was to be told, this unit has told.
pub async fn update(tx: &Tx, before: &Order, after: &Order) -> Result<(), DbErr> {
    put(tx, before, after, after.sequence).await
}

async fn put(tx: &Tx, before: &Order, after: &Order, stands_at: i64) -> Result<(), DbErr> {
    let written = orders::Entity::update_many()
        .set(changed(before, after))
        .filter(orders::Column::Id.eq(&after.content.order_id))
        .filter(orders::Column::Sequence.eq(stands_at))
        .exec(tx)
        .await?;
    match written.rows_affected {
        1 => Ok(()),
        _ => Err(DbErr::RecordNotUpdated),
    }
}

/// Always after the order's row was written: until the unit ends that row is this unit's alone, so the events of an
/// order get their numbers in the order in which they commit. The bus relies on it.
async fn tell(tx: &Tx, order: &Order, changes: &[Change], refunded: Option<i64>) -> Result<(), DbErr> {
    if changes.is_empty() {
        return Ok(());
    }
    let id = &order.content.order_id;
    history::Entity::insert_many(changes.iter().map(|change| history_row(id, change)))
        .exec_without_returning(tx)
        .await?;
    let events: Vec<Event> = changes
        .iter()
        .map(|change| Event {
            id: format!("{id}/{}", change.sequence),
            source: NAME.to_owned(),
            kind: ORDER_CHANGED.to_owned(),
            key: id.clone(),
            version: change.sequence,
            payload: order.event(change, refunded).encode_to_vec(),
            at: change.at,
            trace: order.content.trace.clone(),
        })
        .collect();
    log::after_commit(tx, order, changes);
    outbox::append_all(tx, &events).await
}

/// A new order's row.
fn row(order: &Order) -> orders::ActiveModel {
    let content = &order.content;
    let (action, retry_for) = match content.on_failure {
        OnFailure::Settled(policy) => (policy.name(), None),
        OnFailure::Retry { retry_for, then } => (then.name(), i64::try_from(retry_for.as_millis()).ok()),
    };
    orders::ActiveModel {
        id: Set(content.order_id.clone()),
        customer_id: Set(content.customer_id.clone()),
        email: Set(content.email.clone()),
        method: Set(content.method.name().to_owned()),
        token: Set(content.token.clone()),
        failure_action: Set(action.to_owned()),
        retry_for: Set(retry_for),
        currency: Set(content.currency.clone()),
        total: Set(content.total),
        trace: Set(content.trace.clone()),
        created_at: Set(content.created_at.as_millis()),
        ..standing(order)
    }
}

/// What of an order's row may change.
fn standing(order: &Order) -> orders::ActiveModel {
    let (cancel, parked, waiver) = (order.cancel.as_ref(), order.parked.as_ref(), order.waiver.as_ref());
    orders::ActiveModel {
        state: Set(state_name(order.state).to_owned()),
        cause: Set(order.cause.clone()),
        reason: Set(order.reason.clone()),
        sequence: Set(order.sequence),
        taken: Set(i64::from(order.taken)),
        payment_id: Set(order.payment_id.clone()),
        shipment_id: Set(order.shipment_id.clone()),
        returned_total: Set(order.returned_total),
        cancel_actor: Set(cancel.map(|cancel| cancel.actor.clone())),
        cancel_reason: Set(cancel.map(|cancel| cancel.reason.clone())),
        parked_step: Set(parked.map(|parked| parked.step.clone())),
        parked_at: Set(parked.map(|parked| parked.at.as_millis())),
        waiver_actor: Set(waiver.map(|waiver| waiver.actor.clone())),
        waiver_note: Set(waiver.map(|waiver| waiver.note.clone())),
        waiver_at: Set(waiver.map(|waiver| waiver.at.as_millis())),
        updated_at: Set(order.updated_at.as_millis()),
        ..Default::default()
    }
}

/// Only what differs: an index whose columns are not named is not touched.
fn changed(before: &Order, after: &Order) -> orders::ActiveModel {
    let mut row = standing(after);
    let mut keep = |same: bool, columns: &[orders::Column]| {
        for column in columns.iter().filter(|_| same) {
            row.not_set(*column);
        }
    };
    use orders::Column::*;
    keep(before.state == after.state, &[State]);
    keep(before.cause == after.cause, &[Cause]);
    keep(before.reason == after.reason, &[Reason]);
    keep(before.sequence == after.sequence, &[Sequence]);
    keep(before.taken == after.taken, &[Taken]);
    keep(before.payment_id == after.payment_id, &[PaymentId]);
    keep(before.shipment_id == after.shipment_id, &[ShipmentId]);
    keep(before.returned_total == after.returned_total, &[ReturnedTotal]);
    keep(before.cancel == after.cancel, &[CancelActor, CancelReason]);
    keep(before.parked == after.parked, &[ParkedStep, ParkedAt]);
    keep(before.waiver == after.waiver, &[WaiverActor, WaiverNote, WaiverAt]);
    row
}

fn line_row(order_id: &str, at: usize, line: &crate::domain::Line) -> line::ActiveModel {
    line::ActiveModel {
        order_id: Set(order_id.to_owned()),
        line: Set(number(at)),
        sku: Set(line.sku.clone()),
        title: Set(line.title.clone()),
        quantity: Set(line.quantity),
        unit_price: Set(line.unit_price),
        returned: Set(line.returned),
    }
}

fn charge_row(order_id: &str, at: usize, charge: &crate::domain::Charge) -> charge::ActiveModel {
    charge::ActiveModel {
        order_id: Set(order_id.to_owned()),
        line: Set(number(at)),
        code: Set(charge.code.clone()),
        title: Set(charge.title.clone()),
        amount: Set(charge.amount),
    }
}

fn history_row(order_id: &str, change: &Change) -> history::ActiveModel {
    history::ActiveModel {
        order_id: Set(order_id.to_owned()),
        sequence: Set(change.sequence),
        from_state: Set(state_name(change.from).to_owned()),
        state: Set(state_name(change.state).to_owned()),
        cause: Set(change.cause.clone()),
        reason: Set(change.reason.clone()),
        actor: Set(change.actor.clone()),
        at: Set(change.at.as_millis()),
    }
}

fn number(at: usize) -> i64 {
    i64::try_from(at).expect("an order has at most a thousand lines")
}
