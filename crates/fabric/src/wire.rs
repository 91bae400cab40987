//! The one pipe: what a service is reached through, wherever it runs.

use resilience::{Next, Reply, Request, Response};
use std::{
    fmt,
    sync::Arc,
    task::{Context, Poll},
};
use tonic::Status;
use tower::{Service, ServiceExt};

/// The way to a service, and the transport of its generated client: `OrderServiceClient::new(wire)`. Cloning costs one
/// reference count. Errors of a call are `tonic::Status`, as the client returns them.
#[derive(Clone)]
pub struct Wire(Arc<dyn Call>);

impl Wire {
    /// A wire of any service of calls. The stacks are boxed here, once.
    pub fn new(service: impl Next) -> Self {
        Self(Arc::new(service))
    }

    /// One call. Unlike `Service::call` it needs no exclusive access: every call has its own clone of the stack.
    pub fn send(&self, request: Request) -> Reply {
        self.0.call(request)
    }
}

trait Call: Send + Sync {
    fn call(&self, request: Request) -> Reply;
}

impl<S: Next> Call for S {
    fn call(&self, request: Request) -> Reply {
        Box::pin(self.clone().oneshot(request))
    }
}

impl Service<Request> for Wire {
    type Response = Response;
    type Error = Status;
    type Future = Reply;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Status>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request) -> Reply {
        self.send(request)
    }
}

impl fmt::Debug for Wire {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Wire")
    }
}
