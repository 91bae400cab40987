//! A panic is this call's INTERNAL and nobody else's: neither the caller's, as a bare in-process call would have it, nor that
//! of every stream on the connection.

use crate::context::Context;
use bytes::Bytes;
use futures::FutureExt;
use http::HeaderMap;
use http_body::{Frame, SizeHint};
use resilience::{Next, Reply, Request, Response, ended};
use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    pin::Pin,
    task::{self, Poll},
};
use tonic::{Status, body::Body};
use tower::{Layer, Service, ServiceExt};

/// What a panicked call is answered. The panic's own words stay in the log: they are not the caller's business.
pub fn panicked(method: &str) -> Status {
    tracing::error!(method, "a handler panicked; its call is answered INTERNAL");
    Status::internal("the handler panicked")
}

/// Catches panics of a call and of the stream that it answers with.
#[derive(Clone, Copy)]
pub struct PanicsLayer;

impl<S> Layer<S> for PanicsLayer {
    type Service = Caught<S>;

    fn layer(&self, next: S) -> Caught<S> {
        Caught(next)
    }
}

/// See [`PanicsLayer`].
#[derive(Clone)]
pub struct Caught<S>(S);

impl<S: Next> Service<Request> for Caught<S> {
    type Response = Response;
    type Error = Status;
    type Future = Reply;

    fn poll_ready(&mut self, _: &mut task::Context<'_>) -> Poll<Result<(), Status>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request) -> Reply {
        let method = request.uri().clone();
        let next = self.0.clone();
        Box::pin(async move {
            let call = AssertUnwindSafe(next.oneshot(request)).catch_unwind().await;
            let result = call.unwrap_or_else(|_| Err(panicked(method.path())));
            if ended(&result).is_some() {
                return result;
            }
            result.map(|answer| answer.map(|body| Body::new(Guarded { body: Some(body), method })))
        })
    }
}

/// A stream whose panics are caught. Polled by whoever reads it, so there is no task of its own to contain them.
struct Guarded {
    /// None once it has panicked.
    body: Option<Body>,
    method: http::Uri,
}

impl http_body::Body for Guarded {
    type Data = Bytes;
    type Error = Status;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut task::Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Status>>> {
        let Some(body) = &mut self.body else { return Poll::Ready(None) };
        catch_unwind(AssertUnwindSafe(|| Pin::new(body).poll_frame(cx))).unwrap_or_else(|_| {
            self.body = None;
            let mut trailers = HeaderMap::new();
            let status = panicked(self.method.path());
            Poll::Ready(Some(status.add_header(&mut trailers).map(|()| Frame::trailers(trailers))))
        })
    }

    fn is_end_stream(&self) -> bool {
        self.body.as_ref().is_none_or(http_body::Body::is_end_stream)
    }

    fn size_hint(&self) -> SizeHint {
        self.body.as_ref().map_or_else(SizeHint::default, http_body::Body::size_hint)
    }
}

/// A stream that is produced in its call's context, whoever polls it.
pub struct InContext {
    pub body: Body,
    pub context: Context,
}

impl http_body::Body for InContext {
    type Data = Bytes;
    type Error = Status;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut task::Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Status>>> {
        let context = self.context.clone();
        context.sync_scope(|| Pin::new(&mut self.body).poll_frame(cx))
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
