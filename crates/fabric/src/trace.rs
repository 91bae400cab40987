//! The trace that a piece of work belongs to, as a W3C `traceparent`. Calls carry it on by themselves; events and sagas store
//! it and come back to it with [`scope`].

use std::future::Future;
pub use telemetry::names;
use telemetry::{Work, names::Attribute};

/// The trace of the call that this task handles, naming the call's own span as the parent of what follows; none outside of
/// one.
pub fn current() -> Option<String> {
    Work::with_current(|work| work.trace().and_then(|trace| trace.to_str().ok().map(str::to_owned))).flatten()
}

/// Runs a future within a trace that was stored. What is no trace context (the empty text, say) means none.
pub fn scope<F: Future>(traceparent: impl AsRef<str>, future: F) -> impl Future<Output = F::Output> {
    Work::stored(traceparent.as_ref()).scope(future)
}

/// Runs a closure within a trace that was stored, about an order: what it logs says both. For what is told of an order when no
/// call is being handled, such as after a commit.
pub fn about_order<R>(traceparent: Option<&str>, order_id: &str, run: impl FnOnce() -> R) -> R {
    let work = Work::stored(traceparent.unwrap_or_default());
    work.note(names::ORDER_ID, order_id);
    work.sync_scope(run)
}

/// Says of the call that this task handles what it is about: its span, the spans of calls made from now on, and, of an order,
/// the lines logged. The first word on an attribute stands. What is no identifier is not said.
///
/// ```
/// use outrigger_fabric::trace::{annotate, names};
///
/// annotate(names::ORDER_ID, "01ARZ3NDEKTSV4RRFFQ69G5FAV"); // outside of a call: nothing happens
/// ```
pub fn annotate(attribute: Attribute, id: &str) {
    Work::with_current(|work| work.note(attribute, id));
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
