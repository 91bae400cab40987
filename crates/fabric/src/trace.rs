//! The trace that a piece of work belongs to, as a W3C `traceparent`. Calls carry it on by themselves; events and sagas store
//! it and come back to it with [`scope`].

use crate::context::Context;
use http::HeaderValue;
use std::future::Future;
use telemetry::Traceparent;

/// The trace of the call that this task handles; none outside of one.
pub fn current() -> Option<String> {
    Context::trace().and_then(|trace| trace.to_str().ok().map(str::to_owned))
}

/// Runs a future within a trace that was stored. What is no trace context (the empty text, say) means none.
pub fn scope<F: Future>(traceparent: impl AsRef<str>, future: F) -> impl Future<Output = F::Output> {
    let known = traceparent.as_ref().parse::<Traceparent>().ok();
    let trace = known.and_then(|_| HeaderValue::from_str(traceparent.as_ref()).ok());
    Context { trace, ..Context::current() }.scope(future)
}
