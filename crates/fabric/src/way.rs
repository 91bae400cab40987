//! The end of the client's stack: the call is sent. Here alone the placements differ, and here they are made not to: whatever
//! a network would not carry is taken off, and who calls is put on.

use crate::{
    Wire,
    callers::{self, CALLER_HEADER, Principal},
    metadata,
    registry::{Registry, Route},
    status, transport,
};
use resilience::{Reply, Request, Response};
use std::{
    fmt,
    sync::{Arc, Weak},
    task::{Context, Poll},
};
use tonic::{Code, Status, transport::Channel};
use tower::{Service, ServiceExt};

/// How calls leave.
#[derive(Clone)]
pub enum Way {
    /// To a service of this mesh, wherever it is at the moment. A wire does not keep its mesh alive.
    Mesh { registry: Weak<Registry>, caller: &'static str, callee: &'static str },
    /// To a running system, as one of the world.
    World(Channel),
    /// Through something that stands between.
    Through(Wire),
}

/// Something that every attempt of every call between services passes just before it is sent: what a test puts there to have
/// calls lost, delivered twice, or late. It is given the callee and the way to it, once for each wire.
#[derive(Clone)]
pub struct Between(Arc<Around>);

type Around = dyn Fn(&'static str, Wire) -> Wire + Send + Sync;

impl Between {
    /// Has `around` make the way to a callee.
    pub fn new(around: impl Fn(&'static str, Wire) -> Wire + Send + Sync + 'static) -> Self {
        Self(Arc::new(around))
    }

    pub(crate) fn around(&self, callee: &'static str, way: Way) -> Way {
        Way::Through((self.0)(callee, Wire::of_stack(way)))
    }
}

impl fmt::Debug for Between {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Between")
    }
}

impl Way {
    fn send(&self, mut request: Request) -> Reply {
        request.extensions_mut().clear(); // a wire carries headers only
        request.headers_mut().remove(CALLER_HEADER);
        if let Err(status) = metadata::check(request.headers()) {
            return Box::pin(std::future::ready(Err(status)));
        }
        match self {
            Self::World(channel) => over(channel.clone(), request),
            Self::Through(wire) => wire.send(request),
            Self::Mesh { registry, caller, callee } => {
                let route = registry.upgrade().and_then(|registry| registry.route(callee, request.uri().path()));
                match route {
                    None => Box::pin(std::future::ready(Err(not_hosted(callee)))),
                    Some(Route::Here(wire)) => {
                        request.extensions_mut().insert(Principal::here(caller));
                        wire.send(request)
                    }
                    Some(Route::There(channel)) => {
                        request.headers_mut().insert(CALLER_HEADER, callers::header(caller));
                        over(channel, request)
                    }
                }
            }
        }
    }
}

fn over(channel: Channel, request: Request) -> Reply {
    Box::pin(async move {
        let answer = channel.oneshot(request).await.map_err(transport::failed)?;
        Ok(answer.map(transport::body))
    })
}

fn not_hosted(callee: &str) -> Status {
    let message = format!("nothing answers for {callee}: it has not started yet, or has stopped");
    status::refusal(Code::Unavailable, "NOT_HOSTED", message, &[("service", callee)])
}

impl Service<Request> for Way {
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
