//! What a handler's task carries along: until when, and at work on what. Calls made in it inherit both.
//!
//! The two are kept apart, so that a scope of the one leaves the other as it is, whichever stands outside.

use resilience::Deadline;
use std::future::Future;
use telemetry::Work;

/// Carried by the task of one call being handled.
#[derive(Clone, Debug, Default)]
pub struct Context {
    /// By when the call must have ended.
    pub deadline: Option<Deadline>,
    /// Within which trace, and about which order.
    pub work: Work,
}

tokio::task_local! {
    static DEADLINE: Option<Deadline>;
}

impl Context {
    /// The deadline of this task; none outside of any call.
    pub fn deadline() -> Option<Deadline> {
        DEADLINE.try_with(|deadline| *deadline).ok().flatten()
    }

    /// Runs a future under this deadline, and at work on what it was.
    pub fn until<F: Future>(deadline: Option<Deadline>, future: F) -> impl Future<Output = F::Output> {
        DEADLINE.scope(deadline, future)
    }

    /// Runs a future in this context.
    pub fn scope<F: Future>(self, future: F) -> impl Future<Output = F::Output> {
        self.work.scope(DEADLINE.scope(self.deadline, future))
    }

    /// Runs a closure in this context.
    pub fn sync_scope<R>(self, run: impl FnOnce() -> R) -> R {
        self.work.sync_scope(|| DEADLINE.sync_scope(self.deadline, run))
    }
}
