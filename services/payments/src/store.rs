//! The books of payments: every query of this service, and the units of work that change its rows.
//!
//! Three units carry all that happens. An *intent* is written before the gateway is called, a *ruling* records the
//! gateway's word with all that follows from it, and a *withdrawal* turns a payment back. Each decides by the domain's
//! rules and writes afterwards. Where units run side by side each holds what it decides on: the payment's row, then the
//! request's key, then the saga's step; an operation's row changes only under its payment's lock (I1).

mod entity;
mod errand;
mod intent;
pub mod pages;
mod rows;
mod ruling;
mod withdrawal;

pub use entity::ledger;
pub use errand::Errand;
pub use intent::{Intake, Intent};
pub use pages::Page;
pub use ruling::{Ruling, Settled};
pub use withdrawal::{Wish, Withdrawn};

use crate::domain::{Operation, Payment, Token};
use store::{Store, StoreError};
use tokio::sync::mpsc::UnboundedSender;

/// The service's store, and the way to its driver. Cloning shares both.
#[derive(Clone)]
pub struct Books {
    store: Store,
    errands: UnboundedSender<Errand>,
}

impl Books {
    pub fn new(store: Store, errands: UnboundedSender<Errand>) -> Self {
        Self { store, errands }
    }

    /// Writes an intent, or finds out why not.
    pub async fn intend(&self, intent: Intent) -> Result<Intake, StoreError> {
        let args = (intent, self.errands.clone());
        self.store.unit(args, |tx, (intent, errands)| Box::pin(intent::write(tx, intent, errands))).await
    }

    /// Records the gateway's word. `None` when it was recorded before.
    pub async fn rule(&self, ruling: Ruling) -> Result<Option<Settled>, StoreError> {
        self.store.unit(ruling, |tx, ruling| Box::pin(ruling::write(tx, ruling))).await
    }

    /// Withdraws what a step did, or keeps it from being done.
    pub async fn withdraw(&self, wish: Wish) -> Result<Withdrawn, StoreError> {
        let args = (wish, self.errands.clone());
        self.store.unit(args, |tx, (wish, errands)| Box::pin(withdrawal::write(tx, wish, errands))).await
    }

    /// One payment.
    pub async fn payment(&self, id: &str) -> Result<Option<Payment>, StoreError> {
        self.store.read(id.to_owned(), |tx, id| Box::pin(rows::seen(tx, id))).await
    }

    /// One operation.
    pub async fn operation(&self, key: &str) -> Result<Option<Operation>, StoreError> {
        self.store.read(key.to_owned(), |tx, key| Box::pin(rows::operation(tx, key))).await
    }

    /// Hands an operation to the driver.
    pub fn carry(&self, operation: Operation, token: Token) {
        errand::hand_over(&self.errands, Errand::Carry { operation: Box::new(operation), token });
    }

    /// Has the driver look for what is to be carried.
    pub fn look(&self) {
        errand::hand_over(&self.errands, Errand::Look);
    }
}
