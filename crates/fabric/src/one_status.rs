//! One status for a call, however it ended: an error in headers, in trailers, of the transport, or of a layer of our own
//! reaches the caller as the same `tonic::Status`. Answers whose metadata is too large are refused here as well.

use crate::metadata;
use resilience::{Next, Reply, Request, Response};
use std::task::{Context, Poll};
use tonic::{Code, Status};
use tower::{Layer, Service, ServiceExt};

/// Makes every failure that is known by the headers the `Err` of the call.
#[derive(Clone, Copy)]
pub struct OneStatusLayer;

impl<S> Layer<S> for OneStatusLayer {
    type Service = OneStatus<S>;

    fn layer(&self, next: S) -> OneStatus<S> {
        OneStatus(next)
    }
}

/// See [`OneStatusLayer`].
#[derive(Clone)]
pub struct OneStatus<S>(S);

impl<S: Next> Service<Request> for OneStatus<S> {
    type Response = Response;
    type Error = Status;
    type Future = Reply;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Status>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request) -> Reply {
        let reply = self.0.clone().oneshot(request);
        Box::pin(async move {
            let answer = reply.await?;
            metadata::check(answer.headers())?;
            match Status::from_header_map(answer.headers()) {
                Some(status) if status.code() != Code::Ok => Err(status),
                _ => Ok(answer),
            }
        })
    }
}
