//! Turning a step back, whatever became of it: not arrived, in doubt, held or taken (I5).

use super::{Errand, hand_over, rows};
use crate::domain::{Kind, Operation, Payment, Withdrawal};
use ambient::Timestamp;
use journal::{
    barrier,
    once::{self, Claim, Fingerprint, Key},
};
use sea_orm::DbErr;
use store::Tx;
use tokio::sync::mpsc::UnboundedSender;

/// The wish to undo a step.
pub struct Wish {
    pub key: Key,
    pub fingerprint: Fingerprint,
    pub saga: String,
    pub step: String,
    pub order: String,
    pub trace: Option<String>,
    pub now: Timestamp,
}

/// What became of a wish.
#[derive(Debug)]
pub enum Withdrawn {
    /// It stands: these are the step's payments, none when it never arrived. It is fulfilled once all are at rest.
    Standing { payments: Vec<Payment>, replayed: bool },
    /// The key was used for something else.
    Conflict { field: String },
    /// The step belongs to another order.
    OtherOrder,
    /// The step gave money back; that is not undone.
    NotUndoable,
}

pub async fn write(tx: &Tx, wish: &Wish, errands: &UnboundedSender<Errand>) -> Result<Withdrawn, DbErr> {
    let operations = rows::of_step(tx, &wish.saga, &wish.step).await?;
    if operations.iter().any(|operation| operation.order != wish.order) {
        return Ok(Withdrawn::OtherOrder);
    }
    if operations.iter().any(|operation| operation.kind == Kind::Refund) {
        return Ok(Withdrawn::NotUndoable);
    }
    let resource = format!("{}/{}", wish.saga, wish.step);
    let replayed = match once::claim(tx, &wish.key, &wish.fingerprint, &resource, wish.now).await? {
        Claim::Conflict { field } => return Ok(Withdrawn::Conflict { field }),
        Claim::Replay { .. } => true,
        Claim::Fresh => false,
    };
    let step = barrier::Step { saga: wish.saga.clone(), step: wish.step.clone(), attempt: 0 };
    barrier::undo(tx, &step, wish.now).await?;
    // Sorted by payment: every unit locks in the same order.
    let mut ids: Vec<String> = operations.into_iter().map(|operation| operation.payment).collect();
    ids.dedup();
    let mut payments = Vec::with_capacity(ids.len());
    for id in ids {
        if let Some(mut payment) = rows::payment(tx, &id).await? {
            turn_back(tx, &mut payment, wish, errands).await?;
            payments.push(payment);
        }
    }
    Ok(Withdrawn::Standing { payments, replayed })
}

async fn turn_back(
    tx: &Tx,
    payment: &mut Payment,
    wish: &Wish,
    errands: &UnboundedSender<Errand>,
) -> Result<(), DbErr> {
    let running = match &payment.running {
        Some(key) => rows::operation(tx, key).await?.map(|operation| operation.kind),
        None => None,
    };
    let errand = match payment.withdraw(running) {
        Withdrawal::AtRest => return Ok(()),
        Withdrawal::Wait => None,
        Withdrawal::Cancel { key } => {
            rows::mark_cancel(tx, &key).await?;
            Some(Errand::Withdraw { key })
        }
        Withdrawal::Start { kind, amount } => {
            payment.version += 1;
            let operation = Operation::undoing(payment, kind, amount, wish.trace.clone(), wish.now);
            rows::insert_operation(tx, &operation).await?;
            payment.accept(&operation);
            Some(Errand::Carry { operation: Box::new(operation), token: payment.token.clone() })
        }
    };
    payment.updated = wish.now;
    rows::update_payment(tx, payment).await?;
    if let Some(errand) = errand {
        let errands = errands.clone();
        tx.on_commit(Box::new(move || hand_over(&errands, errand)));
    }
    Ok(())
}
