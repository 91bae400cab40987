//! The outermost layer of both stacks: the call's span and its end, and the trace it belongs to.
//!
//! A trace begins where a call without one comes in, and is carried on by every call made under it. Whether it is recorded is
//! decided here before anything is built: a call that is not has no span, and its trace context is passed on as it came,
//! for the price of a reference count. Every call is counted, with the time it took, whether it is recorded or not.

use crate::{callers, ending::Ending, method::Method};
use ambient::Ambient;
use http::HeaderValue;
use resilience::{Next, Reply, Request, Response, watched};
use std::{
    sync::Arc,
    task::{self, Poll},
};
use telemetry::{Span, Traceparent, Work, names};
use tonic::Status;
use tower::{Layer, Service, ServiceExt};

/// Spans and metrics for the calls of one method.
#[derive(Clone)]
pub struct TracedLayer {
    side: Side,
    method: Arc<Method>,
    ambient: Ambient,
}

#[derive(Clone, Copy)]
enum Side {
    Client,
    Server,
}

impl TracedLayer {
    /// The caller's side.
    pub fn client(method: &Arc<Method>, ambient: &Ambient) -> Self {
        Self { side: Side::Client, method: Arc::clone(method), ambient: ambient.clone() }
    }

    /// The callee's side.
    pub fn server(method: &Arc<Method>, ambient: &Ambient) -> Self {
        Self { side: Side::Server, method: Arc::clone(method), ambient: ambient.clone() }
    }

    /// Carries on the trace that a request brings, or begins one, for whatever the handler does.
    fn come_in(&self, request: &mut Request) -> (Span, Work) {
        let known = request.headers().get(names::TRACEPARENT).filter(|header| Traceparent::of(header).is_some());
        let (header, mut span) = known.cloned().map_or_else(|| self.begin(), |header| self.carry_on(header));
        span.set_id(names::CALLER, callers::named(request));
        let work = Work::within(header);
        request.extensions_mut().insert(work.clone());
        (span, work)
    }

    /// Carries on the trace of the request, or of the task that makes it. Where neither has any it begins here if spans are
    /// exported, else where the call comes in.
    fn go_out(&self, request: &mut Request) -> (Span, Work) {
        let own = request.headers().get(names::TRACEPARENT).filter(|header| Traceparent::of(header).is_some()).cloned();
        let work = Work::current();
        let known = own.or_else(|| work.trace().cloned());
        let (header, mut span) = match known {
            None if self.method.traces.is_none() => return (Span::none(), work),
            None => self.begin(),
            Some(header) => self.carry_on(header),
        };
        span.set_notes(&work);
        request.headers_mut().insert(names::TRACEPARENT, header);
        (span, work)
    }

    /// The same trace, caused by the call's span if it has one.
    fn carry_on(&self, header: HeaderValue) -> (HeaderValue, Span) {
        let Some(traces) = &self.method.traces else { return (header, Span::none()) };
        let Some(parent) = Traceparent::of(&header) else { return self.begin() };
        if traces.tracer.samples(Some(parent), parent.trace_id()) {
            let span = traces.tracer.begin(&traces.shape, parent, Some(parent));
            return (header_of(&span, parent), span);
        }
        // As it came, unless it came to be recorded and the sampler says no.
        (if parent.sampled() { parent.flagged(false).header() } else { header }, Span::none())
    }

    /// The first span of a trace, or the beginning of one that nobody records.
    fn begin(&self) -> (HeaderValue, Span) {
        let Some(traces) = &self.method.traces else {
            return (Traceparent::root(false, || self.ambient.dice().bits()).header(), Span::none());
        };
        let root = traces.tracer.root();
        let span = if root.sampled() { traces.tracer.begin(&traces.shape, root, None) } else { Span::none() };
        (header_of(&span, root), span)
    }
}

fn header_of(span: &Span, otherwise: Traceparent) -> HeaderValue {
    span.context().unwrap_or(otherwise).header()
}

impl<S> Layer<S> for TracedLayer {
    type Service = Traced<S>;

    fn layer(&self, next: S) -> Traced<S> {
        Traced { next, layer: self.clone() }
    }
}

/// See [`TracedLayer`].
#[derive(Clone)]
pub struct Traced<S> {
    next: S,
    layer: TracedLayer,
}

impl<S: Next> Service<Request> for Traced<S> {
    type Response = Response;
    type Error = Status;
    type Future = Reply;

    fn poll_ready(&mut self, _: &mut task::Context<'_>) -> Poll<Result<(), Status>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, mut request: Request) -> Reply {
        let (span, work) = match self.layer.side {
            Side::Client => self.layer.go_out(&mut request),
            Side::Server => self.layer.come_in(&mut request),
        };
        let mut ending = Ending::of(&self.layer.method, span, work);
        let reply = self.next.clone().oneshot(request);
        Box::pin(async move {
            let result = reply.await;
            ending.explain(&result);
            watched(result, move |code| ending.end(code))
        })
    }
}
