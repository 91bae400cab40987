//! What a task is at work on: the trace, and the identifiers that a log line or a span about it should carry.
//!
//! Set by whoever begins a piece of work (a call's handler, a saga's step), and found by everything beneath it: calls made,
//! events written, lines logged.

use crate::{Traceparent, names::Attribute, record::is_id};
use http::HeaderValue;
use parking_lot::Mutex;
use std::{future::Future, sync::Arc};

/// A piece of work. Cloning shares it; the default is none.
#[derive(Clone, Debug, Default)]
pub struct Work(Option<Arc<Inner>>);

#[derive(Debug)]
struct Inner {
    /// As it goes into a header: passing it on is a reference count.
    trace: HeaderValue,
    notes: Mutex<Vec<(Attribute, Box<str>)>>,
}

/// Identifiers noted of one piece of work at most.
const NOTES: usize = 4;

tokio::task_local! {
    static CURRENT: Work;
}

impl Work {
    /// Work within a trace, which must be a valid `traceparent`.
    pub fn within(trace: HeaderValue) -> Self {
        Self(Some(Arc::new(Inner { trace, notes: Mutex::default() })))
    }

    /// Work within a trace that was stored. What is no trace context (the empty text, say) means none.
    pub fn stored(traceparent: &str) -> Self {
        let known = traceparent.parse::<Traceparent>().ok();
        known.and_then(|_| HeaderValue::from_str(traceparent).ok()).map_or_else(Self::default, Self::within)
    }

    /// What this task is at work on; none outside of any work.
    pub fn current() -> Self {
        CURRENT.try_with(Clone::clone).unwrap_or_default()
    }

    /// The trace.
    pub fn trace(&self) -> Option<&HeaderValue> {
        self.0.as_ref().map(|inner| &inner.trace)
    }

    /// Notes an identifier: spans of this work and calls made from now on within it say it, and log lines where it is an
    /// order's. What is no identifier ([`Value::id`](crate::Value::id)) is not noted.
    pub fn note(&self, attribute: Attribute, id: &str) {
        let Some(inner) = self.0.as_ref().filter(|_| is_id(id)) else { return };
        let mut notes = inner.notes.lock();
        if notes.len() < NOTES && notes.iter().all(|(noted, _)| *noted != attribute) {
            notes.push((attribute, id.into()));
        }
    }

    /// Tells each identifier that was noted.
    pub fn notes(&self, mut tell: impl FnMut(Attribute, &str)) {
        if let Some(inner) = &self.0 {
            inner.notes.lock().iter().for_each(|(attribute, id)| tell(*attribute, id));
        }
    }

    /// Does `run` with what this task is at work on.
    pub fn with_current<R>(run: impl FnOnce(&Self) -> R) -> Option<R> {
        CURRENT.try_with(run).ok()
    }

    /// Runs a future as this work.
    pub fn scope<F: Future>(self, future: F) -> impl Future<Output = F::Output> {
        CURRENT.scope(self, future)
    }

    /// Runs a closure as this work.
    pub fn sync_scope<R>(self, run: impl FnOnce() -> R) -> R {
        CURRENT.sync_scope(self, run)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::names;

    const STORED: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

    #[test]
    fn what_is_noted_once_stays_and_what_is_no_identifier_is_not_noted() {
        let work = Work::stored(STORED);
        work.note(names::EVENT_KEY, "ann@example.org");
        work.note(names::ORDER_ID, "first");
        work.note(names::ORDER_ID, "second");
        let mut told = Vec::new();
        work.notes(|attribute, id| told.push((attribute, id.to_owned())));
        assert_eq!(told, [(names::ORDER_ID, "first".to_owned())]);
    }

    #[test]
    fn without_a_trace_there_is_nothing_to_note_on() {
        let work = Work::stored("");
        work.note(names::ORDER_ID, "first");
        work.notes(|_, _| panic!("nothing was noted"));
        assert!(work.trace().is_none());
    }
}
