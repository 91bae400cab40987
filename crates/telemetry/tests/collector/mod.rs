//! A collector of OpenTelemetry's protocol, in the test's own process: takes spans, or hangs, refuses, is gone and comes back.
#![allow(dead_code)] // each test uses what it needs

use opentelemetry_proto::tonic::{
    collector::trace::v1::{
        ExportTraceServiceRequest, ExportTraceServiceResponse,
        trace_service_server::{TraceService, TraceServiceServer},
    },
    common::v1::{KeyValue, any_value::Value},
    trace::v1::{Span, span::SpanKind, status::StatusCode},
};
use parking_lot::Mutex;
use std::{collections::BTreeMap, net::SocketAddr, sync::Arc, time::Duration};
use tokio::{net::TcpListener, sync::watch, task::JoinHandle, time::timeout};
use tokio_stream::wrappers::TcpListenerStream;
use tonic::{Code, Request, Response, Status, transport::Server};

/// Long enough for what surely comes.
const PATIENCE: Duration = Duration::from_secs(20);

/// How the collector takes an export.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mood {
    Takes,
    Hangs,
    Refuses(Code),
}

/// A span as it arrived.
#[derive(Clone, Debug)]
pub struct Seen {
    pub service: String,
    pub resource: BTreeMap<String, String>,
    pub name: String,
    pub kind: SpanKind,
    pub trace: u128,
    pub id: u64,
    pub parent: Option<u64>,
    pub attributes: BTreeMap<String, String>,
    /// Trace and span.
    pub links: Vec<(u128, u64)>,
    pub error: bool,
    pub start: u64,
    pub end: u64,
}

impl Seen {
    pub fn said(&self, attribute: &str) -> Option<&str> {
        self.attributes.get(attribute).map(String::as_str)
    }
}

#[derive(Clone)]
pub struct Collector {
    address: SocketAddr,
    inner: Arc<Inner>,
    task: Arc<Mutex<Option<JoinHandle<()>>>>,
}

struct Inner {
    mood: Mutex<Mood>,
    spans: watch::Sender<Vec<Seen>>,
    exports: Mutex<usize>,
}

impl Collector {
    /// On a port of its own.
    pub async fn start() -> Self {
        Self::at(([127, 0, 0, 1], 0).into()).await
    }

    pub async fn at(address: SocketAddr) -> Self {
        let listener = TcpListener::bind(address).await.unwrap();
        let address = listener.local_addr().unwrap();
        let inner = Inner { mood: Mutex::new(Mood::Takes), spans: watch::Sender::default(), exports: Mutex::new(0) };
        let inner = Arc::new(inner);
        let service = TraceServiceServer::new(Service(inner.clone()));
        let served = Server::builder().add_service(service).serve_with_incoming(TcpListenerStream::new(listener));
        let task = tokio::spawn(async move { served.await.unwrap() });
        Self { address, inner, task: Arc::new(Mutex::new(Some(task))) }
    }

    /// Goes away, its port with it.
    pub async fn leave(self) {
        let task = self.task.lock().take().unwrap();
        task.abort();
        let _ = task.await;
    }

    pub fn address(&self) -> SocketAddr {
        self.address
    }

    pub fn endpoint(&self) -> http::Uri {
        endpoint(self.address)
    }

    pub fn is(&self, mood: Mood) {
        *self.inner.mood.lock() = mood;
    }

    pub fn spans(&self) -> Vec<Seen> {
        self.inner.spans.borrow().clone()
    }

    /// How many requests it took or refused.
    pub fn exports(&self) -> usize {
        *self.inner.exports.lock()
    }

    pub fn of_trace(&self, trace: u128) -> Vec<Seen> {
        self.spans().into_iter().filter(|span| span.trace == trace).collect()
    }

    /// Waits until what has arrived is as expected.
    pub async fn until(&self, expected: impl Fn(&[Seen]) -> bool) -> Vec<Seen> {
        let mut spans = self.inner.spans.subscribe();
        let arrived = timeout(PATIENCE, spans.wait_for(|spans| expected(spans))).await;
        match arrived {
            Ok(spans) => spans.unwrap().clone(),
            Err(_) => panic!("what was expected did not arrive: {:#?}", self.spans()),
        }
    }
}

pub fn endpoint(address: SocketAddr) -> http::Uri {
    format!("http://{address}").parse().unwrap()
}

struct Service(Arc<Inner>);

#[tonic::async_trait]
impl TraceService for Service {
    async fn export(
        &self,
        request: Request<ExportTraceServiceRequest>,
    ) -> Result<Response<ExportTraceServiceResponse>, Status> {
        let mood = *self.0.mood.lock();
        match mood {
            Mood::Hangs => std::future::pending().await,
            Mood::Refuses(code) => {
                *self.0.exports.lock() += 1;
                Err(Status::new(code, "not now"))
            }
            Mood::Takes => {
                *self.0.exports.lock() += 1;
                self.0.spans.send_modify(|spans| spans.extend(seen(request.into_inner())));
                Ok(Response::new(ExportTraceServiceResponse::default()))
            }
        }
    }
}

fn seen(request: ExportTraceServiceRequest) -> Vec<Seen> {
    let mut all = Vec::new();
    for of_service in request.resource_spans {
        let resource = said(of_service.resource.unwrap_or_default().attributes);
        let spans = of_service.scope_spans.into_iter().flat_map(|scope| scope.spans);
        all.extend(spans.map(|span| one(&resource, span)));
    }
    all
}

fn one(resource: &BTreeMap<String, String>, span: Span) -> Seen {
    let id = |bytes: &[u8]| u64::from_be_bytes(bytes.try_into().unwrap());
    let trace = |bytes: &[u8]| u128::from_be_bytes(bytes.try_into().unwrap());
    Seen {
        service: resource["service.name"].clone(),
        resource: resource.clone(),
        kind: span.kind(),
        trace: trace(&span.trace_id),
        id: id(&span.span_id),
        parent: (!span.parent_span_id.is_empty()).then(|| id(&span.parent_span_id)),
        links: span.links.iter().map(|link| (trace(&link.trace_id), id(&link.span_id))).collect(),
        error: span.status.as_ref().is_some_and(|status| status.code() == StatusCode::Error),
        start: span.start_time_unix_nano,
        end: span.end_time_unix_nano,
        name: span.name,
        attributes: said(span.attributes),
    }
}

fn said(attributes: Vec<KeyValue>) -> BTreeMap<String, String> {
    let text = |value: Option<Value>| match value {
        Some(Value::StringValue(text)) => text,
        Some(Value::IntValue(number)) => number.to_string(),
        Some(Value::BoolValue(truth)) => truth.to_string(),
        other => format!("{other:?}"),
    };
    attributes.into_iter().map(|pair| (pair.key, text(pair.value.and_then(|any| any.value)))).collect()
}
