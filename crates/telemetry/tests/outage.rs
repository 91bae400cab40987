//! What the log has of a collector that is lost for a while: a line when it is lost, and one when it is back. Alone in its
//! file, and so in its process: whether a line is wanted is remembered per process.
#![allow(clippy::unwrap_used)] // stories and helpers of tests, which clippy does not take for tests

extern crate outrigger_telemetry as telemetry;

mod collector;

use ambient::Ambient;
use collector::{Collector, Mood};
use parking_lot::Mutex;
use std::{io, sync::Arc, time::Duration};
use telemetry::{Kind, Settings, Shape};
use tonic::Code;
use tracing_subscriber::layer::SubscriberExt;

#[derive(Clone, Default)]
struct Lines(Arc<Mutex<Vec<u8>>>);

impl io::Write for Lines {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

async fn lost_for_a_while() {
    let collector = Collector::start().await;
    collector.is(Mood::Refuses(Code::Unavailable));
    let settings = Settings { delay: Duration::from_millis(5), ..Settings::to(collector.endpoint()) };
    let (tracing, guard) = telemetry::export_by(settings, &Ambient::system());
    let tracer = tracing.tracer("orders");
    let shape = Arc::new(Shape::new("shop.Till/Open", Kind::Server));
    let record = || drop(tracer.begin(&shape, tracer.root(), None));
    record();
    while collector.exports() < 4 {
        tokio::task::yield_now().await;
    }
    collector.is(Mood::Takes);
    collector.until(|spans| spans.len() == 1).await;
    record();
    collector.until(|spans| spans.len() == 2).await;
    guard.shutdown().await;
}

#[test]
fn an_outage_is_one_line_at_its_beginning_and_one_at_its_end() {
    let lines = Lines::default();
    let writer = lines.clone();
    let output = tracing_subscriber::fmt::layer().with_ansi(false).with_writer(move || writer.clone());
    let filter = tracing_subscriber::EnvFilter::new("outrigger_telemetry=info");
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    tracing::subscriber::with_default(tracing_subscriber::registry().with(filter).with(output), || {
        runtime.block_on(lost_for_a_while());
    });
    let log = String::from_utf8(lines.0.lock().clone()).unwrap();
    let told: Vec<&str> = log.lines().collect();
    assert_eq!(told.len(), 2, "{log}");
    assert!(told[0].contains("WARN") && told[0].contains("spans cannot be exported"), "{log}");
    assert!(told[1].contains("INFO") && told[1].contains("spans are exported again"), "{log}");
}
