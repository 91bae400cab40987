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
pub async fn scope<F: Future>(traceparent: impl AsRef<str>, future: F) -> F::Output {
    let known = traceparent.as_ref().parse::<Traceparent>().ok();
    let trace = known.and_then(|_| HeaderValue::from_str(traceparent.as_ref()).ok());
    Context { trace, ..Context::current() }.scope(future).await
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Deadline;
    use std::time::Duration;
    use tokio::time::Instant;

    const STORED: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

    #[tokio::test]
    async fn a_trace_and_a_deadline_keep_each_other_whichever_is_outside() {
        let until = Some(Instant::now() + Duration::from_secs(1));
        let both = || async { (current(), Deadline::current()) };
        let known = (Some(STORED.to_owned()), until);
        assert_eq!(scope(STORED, Deadline::scope(until, both())).await, known);
        assert_eq!(Deadline::scope(until, scope(STORED, both())).await, known);
    }
}
