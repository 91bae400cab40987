//! The spans of calls as a collector sees them: a tree without orphans, every attempt in it, errors where they belong.
#![allow(clippy::unwrap_used)] // stories and helpers of tests, which clippy does not take for tests

extern crate outrigger_fabric as fabric;

#[path = "../../telemetry/tests/collector/mod.rs"]
mod collector;
mod echo;

use ambient::Ambient;
use collector::{Collector, Seen};
use echo::{Echo, World, echo};
use fabric::Placement;
use opentelemetry_proto::tonic::trace::v1::span::SpanKind;
use std::{sync::LazyLock, time::Duration};
use telemetry::{Guard, Settings, names};
use tokio::runtime::Runtime;
use tonic::{Code, Request};

/// What is exported, and where to; of the whole process, and so of all stories here.
struct Exported {
    collector: Collector,
    _guard: Guard,
    _runtime: Runtime,
}

static EXPORTED: LazyLock<Exported> = LazyLock::new(|| {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let (collector, guard) = std::thread::scope(|scope| {
        let started = scope.spawn(|| {
            runtime.block_on(async {
                let collector = Collector::start().await;
                let settings = Settings { delay: Duration::from_millis(10), ..Settings::to(collector.endpoint()) };
                let (tracing, guard) = telemetry::export_by(settings, &Ambient::system());
                tracing.install();
                (collector, guard)
            })
        });
        started.join().unwrap()
    });
    Exported { collector, _guard: guard, _runtime: runtime }
});

/// A world whose calls are exported, and a trace of its own.
async fn world(placement: Placement) -> (World, Trace) {
    LazyLock::force(&EXPORTED);
    let ambient = Ambient::system();
    let bits = || ambient.dice().bits();
    let trace = telemetry::Traceparent::root(true, bits);
    (World::new(placement).await, Trace { parent: trace })
}

struct Trace {
    /// What the first call under it is caused by.
    parent: telemetry::Traceparent,
}

impl Trace {
    async fn scope<F: Future>(&self, future: F) -> F::Output {
        fabric::trace::scope(self.parent.to_string(), future).await
    }

    async fn scope_unsampled<F: Future>(&self, future: F) -> F::Output {
        fabric::trace::scope(self.parent.flagged(false).to_string(), future).await
    }

    /// Waits until so many spans of the trace have come, and gives them in the order in which they began.
    async fn spans(&self, count: usize) -> Vec<Seen> {
        let trace = self.parent.trace_id();
        let of_trace = |spans: &[Seen]| spans.iter().filter(|span| span.trace == trace).count();
        EXPORTED.collector.until(|spans| of_trace(spans) >= count).await;
        let mut spans = EXPORTED.collector.of_trace(trace);
        spans.sort_by_key(|span| span.start);
        assert_eq!(spans.len(), count, "{spans:#?}");
        self.has_no_orphan(&spans);
        spans
    }

    fn has_no_orphan(&self, spans: &[Seen]) {
        let known = |id: u64| id == self.parent.parent_id() || spans.iter().any(|span| span.id == id);
        for span in spans {
            assert!(span.parent.is_some_and(known), "an orphan: {span:#?} in {spans:#?}");
            let names: Vec<&str> = span.attributes.keys().map(String::as_str).collect();
            let allowed = |name: &&&str| names::ALLOWED.iter().any(|attribute| attribute.name() == **name);
            assert_eq!(names.iter().filter(allowed).count(), names.len(), "{names:?}");
        }
    }
}

fn children<'a>(spans: &'a [Seen], of: &Seen) -> Vec<&'a Seen> {
    spans.iter().filter(|span| span.parent == Some(of.id)).collect()
}

const METHOD: &str = "test.echo.v1.EchoService/Unary";

async fn each_attempt_is_a_span_and_the_parent_of_what_it_reached(placement: Placement) {
    let (world, trace) = world(placement).await;
    world.server.fail_next(2);
    let recovering = Echo { text: "until".into(), code: Code::Unavailable as i32, ..Echo::default() };
    trace.scope(async { world.client().unary(recovering).await }).await.unwrap();
    let spans = trace.spans(7).await;
    let call = &spans[0];
    assert_eq!((&*call.name, call.kind, &*call.service), (METHOD, SpanKind::Client, "alice"));
    assert_eq!((call.parent, call.error), (Some(trace.parent.parent_id()), false));
    assert_eq!(call.said("rpc.method"), Some(METHOD));
    assert_eq!(call.said("rpc.status_code"), Some("OK"));
    assert_eq!(call.said("server.address"), Some("echo"));
    let attempts = children(&spans, call);
    assert_eq!(attempts.len(), 3);
    for (index, attempt) in attempts.iter().enumerate() {
        let (last, code) = (index == 2, if index == 2 { "OK" } else { "UNAVAILABLE" });
        assert_eq!((&*attempt.name, attempt.kind), (&*format!("Attempt.{METHOD}"), SpanKind::Client));
        assert_eq!(attempt.said("outrigger.attempt"), Some(&*(index + 1).to_string()));
        assert_eq!(attempt.said("previous-rpc-attempts"), Some(&*index.to_string()));
        assert_eq!(attempt.said("outrigger.attempt.backoff_ms").is_some(), index > 0);
        assert_eq!((attempt.said("rpc.status_code"), attempt.error), (Some(code), !last));
        let [server] = children(&spans, attempt)[..] else { panic!("{spans:#?}") };
        assert_eq!((&*server.name, server.kind, &*server.service), (METHOD, SpanKind::Server, "echo"));
        assert_eq!((server.said("rpc.status_code"), server.error), (Some(code), !last));
        assert_eq!(server.said("error.type"), (!last).then_some("UNAVAILABLE"));
        assert_eq!(server.said("outrigger.caller"), Some("alice"));
    }
}

async fn a_refusal_is_the_callers_error_and_not_the_servers(placement: Placement) {
    let (world, trace) = world(placement).await;
    let refused = Echo { code: Code::NotFound as i32, ..Echo::default() };
    trace.scope(async { world.client().once(refused).await }).await.unwrap_err();
    let spans = trace.spans(3).await;
    let errors: Vec<_> = spans.iter().map(|span| (span.kind, span.error, span.said("error.type"))).collect();
    let client = (SpanKind::Client, true, Some("NOT_FOUND"));
    assert_eq!(errors, [client, client, (SpanKind::Server, false, None)]);
}

async fn what_came_unsampled_stays_so_and_costs_no_span(placement: Placement) {
    let (world, trace) = world(placement).await;
    let answer = trace.scope_unsampled(async { world.client().nested(echo("")).await }).await.unwrap();
    let came = trace.parent.flagged(false).to_string();
    assert!(answer.get_ref().said.contains(&came), "{} without {came}", answer.get_ref().said);
    // A call that is recorded, so that whatever came before it would have arrived.
    trace.scope(async { world.client().once(echo("")).await }).await.unwrap();
    trace.spans(3).await;
}

async fn a_trace_goes_on_through_nested_calls_without_an_orphan(placement: Placement) {
    let (world, trace) = world(placement).await;
    trace.scope(async { world.client().nested(echo("order-9")).await }).await.unwrap();
    let spans = trace.spans(6).await;
    let order: Vec<_> = spans.iter().map(|span| span.said("outrigger.order.id")).collect();
    assert_eq!(order, [None, None, None, None, None, Some("order-9")], "only the innermost handler says it");
    let depths: Vec<usize> = spans.iter().map(|span| depth(&spans, span)).collect();
    assert_eq!(depths, [0, 1, 2, 3, 4, 5]);
}

fn depth(spans: &[Seen], span: &Seen) -> usize {
    let parent = spans.iter().find(|other| Some(other.id) == span.parent);
    parent.map_or(0, |parent| 1 + depth(spans, parent))
}

async fn what_a_handler_says_of_an_order_is_said_by_its_calls(placement: Placement) {
    let (world, trace) = world(placement).await;
    let about = async {
        fabric::trace::annotate(fabric::trace::names::ORDER_ID, "order-3");
        world.client().once(echo("")).await
    };
    trace.scope(about).await.unwrap();
    let spans = trace.spans(3).await;
    assert_eq!(spans[0].said("outrigger.order.id"), Some("order-3"));
}

async fn local_refusals_are_seen(placement: Placement) {
    let (world, trace) = world(placement).await;
    let mut client = world.client();
    let failing = || Echo { code: Code::Unavailable as i32, ..Echo::default() };
    loop {
        let status = client.once(failing()).await.unwrap_err();
        if fabric::status::reason(&status).as_deref() == Some("BREAKER_OPEN") {
            break;
        }
    }
    trace.scope(client.once(failing())).await.unwrap_err();
    let spans = trace.spans(2).await;
    assert!(spans.iter().all(|span| span.error && span.said("outrigger.reason") == Some("BREAKER_OPEN")), "{spans:#?}");
    let late = Some(tokio::time::Instant::now());
    trace.scope(fabric::Deadline::scope(late, async { world.client().once(echo("")).await })).await.unwrap_err();
    let spans = trace.spans(3).await;
    let (late, attempts) = (&spans[2], children(&spans, &spans[2]));
    assert_eq!((late.said("error.type"), attempts.len()), (Some("DEADLINE_EXCEEDED"), 0));
}

async fn a_caller_who_leaves_has_cancelled(placement: Placement) {
    let (world, trace) = world(placement).await;
    let slow = Echo { delay_ms: 60_000, ..Echo::default() };
    let mut client = world.client();
    let call = trace.scope(client.once(slow));
    tokio::select! {
        _ = call => panic!("it is slow"),
        () = world.server.begun(1) => {}
    }
    let spans = trace.spans(3).await;
    assert!(spans.iter().all(|span| span.said("rpc.status_code") == Some("CANCELLED")), "{spans:#?}");
    assert_eq!(spans.iter().map(|span| span.error).collect::<Vec<_>>(), [true, true, false]);
}

async fn a_stream_ends_when_its_last_message_was_read(placement: Placement) {
    let (world, trace) = world(placement).await;
    let request = Request::new(Echo { count: 3, ..Echo::default() });
    let mut stream = trace.scope(async { world.client().watch(request).await }).await.unwrap().into_inner();
    assert!(stream.message().await.unwrap().is_some());
    while stream.message().await.unwrap().is_some() {}
    let spans = trace.spans(3).await;
    assert!(spans.iter().all(|span| span.said("rpc.status_code") == Some("OK")), "{spans:#?}");
}

macro_rules! in_both_placements {
    ($($story:ident),* $(,)?) => {
        mod in_process {
            $(#[tokio::test] async fn $story() { super::$story(super::Placement::InProcess).await; })*
        }
        mod over_tcp {
            $(#[tokio::test] async fn $story() { super::$story(super::Placement::Tcp).await; })*
        }
    };
}

in_both_placements! {
    each_attempt_is_a_span_and_the_parent_of_what_it_reached,
    a_refusal_is_the_callers_error_and_not_the_servers,
    what_came_unsampled_stays_so_and_costs_no_span,
    a_trace_goes_on_through_nested_calls_without_an_orphan,
    what_a_handler_says_of_an_order_is_said_by_its_calls,
    local_refusals_are_seen,
    a_caller_who_leaves_has_cancelled,
    a_stream_ends_when_its_last_message_was_read,
}

#[tokio::test]
async fn health_and_reflection_leave_no_span() {
    let (world, trace) = world(Placement::InProcess).await;
    let listening = world.mesh.listen(([127, 0, 0, 1], 0).into()).await.unwrap();
    let wire = fabric::connect(&listening.address.to_string(), echo::contract(), Ambient::system()).unwrap();
    let before = EXPORTED.collector.spans().iter().filter(|span| span.name.contains("grpc.health")).count();
    let mut health = tonic_health::pb::health_client::HealthClient::new(wire.clone());
    let check = health.check(tonic_health::pb::HealthCheckRequest { service: "test.echo.v1.EchoService".into() });
    trace.scope(check).await.unwrap();
    trace.scope(async { echo::Client::new(wire).once(echo("")).await }).await.unwrap();
    let spans = trace.spans(3).await;
    assert_eq!(spans[0].service, "outrigger", "who calls from outside is the program");
    assert!(spans.iter().all(|span| span.name.ends_with("EchoService/Once")), "{spans:#?}");
    let after = EXPORTED.collector.spans().iter().filter(|span| span.name.contains("grpc.health")).count();
    assert_eq!((before, after), (0, 0));
    let scrape = telemetry::metrics::Registry::default().render().await;
    assert!(!scrape.contains("grpc.health"), "{scrape}");
    listening.drain().await;
}
