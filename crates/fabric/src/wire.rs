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
    /// A wire of any service of calls.
    pub fn new(service: impl Next) -> Self {
        Self(Arc::new(Any(service)))
    }

    /// A wire of a stack of our own, boxed here, once. Its layers are always ready and box their futures themselves, so a
    /// call costs no further box.
    pub(crate) fn of_stack<S>(stack: S) -> Self
    where
        S: Service<Request, Response = Response, Error = Status, Future = Reply> + Clone + Send + Sync + 'static,
    {
        Self(Arc::new(Stack(stack)))
    }

    /// One call. Unlike `Service::call` it needs no exclusive access: every call has its own clone of the stack.
    pub fn send(&self, request: Request) -> Reply {
        self.0.call(request)
    }
}

trait Call: Send + Sync {
    fn call(&self, request: Request) -> Reply;
}

/// Anything: asked whether it is ready before each call.
struct Any<S>(S);

impl<S: Next> Call for Any<S> {
    fn call(&self, request: Request) -> Reply {
        Box::pin(self.0.clone().oneshot(request))
    }
}

/// A stack of our own.
struct Stack<S>(S);

impl<S> Call for Stack<S>
where
    S: Service<Request, Response = Response, Error = Status, Future = Reply> + Clone + Send + Sync,
{
    fn call(&self, request: Request) -> Reply {
        self.0.clone().call(request)
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
