//! A scrape: the process's own metrics, and what others say when they are asked.

use super::{
    attempts, calls, exporting,
    family::{Labels, register},
};
use crate::names::{self, Metric, Sort};
use futures::future::BoxFuture;
use parking_lot::Mutex;
use prometheus_client::{
    collector::Collector,
    encoding::{DescriptorEncoder, EncodeMetric, prometheus_text},
    metrics::{MetricType, counter::ConstCounter, gauge::ConstGauge},
    registry::Registry as Prometheus,
};
use std::{collections::BTreeMap, fmt, sync::Arc};

/// A value at the moment of a scrape.
#[derive(Clone, Debug)]
pub struct Sample {
    metric: Metric,
    labels: Labels,
    value: f64,
}

impl Sample {
    /// The value of a counter or a gauge of `names`; others are left out of a scrape.
    pub fn new(metric: Metric, labels: &[(&'static str, &str)], value: f64) -> Self {
        let labels = labels.iter().map(|(name, value)| (*name, (*value).to_owned())).collect();
        Self { metric, labels, value }
    }
}

type Ask = dyn Fn() -> BoxFuture<'static, Vec<Sample>> + Send + Sync;

/// What is shown to Prometheus: the metrics of this process's calls and spans, always, and those of whoever is asked at each
/// scrape. Cloning shares it.
///
/// ```
/// use outrigger_telemetry::{metrics::{Registry, Sample}, names::{self, labels}};
///
/// # #[tokio::main(flavor = "current_thread")] async fn main() {
/// let registry = Registry::default();
/// registry.ask(|| Box::pin(async {
///     vec![Sample::new(names::STORE_UNITS, &[(labels::SERVICE, "orders")], 7.0)]
/// }));
/// assert!(registry.render().await.contains("outrigger_store_units_total{service=\"orders\"} 7"));
/// # }
/// ```
#[derive(Clone, Default)]
pub struct Registry(Arc<Mutex<Vec<Arc<Ask>>>>);

impl Registry {
    /// Has `ask` called at each scrape. It should answer fast, and leave out what it cannot find out.
    pub fn ask(&self, ask: impl Fn() -> BoxFuture<'static, Vec<Sample>> + Send + Sync + 'static) {
        self.0.lock().push(Arc::new(ask));
    }

    /// Everything, in Prometheus' text format ([`CONTENT_TYPE`](super::CONTENT_TYPE)).
    pub async fn render(&self) -> String {
        let all: Vec<Arc<Ask>> = self.0.lock().clone();
        let mut samples: BTreeMap<&'static str, Vec<Sample>> = BTreeMap::new();
        for sample in futures::future::join_all(all.iter().map(|ask| ask())).await.into_iter().flatten() {
            samples.entry(sample.metric.name()).or_default().push(sample);
        }
        let mut registry = own();
        for samples in samples.into_values() {
            registry.register_collector(Box::new(Asked(samples)));
        }
        let mut text = String::new();
        // Writing to a String fails only where a value says so; what was written before it is still true.
        let _ = prometheus_text::encode(&mut text, &registry);
        text
    }
}

impl fmt::Debug for Registry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Registry")
    }
}

/// The process's own: families are shared, not copied.
fn own() -> Prometheus {
    let mut registry = Prometheus::default();
    register(&mut registry, names::SERVER_DURATION, calls::SERVER.clone());
    register(&mut registry, names::CLIENT_DURATION, calls::CLIENT.clone());
    register(&mut registry, names::ATTEMPTS, attempts::STARTED.clone());
    register(&mut registry, names::CALL_ATTEMPTS, attempts::PER_CALL.clone());
    register(&mut registry, names::RETRIES, attempts::RETRIES.clone());
    register(&mut registry, names::BUDGET_SPENT, attempts::BUDGET_SPENT.clone());
    register(&mut registry, names::ATTEMPT_TIMEOUTS, attempts::TIMEOUTS.clone());
    register(&mut registry, names::REFUSED, attempts::REFUSED.clone());
    register(&mut registry, names::BREAKER_TRANSITIONS, attempts::TRANSITIONS.clone());
    register(&mut registry, names::SPANS_EXPORTED, exporting::EXPORTED.clone());
    register(&mut registry, names::SPANS_DROPPED, exporting::DROPPED.clone());
    registry
}

/// The samples of one metric.
#[derive(Debug)]
struct Asked(Vec<Sample>);

impl Collector for Asked {
    fn encode(&self, mut encoder: DescriptorEncoder) -> Result<(), fmt::Error> {
        let Some(Sample { metric, .. }) = self.0.first() else { return Ok(()) };
        let sort = match metric.sort() {
            Sort::Counter => MetricType::Counter,
            Sort::Gauge => MetricType::Gauge,
            Sort::Seconds | Sort::Numbers => return Ok(()),
        };
        let mut family = encoder.encode_descriptor(metric.name(), metric.help(), None, sort)?;
        for Sample { labels, value, .. } in &self.0 {
            let encoder = family.encode_family(labels)?;
            match metric.sort() {
                Sort::Counter => ConstCounter::new(*value).encode(encoder)?,
                _ => ConstGauge::new(*value).encode(encoder)?,
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{metrics::Calls, names::labels};
    use std::time::Duration;

    #[tokio::test]
    async fn a_scrape_has_what_was_counted_and_what_was_asked_for() {
        Calls::server("a.B/C").ended(5, "NOT_FOUND", Duration::from_millis(3));
        let registry = Registry::default();
        let gauge = |consumer| Sample::new(names::OUTBOX_LAG, &[(labels::CONSUMER, consumer)], 2.5);
        registry.ask(move || Box::pin(async move { vec![gauge("dashboard")] }));
        registry.ask(move || Box::pin(async move { vec![gauge("notifications")] }));
        let text = registry.render().await;
        for line in [
            "# TYPE rpc_server_call_duration_seconds histogram",
            "rpc_server_call_duration_seconds_count{rpc_system_name=\"grpc\",rpc_method=\"a.B/C\",rpc_status_code=\"NOT_FOUND\"} 1",
            "outrigger_outbox_lag_events{consumer=\"dashboard\"} 2.5",
            "outrigger_outbox_lag_events{consumer=\"notifications\"} 2.5",
        ] {
            assert!(text.contains(line), "{line} in\n{text}");
        }
        assert_eq!(text.matches("# TYPE outrigger_outbox_lag_events").count(), 1);
    }
}
