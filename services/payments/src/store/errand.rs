//! What a unit leaves for the driver to do, once it is durable.

use crate::domain::{Operation, Token};
use store::Tx;
use tokio::sync::mpsc::UnboundedSender;

/// Something to do.
#[derive(Debug)]
pub enum Errand {
    /// Carry an operation to the gateway until the answer is definite.
    Carry { operation: Box<Operation>, token: Token },
    /// This operation is withdrawn: have it cancelled rather than carried on.
    Withdraw { key: String },
    /// Look into the books for what is to be carried: an errand may have been lost.
    Look,
}

/// Nobody listens only when the service is being stopped: the next start finds the operation in the table.
pub fn hand_over(errands: &UnboundedSender<Errand>, errand: Errand) {
    let _ = errands.send(errand);
}

/// Hands an errand over after the commit of this unit. When the answer to the commit is lost, the operation may stand in
/// the books, and nobody carries it: then the driver is to look.
pub fn after_commit(tx: &Tx, errands: &UnboundedSender<Errand>, errand: Errand) {
    let promise = Promise { errands: errands.clone(), errand: Some(errand) };
    tx.on_commit(Box::new(move || promise.kept()));
}

struct Promise {
    errands: UnboundedSender<Errand>,
    errand: Option<Errand>,
}

impl Promise {
    fn kept(mut self) {
        if let Some(errand) = self.errand.take() {
            hand_over(&self.errands, errand);
        }
    }
}

impl Drop for Promise {
    fn drop(&mut self) {
        if self.errand.is_some() {
            hand_over(&self.errands, Errand::Look);
        }
    }
}
