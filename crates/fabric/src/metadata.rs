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

/// Refuses requests whose metadata is too large, and answers likewise; of a refusal it keeps the code.
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
            check(answer.headers()).map_err(|too_large| shortened(answer.headers(), too_large))?;
            Ok(answer)
        })
    }
}

/// A refusal keeps its code, and the beginning of its message, when what it says beside them is too large.
fn shortened(headers: &HeaderMap, too_large: Status) -> Status {
    const MESSAGE: usize = 256;
    match Status::from_header_map(headers) {
        Some(status) if status.code() != Code::Ok => {
            let beginning: String = status.message().chars().take(MESSAGE).collect();
            Status::new(status.code(), format!("{beginning}… (the rest is too large to be carried)"))
        }
        _ => too_large,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_that_says_too_much_is_still_that_refusal() {
        let headers = Status::not_found("x".repeat(LIMIT)).into_http::<()>().into_parts().0.headers;
        let too_large = check(&headers).unwrap_err();
        let told = shortened(&headers, too_large.clone());
        assert_eq!(told.code(), Code::NotFound);
        assert!(told.message().len() < 400);
        let headers =
            HeaderMap::from_iter([(http::HeaderName::from_static("x-much"), "x".repeat(LIMIT).parse().unwrap())]);
        assert_eq!(shortened(&headers, too_large).code(), Code::ResourceExhausted);
    }
}
