//! Turning a step back, whatever became of it: not arrived, in doubt, held or taken (I5).

use super::{Errand, errand, rows};
use crate::domain::{Kind, Operation, Payment, Withdrawal};
use ambient::Timestamp;
use journal::{
    barrier,
    once::{self, Claim, Fingerprint, Key},
};
use sea_orm::DbErr;
use std::collections::BTreeMap;
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

/// The step's payments are held first, sorted, so that every unit locks in the same order. What comes while this one waits
/// for the step's own row is found when it has that row; after that nothing comes any more.
pub async fn write(tx: &Tx, wish: &Wish, errands: &UnboundedSender<Errand>) -> Result<Withdrawn, DbErr> {
    let mut payments = BTreeMap::new();
    if let Err(refused) = hold(tx, wish, &mut payments).await? {
        return Ok(refused);
    }
    let resource = format!("{}/{}", wish.saga, wish.step);
    let replayed = match once::claim(tx, &wish.key, &wish.fingerprint, &resource, wish.now).await? {
        Claim::Conflict { field } => return Ok(Withdrawn::Conflict { field }),
        Claim::Replay { .. } => true,
        Claim::Fresh => false,
    };
    let step = barrier::Step { saga: wish.saga.clone(), step: wish.step.clone(), attempt: 0 };
    barrier::undo(tx, &step, wish.now).await?;
    // Refused only now by what another order did under the same step at this moment: neither may have it.
    if let Err(refused) = hold(tx, wish, &mut payments).await? {
        return Ok(refused);
    }
    let mut payments: Vec<Payment> = payments.into_values().collect();
    for payment in &mut payments {
        turn_back(tx, payment, wish, errands).await?;
    }
    Ok(Withdrawn::Standing { payments, replayed })
}

/// Holds the payments that the step's operations belong to, but for those that are held already; or says why the step is
/// not to be undone.
async fn hold(tx: &Tx, wish: &Wish, held: &mut BTreeMap<String, Payment>) -> Result<Result<(), Withdrawn>, DbErr> {
    let operations = rows::of_step(tx, &wish.saga, &wish.step).await?;
    if operations.iter().any(|operation| operation.order != wish.order) {
        return Ok(Err(Withdrawn::OtherOrder));
    }
    if operations.iter().any(|operation| operation.kind == Kind::Refund) {
        return Ok(Err(Withdrawn::NotUndoable));
    }
    for id in operations.into_iter().map(|operation| operation.payment) {
        if !held.contains_key(&id)
            && let Some(payment) = rows::payment(tx, &id).await?
        {
            held.insert(id, payment);
        }
    }
    Ok(Ok(()))
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
        errand::after_commit(tx, errands, errand);
    }
    Ok(())
}
