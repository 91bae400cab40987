//! Spans on their way to a collector: whole when it takes them, and nobody's trouble when it does not.
#![allow(clippy::unwrap_used)] // stories and helpers of tests, which clippy does not take for tests

extern crate outrigger_telemetry as telemetry;

mod collector;

use ambient::Ambient;
use collector::{Collector, Mood, endpoint};
use opentelemetry_proto::tonic::trace::v1::span::SpanKind;
use std::{sync::Arc, time::Duration};
use telemetry::{Guard, Kind, Settings, Shape, Traceparent, Tracer, Tracing, names};
use tokio::time::{Instant, timeout};
use tonic::Code;

fn soon(address: std::net::SocketAddr) -> Settings {
    Settings { delay: Duration::from_millis(20), ..Settings::to(endpoint(address)) }
}

fn export(settings: Settings) -> (Tracing, Guard) {
    telemetry::export_by(settings, &Ambient::system())
}

fn shape() -> Arc<Shape> {
    Arc::new(Shape::new("shop.Till/Open", Kind::Server).with(names::RPC_SYSTEM, "grpc"))
}

/// Begins and ends so many spans.
fn record(tracer: &Tracer, count: usize) {
    let shape = shape();
    (0..count).for_each(|_| drop(tracer.begin(&shape, tracer.root(), None)));
}

async fn scraped(metric: &str) -> u64 {
    let text = telemetry::metrics::Registry::default().render().await;
    let line = text.lines().find_map(|line| line.strip_prefix(metric));
    line.map_or(0, |value| value.trim().parse().unwrap())
}

#[tokio::test]
async fn spans_of_all_services_arrive_with_what_was_said_of_them() {
    let collector = Collector::start().await;
    let resource = vec![("deployment.environment.name".to_owned(), "test".to_owned())];
    let (tracing, guard) = export(Settings { resource, ..soon(collector.address()) });
    let (orders, payments) = (tracing.tracer("orders"), tracing.tracer("payments"));
    let root = orders.root();
    let outer = orders.begin(&shape(), root, None);
    let mut inner = payments.begin(&shape(), root, outer.context());
    inner.set(names::ATTEMPT, 2);
    inner.set_id(names::ORDER_ID, "order-1");
    inner.set_id(names::ORDER_ID, "ann@example.org");
    inner.link(outer.context().unwrap());
    inner.fail("UNAVAILABLE");
    drop(inner);
    drop(outer);
    let spans = collector.until(|spans| spans.len() == 2).await;
    let of = |service: &str| spans.iter().find(|span| span.service == service).unwrap();
    let (outer, inner) = (of("orders"), of("payments"));
    assert_eq!((outer.parent, inner.parent), (None, Some(outer.id)));
    assert_eq!((outer.trace, inner.trace), (root.trace_id(), root.trace_id()));
    assert_eq!((&*outer.name, outer.kind), ("shop.Till/Open", SpanKind::Server));
    assert_eq!(outer.said("rpc.system.name"), Some("grpc"));
    assert_eq!((outer.error, inner.error), (false, true));
    assert_eq!(inner.said("error.type"), Some("UNAVAILABLE"));
    assert_eq!(inner.said("outrigger.attempt"), Some("2"));
    assert_eq!(inner.said("outrigger.order.id"), Some("order-1"));
    assert_eq!(inner.links, [(root.trace_id(), outer.id)]);
    assert!(outer.start <= inner.start && inner.end <= outer.end);
    for resource in spans.iter().map(|span| &span.resource) {
        assert_eq!(resource["service.namespace"], "outrigger");
        assert_eq!(resource["deployment.environment.name"], "test");
        assert!(!resource["service.version"].is_empty());
        assert_eq!(resource["service.instance.id"], spans[0].resource["service.instance.id"]);
    }
    assert_eq!(collector.exports(), 1, "one request for all services");
    guard.shutdown().await;
}

#[tokio::test]
async fn a_whole_batch_waits_for_nobody_and_what_is_left_is_exported_at_the_end() {
    let collector = Collector::start().await;
    let never = Duration::from_secs(3_600);
    let settings = Settings { delay: never, batch: 10, queue: 100, ..soon(collector.address()) };
    let (tracing, guard) = export(settings);
    let tracer = tracing.tracer("orders");
    record(&tracer, 10);
    collector.until(|spans| spans.len() == 10).await;
    record(&tracer, 7);
    guard.shutdown().await;
    assert_eq!(collector.spans().len(), 17);
    record(&tracer, 1); // too late: dropped, and nothing waits for it
}

#[tokio::test]
async fn a_collector_that_is_gone_costs_drops_and_nothing_else() {
    let collector = Collector::start().await;
    let address = collector.address();
    collector.leave().await;
    let (tracing, guard) = export(Settings { queue: 100, batch: 10, ..soon(address) });
    let tracer = tracing.tracer("orders");
    let before = scraped("outrigger_spans_dropped_total{reason=\"queue_full\"}").await;
    let began = Instant::now();
    record(&tracer, 10_000);
    assert!(began.elapsed() < Duration::from_secs(5), "{:?}", began.elapsed());
    let dropped = scraped("outrigger_spans_dropped_total{reason=\"queue_full\"}").await - before;
    assert!(dropped >= 9_800, "{dropped} of 10,000: the queue is bounded");
    // It comes back: what waited arrives, without a restart.
    let again = Collector::at(address).await;
    again.until(|spans| spans.len() >= 50).await;
    guard.shutdown().await;
}

#[tokio::test]
async fn a_collector_that_refuses_for_a_while_loses_nothing_that_waits() {
    let collector = Collector::start().await;
    collector.is(Mood::Refuses(Code::Unavailable));
    let (tracing, guard) = export(soon(collector.address()));
    record(&tracing.tracer("orders"), 50);
    while collector.exports() < 2 {
        tokio::task::yield_now().await;
    }
    collector.is(Mood::Takes);
    collector.until(|spans| spans.len() == 50).await;
    guard.shutdown().await;
}

#[tokio::test]
async fn what_a_collector_will_never_take_is_not_sent_twice() {
    let collector = Collector::start().await;
    collector.is(Mood::Refuses(Code::InvalidArgument));
    let (tracing, guard) = export(soon(collector.address()));
    record(&tracing.tracer("orders"), 5);
    while scraped("outrigger_spans_dropped_total{reason=\"export_failed\"}").await == 0 {
        tokio::task::yield_now().await;
    }
    guard.shutdown().await;
    assert_eq!(collector.exports(), 1);
}

#[tokio::test]
async fn a_collector_that_hangs_holds_up_neither_calls_nor_the_end() {
    let collector = Collector::start().await;
    collector.is(Mood::Hangs);
    let (tracing, guard) = export(Settings { queue: 50, batch: 10, ..soon(collector.address()) });
    let tracer = tracing.tracer("orders");
    let began = Instant::now();
    record(&tracer, 1_000);
    assert!(began.elapsed() < Duration::from_secs(2), "{:?}", began.elapsed());
    timeout(Duration::from_secs(6), guard.shutdown()).await.expect("the end is bounded");
}

#[tokio::test]
async fn a_batch_links_to_its_events_and_each_event_to_its_batch() {
    let collector = Collector::start().await;
    let (tracing, guard) = export(soon(collector.address()));
    let tracer = tracing.tracer("dashboard");
    let published: Vec<Traceparent> = (0..2).map(|_| tracer.root()).collect();
    let unsampled = tracer.root().flagged(false).to_string();
    let traces: Vec<String> = published.iter().map(ToString::to_string).collect();
    let event = |trace, id| telemetry::bus::Event { trace, id, kind: "shop.v1.Sold", key: "order-1" };
    let events = [
        event(Some(&*traces[0]), "event-1"),
        event(Some(&*unsampled), "event-2"),
        event(None, "event-3"),
        event(Some(&*traces[1]), "event-4"),
    ];
    let mut batch = telemetry::bus::begin(&tracer, "dashboard", "orders", events);
    batch.parked(3);
    batch.done();
    let unrecorded = [event(Some(&*unsampled), "event-5"), event(None, "event-6")];
    telemetry::bus::begin(&tracer, "dashboard", "orders", unrecorded).done();
    guard.shutdown().await;
    let spans = collector.spans();
    assert_eq!(spans.len(), 3, "{spans:#?}");
    assert!(spans.iter().all(|span| span.kind == SpanKind::Consumer && span.service == "dashboard"));
    let whole = spans.iter().find(|span| span.parent.is_none()).unwrap();
    assert_eq!(whole.links, published.iter().map(|event| (event.trace_id(), event.parent_id())).collect::<Vec<_>>());
    assert_eq!((whole.error, whole.said("messaging.batch.message_count")), (false, Some("4")));
    for (trace, id, parked) in [(published[0], "event-1", false), (published[1], "event-4", true)] {
        let span = spans.iter().find(|span| span.said("messaging.message.id") == Some(id)).unwrap();
        assert_eq!((span.trace, span.parent), (trace.trace_id(), Some(trace.parent_id())));
        assert_eq!(span.links, [(whole.trace, whole.id)]);
        assert_eq!((span.error, &*span.name), (parked, "process shop.v1.Sold"));
    }
}
