//! The spans of a batch, and the trace in which a consumer does what an event makes it do.
//!
//! Apart because a batch is the same without them: nothing is built while no event of it is sampled.

use super::portion::Names;
use crate::{Event, outbox::Entry};
use std::borrow::Cow;
use telemetry::bus::{self, Batch};

/// Begins the spans of events that are digested, and then of those that are parked.
pub(super) fn begin(names: Names, digest: &[&Event], park: &[(&Entry, String)]) -> Batch {
    let parked = park.iter().map(|(entry, _)| &entry.event);
    let events = digest.iter().copied().chain(parked).map(|event| bus::Event {
        trace: event.trace.as_deref(),
        id: &event.id,
        kind: &event.kind,
        key: &event.key,
    });
    let mut spans = bus::batch(names.consumer, names.source, events);
    for place in digest.len()..digest.len() + park.len() {
        spans.parked(place);
    }
    spans
}

/// The events as their consumer is to see them: the trace of a sampled one is that of the span in which it is digested, so
/// that whatever the consumer writes or publishes for it was caused by that.
pub(super) fn causing<'a>(spans: &Batch, digest: Vec<&'a Event>) -> Vec<Cow<'a, Event>> {
    let seen = digest.into_iter().enumerate().map(|(place, event)| match spans.context(place) {
        Some(context) => Cow::Owned(Event { trace: Some(context.to_string()), ..event.clone() }),
        None => Cow::Borrowed(event),
    });
    seen.collect()
}
