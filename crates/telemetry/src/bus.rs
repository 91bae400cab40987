//! The spans of consumers.
//!
//! A batch of events is one root span, which links to every event in it that is sampled; and each of these has a span in its
//! own trace, caused by what published it, which links back to the batch. A batch without sampled events has no span.

use crate::{
    Traceparent, Tracer, names,
    record::{Kind, Shape, Value},
    span::Span,
};
use std::sync::Arc;

/// An event, as far as its span goes.
#[derive(Clone, Copy, Debug)]
pub struct Event<'a> {
    /// The traceparent under which it was published.
    pub trace: Option<&'a str>,
    /// Its identifier.
    pub id: &'a str,
    /// Its kind, such as `outrigger.order.v1.OrderChanged`.
    pub kind: &'a str,
    /// What it is about.
    pub key: &'a str,
}

/// The spans of a batch under way. Dropped before [`Batch::done`], the batch failed: it was given up, or will be had again.
#[must_use = "the spans end when this is dropped"]
#[derive(Debug, Default)]
pub struct Batch {
    whole: Span,
    /// By the event's place in the batch.
    events: Vec<Span>,
    done: bool,
}

/// Begins the spans of `consumer` digesting events that `source` published, in their order.
///
/// ```
/// use outrigger_telemetry::bus::{self, Event};
///
/// let event = Event { trace: None, id: "01ARZ3", kind: "shop.v1.Sold", key: "order-1" };
/// let mut batch = bus::batch("dashboard", "orders", [event]);
/// batch.parked(0); // it could not be digested
/// batch.done(); // and the unit that says so was committed
/// ```
pub fn batch<'a>(consumer: &'static str, source: &'static str, events: impl IntoIterator<Item = Event<'a>>) -> Batch {
    match Tracer::of(consumer) {
        Some(tracer) => begin(&tracer, consumer, source, events),
        None => Batch::default(),
    }
}

/// See [`batch`]; by a tracer of one's own.
pub fn begin<'a>(
    tracer: &Tracer,
    consumer: &'static str,
    source: &'static str,
    events: impl IntoIterator<Item = Event<'a>>,
) -> Batch {
    let sampled = |event: &Event<'_>| {
        let trace: Traceparent = event.trace?.parse().ok()?;
        tracer.samples(Some(trace), trace.trace_id()).then_some(trace)
    };
    let events: Vec<_> = events.into_iter().map(|event| (event, sampled(&event))).collect();
    if events.iter().all(|(_, trace)| trace.is_none()) {
        return Batch::default();
    }
    let shape = shape(format!("{}{source}", names::BATCH_SPAN), consumer, source);
    let mut whole = tracer.begin(&Arc::new(shape), tracer.root(), None);
    whole.set(names::MESSAGING_BATCH, i64::try_from(events.len()).unwrap_or(i64::MAX));
    events.iter().filter_map(|(_, trace)| *trace).for_each(|trace| whole.link(trace));
    let context = whole.context();
    let mut shapes: Vec<(&str, Arc<Shape>)> = Vec::new();
    let mut span_of = |event: &Event<'a>, trace: Traceparent| {
        let known = shapes.iter().find(|(kind, _)| *kind == event.kind).map(|(_, shape)| Arc::clone(shape));
        let shape = known.unwrap_or_else(|| {
            let made = Arc::new(shape_of_kind(event.kind, consumer, source));
            shapes.push((event.kind, Arc::clone(&made)));
            made
        });
        let mut span = tracer.begin(&shape, trace, Some(trace));
        span.set_id(names::MESSAGING_ID, event.id);
        span.set_id(names::EVENT_KEY, event.key);
        context.into_iter().for_each(|batch| span.link(batch));
        span
    };
    let spans = events.iter().map(|(event, trace)| trace.map_or_else(Span::none, |trace| span_of(event, trace)));
    Batch { events: spans.collect(), whole, done: false }
}

impl Batch {
    /// The context of whatever is caused by the event at this place of the batch; none when it is not sampled.
    pub fn context(&self, place: usize) -> Option<Traceparent> {
        self.events.get(place).and_then(Span::context)
    }

    /// The event at this place of the batch was parked.
    pub fn parked(&mut self, place: usize) {
        if let Some(span) = self.events.get_mut(place) {
            span.fail("parked");
        }
    }

    /// The unit that digested the batch was committed.
    pub fn done(mut self) {
        self.done = true;
    }
}

impl Drop for Batch {
    fn drop(&mut self) {
        if !self.done {
            self.events.iter_mut().chain([&mut self.whole]).for_each(|span| span.fail("not_committed"));
        }
    }
}

fn shape(name: String, consumer: &str, source: &str) -> Shape {
    Shape::new(name, Kind::Consumer)
        .with(names::MESSAGING_SYSTEM, names::PROGRAM)
        .with(names::MESSAGING_OPERATION, "process")
        .with(names::MESSAGING_OPERATION_TYPE, "process")
        .with(names::MESSAGING_DESTINATION, source)
        .with(names::MESSAGING_CONSUMER, consumer)
}

/// Kinds come from the contract; whatever else stands there is not told.
fn shape_of_kind(kind: &str, consumer: &str, source: &str) -> Shape {
    let kind = if Value::id(kind).is_some() { kind } else { "event" };
    shape(format!("{}{kind}", names::PROCESS_SPAN), consumer, source)
}
