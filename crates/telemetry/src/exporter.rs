//! The one task that exports the spans of all services, and the guard that ends it.
//!
//! Nothing here is ever waited for by a call. While the collector hangs, refuses or is gone, the queue fills, what does not
//! fit is dropped and counted, and the log has one line at the beginning of it and one at the end.

use crate::{Settings, Tracing, metrics::exporting, otlp, record::Record};
use ambient::Ambient;
use opentelemetry_proto::tonic::{
    collector::trace::v1::trace_service_client::TraceServiceClient, common::v1::KeyValue, resource::v1::Resource,
};
use std::time::Duration;
use tokio::{
    task::JoinHandle,
    time::{Instant, sleep, timeout, timeout_at},
};
use tokio_util::sync::CancellationToken;
use tonic::{
    Code, Request, Status,
    metadata::{MetadataKey, MetadataMap},
    transport::{Channel, Endpoint},
};

/// What is left at the end is exported within this time, or dropped.
const FLUSH_WITHIN: Duration = Duration::from_secs(3);
/// Waits between tries of a batch: full jitter over the first, doubling up to the last.
const BACKOFF: (Duration, Duration) = (Duration::from_millis(200), Duration::from_secs(5));
/// A connection that does not answer a ping in time is made anew.
const PING_EVERY: Duration = Duration::from_secs(15);

/// Holds the export of spans. [`Guard::shutdown`] exports what is left; dropping it alone leaves that to the task, for as
/// long as its runtime lives.
#[must_use = "spans are exported for as long as this lives"]
pub struct Guard {
    stop: CancellationToken,
    task: Option<JoinHandle<()>>,
}

impl Guard {
    /// Of nothing: nothing is exported.
    pub(crate) fn idle() -> Self {
        Self { stop: CancellationToken::new(), task: None }
    }

    /// Exports what waits, within three seconds, and ends. To be called after everything that makes spans has ended: what
    /// comes later is dropped.
    pub async fn shutdown(mut self) {
        self.stop.cancel();
        if let Some(task) = self.task.take() {
            // A panic of the task is in the log; there is nothing left to export.
            let _ = task.await;
        }
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

/// Begins to export what the tracers of `tracing` record. Needs a runtime.
pub fn start(tracing: &Tracing, settings: Settings, ambient: &Ambient) -> Guard {
    let endpoint = Endpoint::from(settings.endpoint.clone())
        .connect_timeout(settings.timeout)
        .http2_keep_alive_interval(PING_EVERY)
        .keep_alive_timeout(settings.timeout);
    let exporter = Exporter {
        tracing: tracing.clone(),
        client: TraceServiceClient::new(endpoint.connect_lazy()),
        metadata: metadata(&settings.headers),
        instance: ambient.id(),
        ambient: ambient.clone(),
        stop: CancellationToken::new(),
        trouble: Trouble::default(),
        settings,
    };
    let stop = exporter.stop.clone();
    Guard { stop, task: Some(tokio::spawn(exporter.run())) }
}

struct Exporter {
    tracing: Tracing,
    client: TraceServiceClient<Channel>,
    metadata: MetadataMap,
    /// This process, among all that run the same services.
    instance: String,
    ambient: Ambient,
    settings: Settings,
    stop: CancellationToken,
    trouble: Trouble,
}

impl Exporter {
    async fn run(mut self) {
        let (stop, queue) = (self.stop.clone(), self.tracing.queue().clone());
        let out_of_time = async {
            stop.cancelled().await;
            sleep(FLUSH_WITHIN).await;
        };
        tokio::select! {
            () = self.export() => {}
            () = out_of_time => {}
        }
        queue.close();
    }

    /// Until the stop, and then until nothing waits.
    async fn export(&mut self) {
        loop {
            let stopping = tokio::select! {
                biased;
                () = self.stop.cancelled() => true,
                () = self.tracing.queue().filled() => false,
                () = sleep(self.settings.delay) => false,
            };
            loop {
                let batch = self.tracing.queue().take();
                if batch.is_empty() {
                    break;
                }
                let whole = batch.len() == self.settings.batch;
                self.deliver(&batch).await;
                if !whole && !stopping {
                    break;
                }
            }
            if stopping {
                return;
            }
        }
    }

    /// Tries a batch until it is taken, or given up on.
    async fn deliver(&mut self, batch: &[Box<Record>]) {
        let until = Instant::now() + self.settings.give_up_after;
        let mut wait = BACKOFF.0;
        loop {
            let tried = timeout_at(until, self.send(batch)).await;
            let status = match tried.unwrap_or_else(|_| Err(Status::deadline_exceeded("given up on"))) {
                Ok(rejected) => {
                    exporting::exported((batch.len() as u64).saturating_sub(rejected));
                    exporting::dropped(exporting::REFUSED, rejected);
                    return self.trouble.over(rejected);
                }
                Err(status) => status,
            };
            self.trouble.begins(&self.settings, &status);
            let pause = self.ambient.jitter(wait);
            if !worth_another_try(status.code()) || self.stop.is_cancelled() || Instant::now() + pause >= until {
                exporting::dropped(exporting::FAILED, batch.len() as u64);
                self.trouble.lost += batch.len() as u64;
                return;
            }
            // Told to end, one more try is made at once.
            let _ = timeout(pause, self.stop.cancelled()).await;
            wait = (wait * 2).min(BACKOFF.1);
        }
    }

    /// One try; says how many spans the collector rejected.
    async fn send(&mut self, batch: &[Box<Record>]) -> Result<u64, Status> {
        let request = otlp::request(batch, |service| self.resource(service));
        let request = Request::from_parts(self.metadata.clone(), http::Extensions::new(), request);
        let answer = timeout(self.settings.timeout, self.client.export(request)).await;
        let answer = answer.map_err(|_| Status::deadline_exceeded("the collector gave no answer in time"))??;
        let rejected = answer.into_inner().partial_success.map_or(0, |partial| partial.rejected_spans);
        Ok(u64::try_from(rejected).unwrap_or(0))
    }

    /// What a service says of itself: its name is its own, the rest may be set.
    fn resource(&self, service: usize) -> Resource {
        let name = self.tracing.service(service).unwrap_or_default();
        let usual = [
            ("service.namespace", crate::names::PROGRAM),
            ("service.version", env!("CARGO_PKG_VERSION")),
            ("service.instance.id", &self.instance),
            ("telemetry.sdk.language", "rust"),
        ];
        let set = &self.settings.resource;
        let usual = usual.iter().filter(|(key, _)| set.iter().all(|(known, _)| known != key));
        let set = set.iter().filter(|(key, _)| key != "service.name");
        let mut attributes: Vec<KeyValue> = vec![otlp::pair("service.name", &name)];
        attributes.extend(usual.map(|(key, value)| otlp::pair(key, value)));
        attributes.extend(set.map(|(key, value)| otlp::pair(key, value)));
        Resource { attributes, ..Resource::default() }
    }
}

/// Whether the collector is reached, so that the log has one line when it is lost and one when it is back.
#[derive(Default)]
struct Trouble {
    under_way: bool,
    lost: u64,
}

impl Trouble {
    fn begins(&mut self, settings: &Settings, status: &Status) {
        if !std::mem::replace(&mut self.under_way, true) {
            let (endpoint, code, error) = (&settings.endpoint, status.code(), status.message());
            tracing::warn!(%endpoint, ?code, error, "spans cannot be exported; those that do not fit the queue are dropped until they can");
        }
    }

    fn over(&mut self, rejected: u64) {
        if rejected > 0 && !self.under_way {
            tracing::warn!(rejected, "the collector rejects spans");
        }
        if std::mem::replace(&mut self.under_way, rejected > 0) && rejected == 0 {
            let lost = std::mem::take(&mut self.lost);
            tracing::info!(lost, dropped = exporting::dropped_by_queue(), "spans are exported again");
        }
    }
}

/// OTLP's list of what may pass by itself.
const fn worth_another_try(code: Code) -> bool {
    use Code::{Aborted, Cancelled, DataLoss, DeadlineExceeded, OutOfRange, ResourceExhausted, Unavailable};
    matches!(code, Cancelled | DeadlineExceeded | ResourceExhausted | Aborted | OutOfRange | Unavailable | DataLoss)
}

/// Headers that are none were refused when the settings were read; what tonic will not take is left out.
fn metadata(headers: &[(String, String)]) -> MetadataMap {
    let mut metadata = MetadataMap::new();
    for (key, value) in headers {
        let key = MetadataKey::from_bytes(key.to_ascii_lowercase().as_bytes());
        if let (Ok(key), Ok(value)) = (key, value.parse()) {
            metadata.insert(key, value);
        }
    }
    metadata
}
