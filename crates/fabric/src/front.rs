//! What stands behind a port: says who calls, and leads each path to its service.

use crate::{
    Wire,
    callers::{CALLER_HEADER, Principal},
    registry::{Registry, service_of},
    status,
};
use parking_lot::RwLock;
use resilience::{Reply, Request, Response};
use std::{
    collections::HashMap,
    future::ready,
    sync::{Arc, Weak},
    task::{Context, Poll},
    time::Duration,
};
use tonic::{Code, Status};
use tower::Service;

/// When somebody who came too early may come again.
const COME_AGAIN: Duration = Duration::from_secs(1);

/// Whether the world is let in yet. Open at first.
#[derive(Default)]
pub struct Gate(RwLock<Option<Arc<str>>>);

impl Gate {
    /// Nobody is let in, and everybody is told why.
    pub fn close(&self, why: String) {
        *self.0.write() = Some(why.into());
    }

    /// Everybody is let in.
    pub fn open(&self) {
        *self.0.write() = None;
    }

    fn refusal(&self) -> Option<Status> {
        let why = self.0.read().clone()?;
        Some(status::retry_later_because(Code::Unavailable, "STARTING", why.as_ref(), COME_AGAIN))
    }
}

/// The services behind one port, as they are hosted at the moment of the call.
#[derive(Clone)]
pub struct Front(Arc<Inner>);

struct Inner {
    registry: Weak<Registry>,
    /// Only what is hosted under this name, for the mesh's own callers. None: everything, for the world.
    door_of: Option<&'static str>,
    standard: HashMap<&'static str, Wire>,
    /// None for the mesh's own callers, who help each other to start.
    gate: Option<Arc<Gate>>,
}

impl Front {
    /// The port for the world: everything that is hosted, and the standard services. Whatever a caller says of who it is, it
    /// is "edge". While the gate is closed only the standard services answer.
    pub fn world(registry: Weak<Registry>, standard: HashMap<&'static str, Wire>, gate: Arc<Gate>) -> Self {
        Self(Arc::new(Inner { registry, door_of: None, standard, gate: Some(gate) }))
    }

    /// A service's own door on the loopback, where the header that names the caller is believed.
    pub fn door(registry: Weak<Registry>, name: &'static str) -> Self {
        Self(Arc::new(Inner { registry, door_of: Some(name), standard: HashMap::new(), gate: None }))
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
        let Inner { registry, door_of, standard, gate } = &*self.0;
        let principal = if door_of.is_some() { Principal::named_in(request.headers()) } else { Principal::edge() };
        request.headers_mut().remove(CALLER_HEADER);
        request.extensions_mut().clear();
        request.extensions_mut().insert(principal);
        let path = request.uri().path();
        if let Some(wire) = service_of(path).and_then(|service| standard.get(service)) {
            return wire.send(request);
        }
        if let Some(early) = gate.as_ref().and_then(|gate| gate.refusal()) {
            return Box::pin(ready(Err(early)));
        }
        match registry.upgrade().and_then(|registry| registry.find(*door_of, path)) {
            Some(wire) => wire.send(request),
            None => Box::pin(ready(Err(Status::unimplemented(format!("nothing here answers {path}"))))),
        }
    }
}
