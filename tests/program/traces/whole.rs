//! An order that met a retry and a refund is one trace.

use super::{
    SERVICES, serving,
    trace::{Span, Trace},
    trace_of,
};
use crate::serving::{PATIENCE, place, reached, settled, stock};
use api::order::v1::{CancelOrderRequest, OrderState, order_service_client::OrderServiceClient};
use outrigger_tests::basket;
use servers::Jaeger;
use tonic::{Code, transport::Channel};

/// Of calls to inventory and shipping so many fail: enough that one order in a few meets a retry.
const FAULTS: [&str; 6] = ["--inventory-fault-rate", "0.3", "--shipping-fault-rate", "0.3", "--seed", "1"];
const ORDERS: usize = 6;

/// An order that is paid, and then cancelled before the carrier comes.
async fn refunded(channel: &Channel, key: &str) -> String {
    let order = place(channel, basket([("MUG", 1)]).card("tok_flaky:traced"), key).await.unwrap();
    let order_id = order.order_id;
    reached(channel, &order_id, |state| state == OrderState::Confirmed).await;
    let insisting = async {
        let request =
            || CancelOrderRequest { order_id: order_id.clone(), actor: "ann".into(), reason: "changed my mind".into() };
        while let Err(status) = OrderServiceClient::new(channel.clone()).cancel_order(request()).await {
            assert!([Code::Unavailable, Code::Aborted].contains(&status.code()), "{status:?}");
        }
    };
    tokio::time::timeout(PATIENCE, insisting).await.expect("the cancellation is heard");
    assert_eq!(settled(channel, &order_id).await.state(), OrderState::Refunded);
    order_id
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_order_that_met_a_retry_and_a_refund_is_one_trace() {
    let Some(jaeger) = Jaeger::start("an_order_that_met_a_retry_and_a_refund_is_one_trace") else { return };
    let folder = tempfile::tempdir().unwrap();
    let mut serving = serving(folder.path().to_str().unwrap(), &jaeger.endpoint(), "20s", &FAULTS, &[]);
    let channel = serving.ready().await;
    stock(&channel, "MUG", 100).await;
    let mut retried = 0;
    for number in 0..ORDERS {
        let order_id = refunded(&channel, &format!("traced-{number}")).await;
        let trace = trace_of(&jaeger, &order_id, &SERVICES).await;
        is_one_tree(&trace);
        every_attempt_is_seen(&trace);
        the_bus_is_seen(&trace);
        retried += trace.of_kind("client").filter(|call| is_retried(&trace, call)).count();
    }
    assert!(retried > 0, "none of {ORDERS} orders met a retry");
    says_nothing_personal_and_nothing_of_health(&jaeger);
    let (status, told) = serving.end();
    assert!(status.success(), "{told}");
}

fn is_one_tree(trace: &Trace) {
    assert!(trace.orphans().is_empty(), "orphans {:#?} in {}", trace.orphans(), trace.tree());
    let roots = trace.roots();
    assert_eq!(roots.len(), 1, "one root in {}", trace.tree());
    assert_eq!((roots[0].kind(), roots[0].service.as_str()), ("server", "orders"), "{}", trace.tree());
    assert!(roots[0].name.ends_with("OrderService/PlaceOrder"), "{}", roots[0].name);
}

/// Each call of a client has its attempts below it, and each call that a server took in has the attempt that brought it
/// above it.
fn every_attempt_is_seen(trace: &Trace) {
    for call in trace.of_kind("client").filter(|span| !span.name.starts_with("Attempt.")) {
        let attempts = attempts(trace, call);
        assert!(!attempts.is_empty(), "{call:?} has no attempt in {}", trace.tree());
        let numbers: Vec<&str> = attempts.iter().map(|attempt| attempt.tag("outrigger.attempt")).collect();
        let expected: Vec<String> = (1..=attempts.len()).map(|number| number.to_string()).collect();
        assert_eq!(numbers, expected, "attempts are counted from 1");
        let last = attempts.last().unwrap();
        assert_eq!(call.failed(), last.failed(), "a call ends as its last attempt does: {}", trace.tree());
        for earlier in &attempts[..attempts.len() - 1] {
            assert!(earlier.failed(), "what was answered well is not sent again: {}", trace.tree());
        }
    }
    for served in trace.of_kind("server").filter(|span| span.parent.is_some()) {
        let above = trace.parent(served).unwrap();
        assert!(above.name.starts_with("Attempt."), "{} came from {}", served.name, above.name);
        assert_eq!(above.name.trim_start_matches("Attempt."), served.name, "{}", trace.tree());
    }
}

fn attempts<'a>(trace: &'a Trace, call: &Span) -> Vec<&'a Span> {
    let mut attempts = trace.children(call);
    attempts.retain(|span| span.name.starts_with("Attempt."));
    attempts.sort_by_key(|span| span.tag("outrigger.attempt").parse::<u32>().unwrap());
    attempts
}

/// An attempt failed, and the call was sent again and answered.
fn is_retried(trace: &Trace, call: &Span) -> bool {
    let attempts = attempts(trace, call);
    attempts.len() > 1 && attempts[0].failed() && attempts[0].tag("rpc.status_code") == "UNAVAILABLE"
}

fn the_bus_is_seen(trace: &Trace) {
    for consumer in ["notifications", "dashboard"] {
        let taken_in: Vec<&Span> = trace.of_kind("consumer").filter(|span| span.service == consumer).collect();
        assert!(!taken_in.is_empty(), "{consumer} takes events in: {}", trace.tree());
        assert!(
            taken_in.iter().all(|span| !span.links.is_empty()),
            "each says what it was taken in with: {taken_in:#?}"
        );
    }
}

fn says_nothing_personal_and_nothing_of_health(jaeger: &Jaeger) {
    for service in SERVICES.into_iter().chain(["outrigger"]) {
        for trace in jaeger.all(service) {
            let told = trace.to_string();
            for secret in ["tok_", "@shop.example", "customer@", "changed my mind"] {
                assert!(!told.contains(secret), "{secret} is in {told}");
            }
            assert!(!told.contains("grpc.health"), "a probe is no work: {told}");
        }
    }
}
