//! Spans, while somebody listens. Alone in its file, and so in its process: whether a span is wanted is remembered per
//! process, and tests beside this one that listen to nothing would be asked as well.
#![allow(clippy::unwrap_used)] // stories and helpers of tests, which clippy does not take for tests

extern crate outrigger_fabric as fabric;

mod echo;

use echo::{World, echo};
use fabric::Placement;
use parking_lot::Mutex;
use std::{io, sync::Arc};
use tracing_subscriber::{fmt::format::FmtSpan, layer::SubscriberExt};

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
fn a_call_has_a_span_on_each_side_with_its_end() {
    let lines = Lines::default();
    let writer = lines.clone();
    let output =
        tracing_subscriber::fmt::layer().json().with_span_events(FmtSpan::CLOSE).with_writer(move || writer.clone());
    let filter = tracing_subscriber::EnvFilter::new("outrigger::rpc=debug");
    let subscriber = tracing_subscriber::registry().with(filter).with(output);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    tracing::subscriber::with_default(subscriber, || {
        runtime.block_on(async {
            let world = World::new(Placement::InProcess).await;
            let answer =
                fabric::trace::scope(TRACEPARENT, async { world.client().once(echo("")).await }).await.unwrap();
            let said = &answer.get_ref().said;
            assert!(said.contains(&TRACEPARENT[..35]), "{said}");
            assert!(!said.contains(TRACEPARENT), "a span of the call's own is the parent: {said}");
            world.client().once(echo::Echo { code: 5, ..echo("") }).await.unwrap_err();
        });
    });
    let log = String::from_utf8(lines.0.lock().clone()).unwrap();
    for expected in [
        "rpc.client",
        "rpc.server",
        "\"rpc.status_code\":\"OK\"",
        "\"rpc.status_code\":\"NOT_FOUND\"",
        "test.echo.v1.EchoService/Once",
        "\"outrigger.caller\":\"alice\"",
        "4bf92f3577b34da6a3ce929d0e0e4736",
    ] {
        assert!(log.contains(expected), "{expected} in {log}");
    }
}
