//! The outermost layer of both stacks: the call's span, and the trace it belongs to.
//!
//! A trace begins where a call without one comes in, and is carried on by every call made under it. Spans are `debug`: while
//! nobody listens there is none, and the trace context is passed on as it came, for the price of a reference count.

use crate::{callers, context::Context};
use ambient::Ambient;
use http::{HeaderName, HeaderValue};
use resilience::{Next, Reply, Request, Response, watched};
use std::{
    sync::Arc,
    task::{self, Poll},
};
use telemetry::{Traceparent, names};
use tonic::{Code, Status};
use tower::{Layer, Service, ServiceExt};
use tracing::{Instrument, Level, Span, field::Empty};

const TRACEPARENT: HeaderName = HeaderName::from_static(names::TRACEPARENT);

/// In a request's extensions: the trace that its handler works in.
#[derive(Clone, Debug)]
pub struct Carried(pub HeaderValue);

/// Spans for the calls of one method.
#[derive(Clone)]
pub struct TracedLayer(Arc<Method>);

struct Method {
    side: Side,
    path: String,
    ambient: Ambient,
}

enum Side {
    Client { caller: &'static str, callee: &'static str },
    Server,
}

impl TracedLayer {
    /// The caller's side.
    pub fn client(caller: &'static str, callee: &'static str, path: &str, ambient: &Ambient) -> Self {
        Self(Arc::new(Method {
            side: Side::Client { caller, callee },
            path: path.to_owned(),
            ambient: ambient.clone(),
        }))
    }

    /// The callee's side.
    pub fn server(path: &str, ambient: &Ambient) -> Self {
        Self(Arc::new(Method { side: Side::Server, path: path.to_owned(), ambient: ambient.clone() }))
    }
}

impl Method {
    /// Carries on the trace of the request, or of the task that makes it; begins one where neither has any.
    fn carry(&self, request: &mut Request) -> Span {
        let own = request.headers().get(TRACEPARENT).filter(|header| parse(header).is_some()).cloned();
        let known = match self.side {
            Side::Client { .. } => own.or_else(Context::trace),
            Side::Server => own,
        };
        let recorded = tracing::enabled!(target: names::RPC_TARGET, Level::DEBUG);
        let (header, span) = match (known, &self.side) {
            (Some(header), _) if !recorded => (header, Span::none()),
            (None, Side::Client { .. }) if !recorded => return Span::none(), // begins where it comes in
            (known, _) => {
                let root = || Traceparent::root(recorded, || self.ambient.dice().bits());
                let parent = known.as_ref().and_then(parse);
                let context = parent.unwrap_or_else(root).child(self.ambient.dice().bits());
                (header(context), if recorded { self.span(request, context, parent) } else { Span::none() })
            }
        };
        if let Side::Server = self.side {
            request.extensions_mut().insert(Carried(header));
        } else {
            request.headers_mut().insert(TRACEPARENT, header);
        }
        span
    }

    fn span(&self, request: &Request, context: Traceparent, parent: Option<Traceparent>) -> Span {
        let method = self.path.trim_start_matches('/');
        let span = match self.side {
            Side::Client { caller, callee } => tracing::debug_span!(
                target: names::RPC_TARGET, names::CLIENT_SPAN, { names::RPC_SYSTEM } = "grpc", { names::RPC_METHOD } = method,
                { names::CALLER } = caller, { names::CALLEE } = callee, { names::RPC_STATUS } = Empty,
                { names::TRACE_ID } = Empty, { names::SPAN_ID } = Empty, { names::PARENT_ID } = Empty
            ),
            Side::Server => tracing::debug_span!(
                target: names::RPC_TARGET, names::SERVER_SPAN, { names::RPC_SYSTEM } = "grpc", { names::RPC_METHOD } = method,
                { names::CALLER } = callers::named(request), { names::RPC_STATUS } = Empty,
                { names::TRACE_ID } = Empty, { names::SPAN_ID } = Empty, { names::PARENT_ID } = Empty
            ),
        };
        span.record(names::TRACE_ID, format!("{:032x}", context.trace_id()));
        span.record(names::SPAN_ID, format!("{:016x}", context.parent_id()));
        if let Some(parent) = parent {
            span.record(names::PARENT_ID, format!("{:016x}", parent.parent_id()));
        }
        span
    }
}

fn parse(header: &HeaderValue) -> Option<Traceparent> {
    header.to_str().ok()?.parse().ok()
}

fn header(context: Traceparent) -> HeaderValue {
    HeaderValue::try_from(context.to_string()).expect("hexadecimal digits and dashes are valid in a header")
}

impl<S> Layer<S> for TracedLayer {
    type Service = Traced<S>;

    fn layer(&self, next: S) -> Traced<S> {
        Traced { next, method: Arc::clone(&self.0) }
    }
}

/// See [`TracedLayer`].
#[derive(Clone)]
pub struct Traced<S> {
    next: S,
    method: Arc<Method>,
}

impl<S: Next> Service<Request> for Traced<S> {
    type Response = Response;
    type Error = Status;
    type Future = Reply;

    fn poll_ready(&mut self, _: &mut task::Context<'_>) -> Poll<Result<(), Status>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, mut request: Request) -> Reply {
        let span = self.method.carry(&mut request);
        let reply = self.next.clone().oneshot(request);
        if span.is_none() {
            return Box::pin(reply);
        }
        Box::pin(async move {
            let result = reply.instrument(span.clone()).await;
            watched(result, move |code: Code| {
                span.record(names::RPC_STATUS, policy::Codes::name(code as i32));
            })
        })
    }
}
