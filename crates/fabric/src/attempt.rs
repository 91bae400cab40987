//! Each attempt of a call: counted, and a span of its own where the call is recorded. Its span is what travels in
//! `traceparent`, so that the callee's span has the attempt that reached it as its parent.
//!
//! Stands inside the retries, and outside all that belongs to one attempt: one that the breaker refuses, or that takes too
//! long, is an attempt too.

use crate::{
    ending::{close, explain},
    method::Traces,
};
use resilience::{Attempt, Next, Reply, Request, Response, watched};
use std::{
    sync::Arc,
    task::{Context, Poll},
};
use telemetry::{Span, Traceparent, metrics::Attempts, names};
use tonic::{Code, Status};
use tower::{Layer, Service, ServiceExt};

/// Spans and a count for the attempts of one method's calls.
#[derive(Clone)]
pub struct AttemptLayer(Arc<Inner>);

struct Inner {
    /// None while nothing is exported.
    traces: Option<Traces>,
    attempts: Arc<Attempts>,
}

impl AttemptLayer {
    /// Of calls from `caller` to one method of `callee`.
    pub fn new(caller: &str, callee: &str, path: &str, attempts: &Arc<Attempts>) -> Self {
        let traces = Traces::attempt(caller, callee, path);
        Self(Arc::new(Inner { traces, attempts: Arc::clone(attempts) }))
    }

    /// The attempt's span, if its call has one: [`crate::traced`] has decided and written it into the header.
    fn span(&self, request: &mut Request) -> Span {
        let Some(Traces { tracer, shape }) = &self.0.traces else { return Span::none() };
        let call = request.headers().get(names::TRACEPARENT).and_then(Traceparent::of).filter(|call| call.sampled());
        let Some(call) = call else { return Span::none() };
        let mut span = tracer.begin(shape, call, Some(call));
        let made = request.extensions().get::<Attempt>().copied().unwrap_or_default();
        span.set(names::ATTEMPT, i64::from(made.number));
        span.set(names::PREVIOUS_ATTEMPTS, i64::from(made.number) - 1);
        span.set(names::TRANSPARENT, false);
        if made.number > 1 {
            span.set(names::BACKOFF, i64::try_from(made.waited.as_millis()).unwrap_or(i64::MAX));
        }
        if let Some(context) = span.context() {
            request.headers_mut().insert(names::TRACEPARENT, context.header());
        }
        span
    }
}

impl<S> Layer<S> for AttemptLayer {
    type Service = Attempted<S>;

    fn layer(&self, next: S) -> Attempted<S> {
        Attempted { next, layer: self.clone() }
    }
}

/// See [`AttemptLayer`].
#[derive(Clone)]
pub struct Attempted<S> {
    next: S,
    layer: AttemptLayer,
}

impl<S: Next> Service<Request> for Attempted<S> {
    type Response = Response;
    type Error = Status;
    type Future = Reply;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Status>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, mut request: Request) -> Reply {
        self.layer.0.attempts.started();
        let span = self.layer.span(&mut request);
        let reply = self.next.clone().oneshot(request);
        if span.is_none() {
            return Box::pin(reply);
        }
        let mut under_way = UnderWay(span);
        Box::pin(async move {
            let result = reply.await;
            explain(&mut under_way.0, &result);
            watched(result, move |code| under_way.end(code))
        })
    }
}

/// An attempt's span. Dropped before its end, the attempt was given up on.
struct UnderWay(Span);

impl UnderWay {
    fn end(&mut self, code: Code) {
        close(std::mem::take(&mut self.0), policy::Codes::name(code as i32), code != Code::Ok);
    }
}

impl Drop for UnderWay {
    fn drop(&mut self) {
        if !self.0.is_none() {
            self.end(Code::Cancelled);
        }
    }
}
