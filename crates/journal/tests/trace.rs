//! In which trace a consumer does what an event makes it do.

#![allow(clippy::unwrap_used, reason = "tests")]

mod common;

use common::{Home, ambient, event, open, places, publish, rows, subscribe};
use outrigger_journal::{Bus, Consumer, Event, Indigestible, outbox};
use std::sync::Arc;
use store::{BoxFuture, Tx};
use telemetry::Traceparent;

/// Publishes something of its own for every event, as a service does: in the trace that the event names.
struct Relay;

impl Consumer for Relay {
    fn consume<'a>(&'a self, tx: &'a Tx, event: &'a Event) -> BoxFuture<'a, Result<(), Indigestible>> {
        Box::pin(async move { Ok(outbox::append(tx, event).await?) })
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_consumer_publishes_is_caused_by_its_span_where_the_event_is_sampled_and_else_by_the_events_cause() {
    let ambient = ambient();
    // Nobody is there to take the spans, which nothing waits for.
    let settings = telemetry::Settings::to("http://127.0.0.1:9".parse().unwrap());
    let (tracing, _guard) = telemetry::export_by(settings, &ambient);
    tracing.install();
    for Home { data, .. } in &places().await {
        let (orders, relay) = (open(data, "orders").await, open(data, "relay").await);
        let bus = Bus::embedded(ambient.clone());
        bus.publisher("orders", orders.clone());
        subscribe(&bus, &relay, "orders", Arc::new(Relay)).await;
        let sampled = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
        let passed_by = "00-5bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-00";
        let causes = [Some(sampled), Some(passed_by), None, Some("none at all")];
        let events = causes.map(|trace| Event { trace: trace.map(str::to_owned), ..event(&ambient, "o", 1) });
        publish(&orders, events.to_vec()).await;
        bus.settled().await;
        let published = rows(&relay, "SELECT trace FROM outbox ORDER BY seq").await;
        let traces: Vec<Option<String>> = published.iter().map(|row| row.try_get("", "trace").unwrap()).collect();
        assert_eq!(traces[1..], causes.map(|trace| trace.map(str::to_owned))[1..]);
        let (cause, effect): (Traceparent, Traceparent) =
            (sampled.parse().unwrap(), traces[0].as_deref().unwrap().parse().unwrap());
        assert_eq!((effect.trace_id(), effect.sampled()), (cause.trace_id(), true));
        assert_ne!(effect.parent_id(), cause.parent_id());
        bus.shutdown().await;
    }
}
