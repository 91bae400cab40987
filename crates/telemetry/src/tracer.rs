//! Where spans begin: the process's tracing, and a tracer for each service in it.
//!
//! Each service is a service of its own to OpenTelemetry, also when one process holds them all. They share one queue and one
//! exporter. Spans are built here and not by OpenTelemetry's SDK, which would build each before it asks its sampler, and
//! keeps a provider, a queue and an exporter for each service.

use crate::{
    Sampler, Settings, Traceparent,
    names::PROGRAM,
    queue::Queue,
    record::{Record, Shape},
    span::Span,
};
use ambient::Ambient;
use parking_lot::RwLock;
use std::sync::{Arc, OnceLock};

/// A span has few attributes beside its shape's.
const USUAL: usize = 4;

/// What all tracers of a process share.
#[derive(Clone, Debug)]
pub struct Tracing(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    sampler: Sampler,
    ambient: Ambient,
    queue: Arc<Queue>,
    program: String,
    /// The names of services; spans point into it.
    services: RwLock<Vec<Arc<str>>>,
}

static PROCESS: OnceLock<Tracing> = OnceLock::new();

impl Tracing {
    pub(crate) fn new(settings: &Settings, ambient: &Ambient) -> Self {
        let queue = Arc::new(Queue::new(settings.queue, settings.batch));
        let program = settings.program.clone().unwrap_or_else(|| PROGRAM.to_owned());
        let (sampler, ambient, services) = (settings.sampler, ambient.clone(), RwLock::default());
        Self(Arc::new(Shared { sampler, ambient, queue, program, services }))
    }

    pub(crate) fn queue(&self) -> &Arc<Queue> {
        &self.0.queue
    }

    /// The name of the service at a place of the table.
    pub(crate) fn service(&self, place: usize) -> Option<Arc<str>> {
        self.0.services.read().get(place).cloned()
    }

    /// Makes this the process's own. The first one stays.
    pub fn install(&self) {
        let _ = PROCESS.set(self.clone());
    }

    /// A tracer whose spans are `service`'s.
    pub fn tracer(&self, service: &str) -> Tracer {
        let service = if service == PROGRAM { &self.0.program } else { service };
        let mut services = self.0.services.write();
        let place = services.iter().position(|known| &**known == service).unwrap_or_else(|| {
            services.push(service.into());
            services.len() - 1
        });
        Tracer { shared: Arc::clone(&self.0), service: place }
    }
}

/// Begins the spans of one service. Cloning shares it.
#[derive(Clone, Debug)]
pub struct Tracer {
    shared: Arc<Shared>,
    service: usize,
}

impl Tracer {
    /// The process's, for one of its services; none while nothing is exported. To be asked once, where a stack is built, and
    /// after [`export`](crate::export).
    pub fn of(service: &str) -> Option<Self> {
        PROCESS.get().map(|tracing| tracing.tracer(service))
    }

    /// Whether a trace is recorded here; without a parent it begins here.
    pub fn samples(&self, parent: Option<Traceparent>, trace_id: u128) -> bool {
        self.shared.sampler.samples(parent, trace_id)
    }

    /// The beginning of a trace, flagged as the sampler decides. What it names as its parent is no span.
    pub fn root(&self) -> Traceparent {
        let root = Traceparent::root(false, || self.shared.ambient.dice().bits());
        root.flagged(self.samples(None, root.trace_id()))
    }

    /// Begins a span of a trace that is sampled: caused by `parent`, or the trace's first when `parent` is none.
    pub fn begin(&self, shape: &Arc<Shape>, trace: Traceparent, parent: Option<Traceparent>) -> Span {
        let Shared { ambient, queue, .. } = &*self.shared;
        let now = ambient.nanos();
        let record = Record {
            service: self.service,
            shape: Arc::clone(shape),
            context: trace.child(ambient.dice().bits()).flagged(true),
            parent: parent.map(Traceparent::parent_id),
            start: now,
            end: now,
            attributes: Vec::with_capacity(USUAL),
            links: Vec::new(),
            failed: false,
        };
        Span::begin(Box::new(record), Arc::clone(queue), ambient.clone())
    }
}
