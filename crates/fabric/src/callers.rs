//! Who calls, and may they.
//!
//! In this process the [`crate::Wire`] says who calls, after clearing all that a caller could have planted. Between services
//! of one mesh over TCP a header says it, which is believed only on the mesh's own loopback doors; the port for the world
//! strips it. Until mutual TLS exists, callers from the world are all [`EDGE`] and the contract's `callers` does not bind
//! them: `Mesh::listen` says so.

use crate::status;
use http::{HeaderMap, HeaderName, HeaderValue};
use resilience::{Next, Reply, Request, Response};
use std::{
    borrow::Cow,
    collections::BTreeSet,
    sync::Arc,
    task::{Context, Poll},
};
use tonic::{Code, Status};
use tower::{Layer, Service, ServiceExt};

/// Whoever reaches the process from outside without a name.
pub const EDGE: &str = "edge";

/// Carries the caller's name between services of one mesh over TCP.
pub const CALLER_HEADER: HeaderName = HeaderName::from_static("outrigger-caller");

/// In a request's extensions: who calls, set by the pipe and by nobody else.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Principal {
    name: Cow<'static, str>,
    /// Whether the contract's `callers` binds.
    bound: bool,
}

impl Principal {
    /// A caller in this process.
    pub const fn here(name: &'static str) -> Self {
        Self { name: Cow::Borrowed(name), bound: true }
    }

    /// Somebody in the world.
    pub const fn edge() -> Self {
        Self { name: Cow::Borrowed(EDGE), bound: false }
    }

    /// Whoever the header names, on a door that only the mesh's own services know; `edge` without one.
    pub fn named_in(headers: &HeaderMap) -> Self {
        let name = headers.get(CALLER_HEADER).and_then(|name| name.to_str().ok()).unwrap_or(EDGE);
        Self { name: Cow::Owned(name.to_owned()), bound: true }
    }
}

/// Who calls: the name of a service, "operator", or "edge".
///
/// ```
/// let request = tonic::Request::new(());
/// assert_eq!(outrigger_fabric::caller(&request), "edge");
/// ```
pub fn caller<T>(request: &tonic::Request<T>) -> &str {
    request.extensions().get::<Principal>().map_or(EDGE, |principal| &principal.name)
}

/// The caller's name in a request on its way; for spans.
pub fn named(request: &Request) -> &str {
    request.extensions().get::<Principal>().map_or(EDGE, |principal| &principal.name)
}

/// The header value of a caller in this process.
pub fn header(name: &'static str) -> HeaderValue {
    HeaderValue::from_static(name)
}

/// Lets through whom the contract lists.
#[derive(Clone)]
pub struct CallersLayer(Arc<Listed>);

struct Listed {
    method: String,
    callers: BTreeSet<String>,
}

impl CallersLayer {
    /// For one method, by its path.
    pub fn new(method: &str, callers: &BTreeSet<String>) -> Self {
        Self(Arc::new(Listed { method: method.to_owned(), callers: callers.clone() }))
    }
}

impl Listed {
    fn admit(&self, request: &Request) -> Result<(), Status> {
        let (name, bound) = match request.extensions().get::<Principal>() {
            Some(principal) => (&*principal.name, principal.bound),
            None => (EDGE, true),
        };
        if !bound || self.callers.contains(name) {
            return Ok(());
        }
        let message = format!("{name} may not call {}: the contract's `callers` does not list it", self.method);
        Err(status::refusal(Code::PermissionDenied, "CALLER_NOT_ALLOWED", message, &[("caller", name)]))
    }
}

impl<S> Layer<S> for CallersLayer {
    type Service = Admitted<S>;

    fn layer(&self, next: S) -> Admitted<S> {
        Admitted { next, listed: Arc::clone(&self.0) }
    }
}

/// See [`CallersLayer`].
#[derive(Clone)]
pub struct Admitted<S> {
    next: S,
    listed: Arc<Listed>,
}

impl<S: Next> Service<Request> for Admitted<S> {
    type Response = Response;
    type Error = Status;
    type Future = Reply;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Status>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request) -> Reply {
        match self.listed.admit(&request) {
            Ok(()) => Box::pin(self.next.clone().oneshot(request)),
            Err(status) => Box::pin(std::future::ready(Err(status))),
        }
    }
}
