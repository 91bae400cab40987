//! What a person sees in Jaeger: an order is one trace, whatever it met on its way, and nobody waits for Jaeger.

mod gone;
mod restarted;
mod trace;
mod whole;

use crate::serving::Serving;
use servers::Jaeger;
use std::{collections::BTreeSet, time::Duration};
use trace::Trace;

/// The tag that an order is found by.
const ORDER_ID: &str = "outrigger.order.id";
const SERVICES: [&str; 6] = ["orders", "payments", "inventory", "shipping", "notifications", "dashboard"];

/// Spans that nothing was added to for so long are all there are.
const STILL: Duration = Duration::from_millis(1_000);
const BETWEEN_LOOKS: Duration = Duration::from_millis(50);

/// A system on this data that exports quickly, and whose carrier comes after this time.
fn serving(data: &str, endpoint: &str, dispatch_after: &str, flags: &[&str], more: &[(&str, &str)]) -> Serving {
    let usual = [
        ("OTEL_EXPORTER_OTLP_ENDPOINT", endpoint),
        ("OTEL_BSP_SCHEDULE_DELAY", "50"),
        ("OUTRIGGER_SHIPPING_DISPATCH_AFTER", dispatch_after),
    ];
    Serving::flagged(data, flags, &[&usual, more].concat())
}

/// The one trace that an order is found in, once nothing comes to it any more and all of these services are in it.
async fn trace_of(jaeger: &Jaeger, order_id: &str, services: &[&str]) -> Trace {
    let (mut seen, mut still) = (0, Duration::ZERO);
    for _ in 0..600 {
        tokio::time::sleep(BETWEEN_LOOKS).await;
        let Some(trace) = found(jaeger, order_id) else { continue };
        still = if trace.spans.len() == seen { still + BETWEEN_LOOKS } else { Duration::ZERO };
        seen = trace.spans.len();
        let there = trace.services();
        if still >= STILL && services.iter().all(|service| there.contains(service)) {
            return trace;
        }
    }
    panic!("services are missing in {}", found(jaeger, order_id).map_or_else(String::new, |trace| trace.tree()));
}

/// The trace that an order is found in as it is known so far.
fn found(jaeger: &Jaeger, order_id: &str) -> Option<Trace> {
    let found = jaeger.found("orders", ORDER_ID, order_id);
    let ids: BTreeSet<String> = found.iter().map(|trace| trace["traceID"].to_string()).collect();
    assert!(ids.len() <= 1, "an order is one trace, not {ids:?}");
    found.first().map(Trace::of)
}
