//! What stands behind a port: says who calls, and leads each path to its service.

use crate::{
    Wire,
    callers::{CALLER_HEADER, Principal},
    registry::{Registry, service_of},
};
use resilience::{Reply, Request, Response};
use std::{
    collections::HashMap,
    sync::{Arc, Weak},
    task::{Context, Poll},
};
use tonic::Status;
use tower::Service;

/// The services behind one port, as they are hosted at the moment of the call.
#[derive(Clone)]
pub struct Front(Arc<Inner>);

struct Inner {
    registry: Weak<Registry>,
    /// Only what is hosted under this name, for the mesh's own callers. None: everything, for the world.
    door_of: Option<&'static str>,
    standard: HashMap<&'static str, Wire>,
}

impl Front {
    /// The port for the world: everything that is hosted, and the standard services. Whatever a caller says of who it is, it
    /// is "edge".
    pub fn world(registry: Weak<Registry>, standard: HashMap<&'static str, Wire>) -> Self {
        Self(Arc::new(Inner { registry, door_of: None, standard }))
    }

    /// A service's own door on the loopback, where the header that names the caller is believed.
    pub fn door(registry: Weak<Registry>, name: &'static str) -> Self {
        Self(Arc::new(Inner { registry, door_of: Some(name), standard: HashMap::new() }))
    }
}

impl Service<Request> for Front {
    type Response = Response;
    type Error = Status;
    type Future = Reply;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Status>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, mut request: Request) -> Reply {
        let Inner { registry, door_of, standard } = &*self.0;
        let principal = if door_of.is_some() { Principal::named_in(request.headers()) } else { Principal::edge() };
        request.headers_mut().remove(CALLER_HEADER);
        request.extensions_mut().clear();
        request.extensions_mut().insert(principal);
        let path = request.uri().path();
        let hosted = registry.upgrade().and_then(|registry| registry.find(*door_of, path));
        match hosted.as_ref().or_else(|| standard.get(service_of(path)?)) {
            Some(wire) => wire.send(request),
            None => {
                let unknown = Status::unimplemented(format!("nothing here answers {path}"));
                Box::pin(std::future::ready(Err(unknown)))
            }
        }
    }
}
