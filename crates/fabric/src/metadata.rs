//! The limit on metadata: 16 KiB a direction, as most of the world has it. The same in every placement; left to the
//! transports it would be none in-process and an obscure protocol error over HTTP/2.

use crate::status;
use http::HeaderMap;
use resilience::{Next, Reply, Request, Response};
use std::task::{Context, Poll};
use tonic::{Code, Status};
use tower::{Layer, Service, ServiceExt};

/// The most that all headers of a message may take together.
pub const LIMIT: usize = 16 * 1024;
/// What HTTP/2 counts for each header beside its name and value (RFC 9113, 6.5.2).
const OVERHEAD: usize = 32;

/// RESOURCE_EXHAUSTED, reason METADATA_TOO_LARGE, when headers are over the limit.
pub fn check(headers: &HeaderMap) -> Result<(), Status> {
    let size: usize = headers.iter().map(|(name, value)| name.as_str().len() + value.len() + OVERHEAD).sum();
    if size <= LIMIT {
        return Ok(());
    }
    let message = format!("{size} bytes of metadata; at most {LIMIT} are carried");
    Err(status::refusal::<&str, &str>(Code::ResourceExhausted, "METADATA_TOO_LARGE", message, &[]))
}

/// Refuses requests whose metadata is too large, and answers likewise.
#[derive(Clone, Copy)]
pub struct MetadataLayer;

impl<S> Layer<S> for MetadataLayer {
    type Service = Limited<S>;

    fn layer(&self, next: S) -> Limited<S> {
        Limited(next)
    }
}

/// See [`MetadataLayer`].
#[derive(Clone)]
pub struct Limited<S>(S);

impl<S: Next> Service<Request> for Limited<S> {
    type Response = Response;
    type Error = Status;
    type Future = Reply;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Status>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request) -> Reply {
        if let Err(status) = check(request.headers()) {
            return Box::pin(std::future::ready(Err(status)));
        }
        let reply = self.0.clone().oneshot(request);
        Box::pin(async move {
            let answer = reply.await?;
            check(answer.headers()).map(|()| answer)
        })
    }
}
