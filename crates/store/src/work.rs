//! One unit of work on its way: the closure, its arguments, its result, and who waits for it.

use crate::{StoreError, Tx, tx::Hook};
use futures::{FutureExt, future::BoxFuture};
use sea_orm::DbErr;
use std::{
    any::Any,
    panic::{AssertUnwindSafe, catch_unwind},
};
use tokio::sync::oneshot;

/// A unit as the writer sees it, whatever its types.
pub(crate) trait Work: Send {
    /// Nobody waits for it any more.
    fn unwanted(&self) -> bool;

    /// Runs it and keeps its result; true when its writes are to be kept.
    fn run(&mut self, tx: &Tx) -> bool;

    /// Tells who waits. `batch` is the fate of the commit that the unit was part of.
    fn answer(self: Box<Self>, batch: Result<(), StoreError>);
}

pub(crate) struct Unit<A, T, F> {
    args: A,
    closure: F,
    result: Option<Result<T, StoreError>>,
    caller: oneshot::Sender<Result<T, StoreError>>,
}

impl<A, T, F> Unit<A, T, F> {
    pub fn new(args: A, closure: F) -> (Self, oneshot::Receiver<Result<T, StoreError>>) {
        let (caller, answer) = oneshot::channel();
        (Self { args, closure, result: None, caller }, answer)
    }
}

impl<A, T, F> Work for Unit<A, T, F>
where
    A: Send,
    T: Send,
    F: for<'a> Fn(&'a Tx, &'a A) -> BoxFuture<'a, Result<T, DbErr>> + Send,
{
    fn unwanted(&self) -> bool {
        self.caller.is_closed()
    }

    fn run(&mut self, tx: &Tx) -> bool {
        let result = catch_unwind(AssertUnwindSafe(|| finish(tx, (self.closure)(tx, &self.args))))
            .unwrap_or_else(|panic| Err(StoreError::Panicked(message(&*panic))));
        self.result.insert(result).is_ok()
    }

    fn answer(self: Box<Self>, batch: Result<(), StoreError>) {
        let answer = match (self.result, batch) {
            (Some(Ok(value)), Ok(())) => Ok(value),
            (Some(Err(own)), _) => Err(own),
            (_, Err(shared)) => Err(shared),
            (None, Ok(())) => Err(StoreError::Closed),
        };
        // A caller that left meanwhile has left: what began commits.
        let _ = self.caller.send(answer);
    }
}

/// Polls once: on SQLite every statement is done before its future returns, so whatever is still pending awaits
/// something that no unit may wait for.
pub(crate) fn finish<T>(tx: &Tx, work: BoxFuture<'_, Result<T, DbErr>>) -> Result<T, StoreError> {
    let value = work.now_or_never().ok_or(StoreError::Suspended)??;
    match tx.failure() {
        Some(error) => Err(error.into()),
        None => Ok(value),
    }
}

/// After a commit. One that panics harms nobody.
pub(crate) fn run_hooks(hooks: Vec<Hook>) {
    for hook in hooks {
        if let Err(panic) = catch_unwind(AssertUnwindSafe(hook)) {
            tracing::error!(panic = message(&*panic), "a commit hook panicked");
        }
    }
}

pub(crate) fn message(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
    text.or_else(|| panic.downcast_ref::<String>().cloned()).unwrap_or_else(|| "no message".to_owned())
}
