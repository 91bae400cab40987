//! One stack per method: each has exactly the layers that its policy needs, and is built once.

use crate::Wire;
use resilience::{Reply, Request, Response};
use std::{
    collections::HashMap,
    sync::Arc,
    task::{Context, Poll},
};
use tonic::Status;
use tower::Service;

/// The stacks of some methods, by their paths.
#[derive(Clone)]
pub struct Methods(Arc<Stacks>);

struct Stacks {
    known: HashMap<String, Wire>,
    /// For methods that the contract does not have.
    unknown: Wire,
}

impl Methods {
    /// `unknown` takes what no stack is for.
    pub fn new(known: impl IntoIterator<Item = (String, Wire)>, unknown: Wire) -> Self {
        Self(Arc::new(Stacks { known: known.into_iter().collect(), unknown }))
    }
}

impl Service<Request> for Methods {
    type Response = Response;
    type Error = Status;
    type Future = Reply;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Status>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request) -> Reply {
        self.0.known.get(request.uri().path()).unwrap_or(&self.0.unknown).send(request)
    }
}
