//! The first half of every operation: the intent, with its key and its barrier, before the gateway hears of it.

use super::{Errand, errand, rows};
use crate::domain::{Admission, Kind, Operation, Payment, Stage};
use ambient::Timestamp;
use journal::{
    barrier::{self, Passage},
    once::{self, Claim, Fingerprint, Key},
};
use sea_orm::DbErr;
use store::Tx;
use tokio::sync::mpsc::UnboundedSender;

/// What a request wants done.
pub struct Intent {
    pub key: Key,
    pub fingerprint: Fingerprint,
    /// As far as the request tells; the payment that it refers to tells the rest.
    pub operation: Operation,
    /// The payment that it opens, when it opens one.
    pub opening: Option<Payment>,
    pub now: Timestamp,
}

/// What became of an intent.
#[derive(Debug)]
pub enum Intake {
    /// It stands, under way or settled; `replayed` when it stood before.
    Known { payment: Box<Payment>, operation: Box<Operation>, replayed: bool },
    /// The key was used for something else.
    Conflict { field: String },
    /// The step was undone before.
    Undone,
    /// A later attempt of the step was here.
    Stale,
    /// There is no such payment.
    NoPayment,
    /// The payment is in another currency.
    OtherCurrency { expected: String },
}

/// A payment is held before keys and steps, here as in every unit; one that opens is held by nobody, and what keeps its
/// repetitions apart is the key.
pub async fn write(tx: &Tx, intent: &Intent, errands: &UnboundedSender<Errand>) -> Result<Intake, DbErr> {
    let mut operation = intent.operation.clone();
    let opening = intent.opening.is_some();
    let found = match &intent.opening {
        Some(payment) => Some(payment.clone()),
        None => rows::payment(tx, &operation.payment).await?,
    };
    let Some(mut payment) = found else { return Ok(Intake::NoPayment) };
    if operation.kind == Kind::Refund && operation.currency != payment.currency {
        return Ok(Intake::OtherCurrency { expected: payment.currency });
    }
    if let Some(known) = seen_before(tx, intent).await? {
        return Ok(known);
    }
    decide(&mut operation, &payment);
    if !rows::insert_operation(tx, &operation).await? {
        // The key has outlived its fingerprint; the operation never goes.
        return known(tx, &operation.key).await.map(|known| known.unwrap_or(Intake::NoPayment));
    }
    if operation.stage != Stage::Refused {
        payment.accept(&operation);
        payment.version = operation.position;
        payment.updated = intent.now;
        if opening {
            rows::insert_payment(tx, &payment).await?;
        } else {
            rows::update_payment(tx, &payment).await?;
        }
    }
    if operation.stage == Stage::Running {
        let carry = Errand::Carry { operation: Box::new(operation.clone()), token: payment.token.clone() };
        errand::after_commit(tx, errands, carry);
    }
    Ok(Intake::Known { payment: Box::new(payment), operation: Box::new(operation), replayed: false })
}

/// Fills in what the payment says, and where the operation stands: under way, queued or refused.
fn decide(operation: &mut Operation, payment: &Payment) {
    operation.order.clone_from(&payment.order);
    operation.currency.clone_from(&payment.currency);
    if operation.kind == Kind::Capture {
        operation.amount = payment.amount;
    }
    operation.position = payment.version + 1;
    match payment.admit(operation.kind, operation.amount) {
        Admission::Start => operation.stage = Stage::Running,
        Admission::Queue => operation.stage = Stage::Queued,
        Admission::Refuse(refusal) => {
            operation.stage = Stage::Refused;
            refusal.name().clone_into(&mut operation.reason);
        }
    }
}

/// What the key and the barrier know of this request. `None`: it is new.
async fn seen_before(tx: &Tx, intent: &Intent) -> Result<Option<Intake>, DbErr> {
    match once::claim(tx, &intent.key, &intent.fingerprint, &intent.operation.key, intent.now).await? {
        Claim::Conflict { field } => return Ok(Some(Intake::Conflict { field })),
        Claim::Replay { resource } => {
            // Without an operation it was the barrier that refused, and it will again.
            if let Some(known) = known(tx, &resource).await? {
                return Ok(Some(known));
            }
        }
        Claim::Fresh => {}
    }
    let Some(step) = &intent.operation.step else { return Ok(None) };
    let attempt = i32::try_from(step.attempt).map_err(|_| DbErr::Type(format!("attempt {}", step.attempt)))?;
    let passage = barrier::Step { saga: step.saga.clone(), step: step.step.clone(), attempt };
    match barrier::forward(tx, &passage, intent.now).await? {
        Passage::Fresh => Ok(None),
        Passage::Undone => Ok(Some(Intake::Undone)),
        Passage::Stale => Ok(Some(Intake::Stale)),
        Passage::Again { .. } => {
            let earlier = rows::of_step(tx, &step.saga, &step.step).await?;
            match earlier.into_iter().find(|operation| operation.step.as_ref() == Some(step)) {
                Some(operation) => known(tx, &operation.key).await,
                None => Ok(None),
            }
        }
    }
}

async fn known(tx: &Tx, key: &str) -> Result<Option<Intake>, DbErr> {
    let Some(operation) = rows::operation(tx, key).await? else { return Ok(None) };
    // Nothing is decided here. Read after the operation, so that it shows at least what came of it.
    let Some(payment) = rows::seen(tx, &operation.payment).await? else { return Ok(None) };
    Ok(Some(Intake::Known { payment: Box::new(payment), operation: Box::new(operation), replayed: true }))
}
