//! The second half of every operation: the gateway's word, and all that follows from it, in one unit (I1, I6).

use super::rows;
use crate::{
    domain::{Operation, Payment, Stage, Word},
    message,
};
use ambient::Timestamp;
use journal::{Event, outbox};
use sea_orm::DbErr;
use store::Tx;

/// The gateway's definite word on an operation.
pub struct Ruling {
    pub operation: Operation,
    pub word: Word,
    /// The identifier of the event that will tell of it.
    pub event: String,
    pub now: Timestamp,
}

/// What a ruling left behind.
#[derive(Clone, Debug)]
pub struct Settled {
    pub payment: Payment,
    /// The operation ruled on, and those behind it that were refused when their turn came.
    pub operations: Vec<Operation>,
    /// The payment's next operation, under way from now on.
    pub next: Option<Operation>,
}

pub async fn write(tx: &Tx, ruling: &Ruling) -> Result<Option<Settled>, DbErr> {
    let mut operation = ruling.operation.clone();
    let missing = || DbErr::RecordNotFound(format!("payment {}", ruling.operation.payment));
    let mut payment = rows::payment(tx, &operation.payment).await?.ok_or_else(missing)?;
    if payment.running.as_ref() != Some(&operation.key) {
        return Ok(None);
    }
    let moved = payment.settle(&operation, &ruling.word);
    operation.stage = ruling.word.stage();
    ruling.word.reason().clone_into(&mut operation.reason);
    payment.version += 1;
    payment.updated = ruling.now;
    rows::mark(tx, &operation.key, operation.stage, &operation.reason).await?;
    rows::book(tx, &operation, moved, ruling.now).await?;
    let given_up = operation.undoing && operation.stage == Stage::Declined;
    let mut operations = vec![operation];
    let mut next = from_queue(tx, &mut payment, &mut operations).await?;
    if next.is_none() && !given_up {
        next = remainder(tx, &mut payment, ruling).await?;
    }
    rows::update_payment(tx, &payment).await?;
    // While the payment's row is this unit's alone: so its events get their numbers in the order in which they commit, and
    // the bus relies on it.
    outbox::append(tx, &event(ruling, &payment, moved)).await?;
    Ok(Some(Settled { payment, operations, next }))
}

/// The next of the queue that may still run; those that may not are refused.
async fn from_queue(tx: &Tx, payment: &mut Payment, ended: &mut Vec<Operation>) -> Result<Option<Operation>, DbErr> {
    while payment.queued > 0 {
        let gone = || DbErr::RecordNotFound(format!("the queue of payment {}", payment.id));
        let mut queued = rows::first_queued(tx, &payment.id).await?.ok_or_else(gone)?;
        match payment.turn(&queued) {
            Ok(()) => {
                queued.stage = Stage::Running;
                rows::mark(tx, &queued.key, queued.stage, "").await?;
                return Ok(Some(queued));
            }
            Err(refusal) => {
                queued.stage = Stage::Refused;
                refusal.name().clone_into(&mut queued.reason);
                rows::mark(tx, &queued.key, queued.stage, &queued.reason).await?;
                ended.push(queued);
            }
        }
    }
    Ok(None)
}

/// What a withdrawn payment must give back next.
async fn remainder(tx: &Tx, payment: &mut Payment, ruling: &Ruling) -> Result<Option<Operation>, DbErr> {
    let Some((kind, amount)) = payment.remainder() else { return Ok(None) };
    let operation = Operation::undoing(payment, kind, amount, ruling.operation.trace.clone(), ruling.now);
    rows::insert_operation(tx, &operation).await?;
    payment.accept(&operation);
    Ok(Some(operation))
}

fn event(ruling: &Ruling, payment: &Payment, moved: i64) -> Event {
    Event {
        id: ruling.event.clone(),
        source: crate::NAME.to_owned(),
        kind: message::CHANGED.to_owned(),
        key: payment.id.clone(),
        version: payment.version,
        payload: message::changed(payment, moved),
        at: ruling.now,
        trace: ruling.operation.trace.clone(),
    }
}
