//! What a handler's task carries along: until when, and within which trace. Calls made in it inherit both.

use http::HeaderValue;
use resilience::Deadline;
use std::future::Future;

/// Carried by the task of one call being handled.
#[derive(Clone, Debug, Default)]
pub struct Context {
    /// By when the call must have ended.
    pub deadline: Option<Deadline>,
    /// The W3C trace context, as it goes into a header: copying it is a reference count.
    pub trace: Option<HeaderValue>,
}

tokio::task_local! {
    static CURRENT: Context;
}

impl Context {
    /// The context of this task; an empty one outside of any call.
    pub fn current() -> Self {
        CURRENT.try_with(Clone::clone).unwrap_or_default()
    }

    /// The deadline alone, without copying the rest.
    pub fn deadline() -> Option<Deadline> {
        CURRENT.try_with(|context| context.deadline).ok().flatten()
    }

    /// The trace alone.
    pub fn trace() -> Option<HeaderValue> {
        CURRENT.try_with(|context| context.trace.clone()).ok().flatten()
    }

    /// Runs a future in this context.
    pub fn scope<F: Future>(self, future: F) -> impl Future<Output = F::Output> {
        CURRENT.scope(self, future)
    }

    /// Runs a closure in this context.
    pub fn sync_scope<R>(self, run: impl FnOnce() -> R) -> R {
        CURRENT.sync_scope(self, run)
    }
}
