//! Single rows: read for deciding, written whole.

use super::entity::{ledger, operation, payment};
use crate::domain::{Operation, Payment, Stage, entries};
use ambient::Timestamp;
use sea_orm::{
    ActiveValue::{NotSet, Set},
    ColumnTrait, DbErr, EntityTrait, IntoActiveModel, QueryFilter, QueryOrder, QuerySelect,
    sea_query::{Expr, OnConflict},
};
use store::Tx;

/// A payment as it stands, for showing it.
pub async fn seen(tx: &Tx, id: &str) -> Result<Option<Payment>, DbErr> {
    payment::Entity::find_by_id(id).one(tx).await?.map(Payment::try_from).transpose()
}

/// A payment to decide on, held until the unit ends where units run side by side.
pub async fn payment(tx: &Tx, id: &str) -> Result<Option<Payment>, DbErr> {
    payment::Entity::find_by_id(id).lock_exclusive().one(tx).await?.map(Payment::try_from).transpose()
}

pub async fn operation(tx: &Tx, key: &str) -> Result<Option<Operation>, DbErr> {
    operation::Entity::find_by_id(key).one(tx).await?.map(Operation::try_from).transpose()
}

/// The operations of a saga's step, all attempts.
pub async fn of_step(tx: &Tx, saga: &str, step: &str) -> Result<Vec<Operation>, DbErr> {
    let rows = operation::Entity::find()
        .filter(operation::Column::Saga.eq(saga))
        .filter(operation::Column::Step.eq(step))
        .order_by_asc(operation::Column::PaymentId)
        .order_by_asc(operation::Column::Attempt)
        .all(tx)
        .await?;
    rows.into_iter().map(Operation::try_from).collect()
}

/// The operation whose turn it is next. The stage is spelled out, not bound: only so is its index used.
pub async fn first_queued(tx: &Tx, payment: &str) -> Result<Option<Operation>, DbErr> {
    operation::Entity::find()
        .filter(Expr::cust("stage = 0"))
        .filter(operation::Column::PaymentId.eq(payment))
        .order_by_asc(operation::Column::Position)
        .one(tx)
        .await?
        .map(Operation::try_from)
        .transpose()
}

/// Writes a new operation; false when its key is taken.
pub async fn insert_operation(tx: &Tx, operation: &Operation) -> Result<bool, DbErr> {
    let row = operation::Model::from(operation).into_active_model();
    let keep_first = OnConflict::column(operation::Column::Key).do_nothing().to_owned();
    let written = operation::Entity::insert(row).on_conflict(keep_first).exec_without_returning(tx).await?;
    Ok(written == 1)
}

/// Moves an operation on.
pub async fn mark(tx: &Tx, key: &str, stage: Stage, reason: &str) -> Result<(), DbErr> {
    let change =
        operation::ActiveModel { stage: Set(stage.code()), reason: Set(reason.to_owned()), ..Default::default() };
    change_operation(tx, key, change).await
}

/// Notes that an operation is to be cancelled by key.
pub async fn mark_cancel(tx: &Tx, key: &str) -> Result<(), DbErr> {
    change_operation(tx, key, operation::ActiveModel { cancel: Set(1), ..Default::default() }).await
}

async fn change_operation(tx: &Tx, key: &str, change: operation::ActiveModel) -> Result<(), DbErr> {
    operation::Entity::update_many().set(change).filter(operation::Column::Key.eq(key)).exec(tx).await?;
    Ok(())
}

pub async fn insert_payment(tx: &Tx, payment: &Payment) -> Result<(), DbErr> {
    let row = payment::Model::from(payment).into_active_model();
    payment::Entity::insert(row).exec_without_returning(tx).await?;
    Ok(())
}

/// Writes what may change of a payment.
pub async fn update_payment(tx: &Tx, payment: &Payment) -> Result<(), DbErr> {
    let row = payment::Model::from(payment);
    let change = payment::ActiveModel {
        authorised: Set(row.authorised),
        captured: Set(row.captured),
        refunded: Set(row.refunded),
        promised: Set(row.promised),
        state: Set(row.state),
        decline_reason: Set(row.decline_reason),
        withdrawn: Set(row.withdrawn),
        running: Set(row.running),
        queued: Set(row.queued),
        version: Set(row.version),
        updated_at: Set(row.updated_at),
        ..Default::default()
    };
    payment::Entity::update_many().set(change).filter(payment::Column::Id.eq(row.id)).exec(tx).await?;
    Ok(())
}

/// Books a movement: both rows or none.
pub async fn book(tx: &Tx, operation: &Operation, moved: i64, at: Timestamp) -> Result<(), DbErr> {
    let rows: Vec<ledger::ActiveModel> = entries(moved)
        .into_iter()
        .map(|(account, amount)| ledger::ActiveModel {
            entry: NotSet,
            movement: Set(operation.key.clone()),
            account: Set(account.to_owned()),
            amount: Set(amount),
            currency: Set(operation.currency.clone()),
            payment_id: Set(operation.payment.clone()),
            order_id: Set(operation.order.clone()),
            at: Set(at.as_millis()),
        })
        .collect();
    if !rows.is_empty() {
        ledger::Entity::insert_many(rows).exec_without_returning(tx).await?;
    }
    Ok(())
}
