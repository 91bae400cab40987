//! What every layer here wraps and is: a service of gRPC calls in their HTTP form.

use futures::future::BoxFuture;
use tonic::{Status, body::Body};
use tower::Service;

/// A gRPC call as HTTP has it: a path, headers, and a body of length-prefixed messages.
pub type Request = http::Request<Body>;
/// Its answer. An error may stand in its headers, arrive in its trailers, or be the `Err` of the call.
pub type Response = http::Response<Body>;
/// The future of every layer: boxed, which costs no more than moving a large future about.
pub type Reply = BoxFuture<'static, Result<Response, Status>>;

/// What a layer can stand in front of. Cloned once per call, so cloning must be cheap.
pub trait Next:
    Service<Request, Response = Response, Error = Status, Future: Send + 'static> + Clone + Send + Sync + 'static
{
}

impl<S> Next for S where
    S: Service<Request, Response = Response, Error = Status, Future: Send + 'static> + Clone + Send + Sync + 'static
{
}
