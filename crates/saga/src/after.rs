//! What a unit leaves to be done once it is durable, and what happens when nobody ever says whether it is.
//!
//! A unit that hands a saga to a task does so after its commit. When the answer to that commit is lost, the saga may be
//! in the table as one that is being driven, and no task has it. So whatever was to be done and never was leaves a doubt
//! behind: the sagas are looked over, as at a start.

use crate::{plan::Plan, worker::Worker};
use std::sync::Arc;
use store::Tx;

/// Runs `then` after the commit of this unit.
pub fn commit<P: Plan>(tx: &Tx, worker: &Arc<Worker<P>>, then: impl FnOnce(&Arc<Worker<P>>) + Send + 'static) {
    let promise = Promise(Some(worker.clone()));
    tx.on_commit(Box::new(move || promise.kept(then)));
}

struct Promise<P: Plan>(Option<Arc<Worker<P>>>);

impl<P: Plan> Promise<P> {
    fn kept(mut self, then: impl FnOnce(&Arc<Worker<P>>)) {
        if let Some(worker) = self.0.take() {
            then(&worker);
        }
    }
}

impl<P: Plan> Drop for Promise<P> {
    fn drop(&mut self) {
        if let Some(worker) = self.0.take() {
            worker.doubt();
        }
    }
}
