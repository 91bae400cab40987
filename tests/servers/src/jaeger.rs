//! A Jaeger of a test's own, which keeps traces in memory: where spans are sent, and what a person would see of them.

use crate::{
    http::{free_port, get},
    not_run,
};
use serde_json::Value;
use std::{
    fs::{self, File},
    net::{Ipv4Addr, SocketAddr},
    process::{Child, Command, Stdio},
    thread,
    time::Duration,
};
use tempfile::TempDir;

/// Names the program: Jaeger 2, which `tests/infra` builds.
pub const PROGRAM: &str = "OUTRIGGER_JAEGER";

/// How often it is looked at whether it is up, and how long in between.
const LOOKS: u32 = 300;
const BETWEEN_LOOKS: Duration = Duration::from_millis(50);

/// A Jaeger that runs, ended with this value.
#[derive(Debug)]
pub struct Jaeger {
    process: Child,
    otlp: u16,
    query: SocketAddr,
    /// Kept for as long as it writes its log there.
    _folder: TempDir,
}

impl Jaeger {
    /// Starts one on free ports of this machine alone. None where there is none, which is said.
    ///
    /// # Panics
    /// When it is there and does not start.
    pub fn start(test: &str) -> Option<Self> {
        let Some(program) = std::env::var(PROGRAM).ok().filter(|program| !program.is_empty()) else {
            not_run(test, &format!("{PROGRAM} names no Jaeger; `tests/run` builds one"));
            return None;
        };
        let folder = tempfile::tempdir().expect("a temporary folder");
        let (otlp, query) = (free_port(), free_port());
        let config = folder.path().join("jaeger.yaml");
        fs::write(&config, settings(otlp, query, free_port())).expect("a file");
        let log = File::create(folder.path().join("log")).expect("a file");
        let process = Command::new(&program)
            .arg(format!("--config=file:{}", config.display()))
            .stdout(Stdio::null())
            .stderr(log)
            .spawn()
            .unwrap_or_else(|error| panic!("{program}: {error}"));
        let query = SocketAddr::from((Ipv4Addr::LOCALHOST, query));
        let jaeger = Self { process, otlp, query, _folder: folder };
        let up = (0..LOOKS).any(|_| {
            thread::park_timeout(BETWEEN_LOOKS);
            get(jaeger.query, "/api/services").is_some()
        });
        assert!(up, "{program} does not answer");
        Some(jaeger)
    }

    /// Where spans are sent, for `OTEL_EXPORTER_OTLP_ENDPOINT`.
    pub fn endpoint(&self) -> String {
        format!("http://127.0.0.1:{}", self.otlp)
    }

    /// The trace of this number as it is known so far, each span as Jaeger's own JSON. None when it knows nothing of it.
    pub fn trace(&self, id: &str) -> Option<Value> {
        self.ask(&format!("/api/traces/{id}"))?.as_array_mut().and_then(Vec::pop)
    }

    /// All traces in which a span of `service` carries this tag.
    pub fn found(&self, service: &str, tag: &str, value: &str) -> Vec<Value> {
        let tags = format!("%7B%22{tag}%22%3A%22{value}%22%7D");
        match self.ask(&format!("/api/traces?service={service}&limit=1000&tags={tags}")) {
            Some(Value::Array(traces)) => traces,
            _ => Vec::new(),
        }
    }

    /// Every trace of a service.
    pub fn all(&self, service: &str) -> Vec<Value> {
        match self.ask(&format!("/api/traces?service={service}&limit=10000")) {
            Some(Value::Array(traces)) => traces,
            _ => Vec::new(),
        }
    }

    fn ask(&self, path: &str) -> Option<Value> {
        let answer: Value = serde_json::from_str(&get(self.query, path)?).ok()?;
        answer.get("data").cloned()
    }
}

impl Drop for Jaeger {
    fn drop(&mut self) {
        // It keeps nothing, and would take ten seconds to say farewell.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn settings(otlp: u16, query: u16, query_grpc: u16) -> String {
    format!(
        "\
service:
  extensions: [jaeger_storage, jaeger_query]
  pipelines:
    traces: {{receivers: [otlp], exporters: [jaeger_storage_exporter]}}
  telemetry:
    metrics: {{level: none}}
    logs: {{level: warn}}
extensions:
  jaeger_storage:
    backends:
      memory: {{memory: {{max_traces: 100000}}}}
  jaeger_query:
    storage: {{traces: memory}}
    http: {{endpoint: \"127.0.0.1:{query}\"}}
    grpc: {{endpoint: \"127.0.0.1:{query_grpc}\"}}
receivers:
  otlp:
    protocols:
      grpc: {{endpoint: \"127.0.0.1:{otlp}\"}}
exporters:
  jaeger_storage_exporter: {{trace_storage: memory}}
"
    )
}
