//! What the log says of calls, while somebody listens. Alone in its file, and so in its process: whether a line is wanted is
//! remembered per process, and tests beside this one that listen to nothing would be asked as well.
#![allow(clippy::unwrap_used)] // stories and helpers of tests, which clippy does not take for tests

extern crate outrigger_fabric as fabric;

mod echo;

use echo::{World, echo};
use fabric::Placement;
use parking_lot::Mutex;
use std::{io, sync::Arc};
use tracing_subscriber::layer::SubscriberExt;

const TRACEPARENT: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

/// Where the log goes.
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

#[test]
fn a_call_has_a_line_on_each_side_with_its_end_and_its_trace() {
    let lines = Lines::default();
    let writer = lines.clone();
    let output = tracing_subscriber::fmt::layer().json();
    let output = output.event_format(telemetry::Lines::json()).with_writer(move || writer.clone());
    let filter = tracing_subscriber::EnvFilter::new("outrigger::rpc=debug");
    let subscriber = tracing_subscriber::registry().with(filter).with(output);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    tracing::subscriber::with_default(subscriber, || {
        runtime.block_on(async {
            let world = World::new(Placement::InProcess).await;
            let call = async { world.client().once(echo::Echo { code: 5, ..echo("order-7") }).await };
            fabric::trace::scope(TRACEPARENT, call).await.unwrap_err();
        });
    });
    let log = String::from_utf8(lines.0.lock().clone()).unwrap();
    let ends: Vec<&str> = log.lines().filter(|line| line.contains("call ended")).collect();
    let [server, client] = ends[..] else { panic!("{log}") };
    for line in [server, client] {
        for expected in [
            "\"method\":\"test.echo.v1.EchoService/Once\"",
            "\"code\":\"NOT_FOUND\"",
            "\"trace_id\":\"4bf92f3577b34da6a3ce929d0e0e4736\"",
        ] {
            assert!(line.contains(expected), "{expected} in {line}");
        }
    }
    assert!(server.contains("\"side\":\"server\"") && server.contains("\"order_id\":\"order-7\""), "{server}");
    assert!(client.contains("\"side\":\"client\""), "{client}");
}
