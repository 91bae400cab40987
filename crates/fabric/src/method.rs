//! What all calls of one method on one side share for telling of them: its spans' shapes, and the handles of its metrics. Made
//! once, with the method's stack.

use crate::callers::EDGE;
use std::sync::Arc;
use telemetry::{Kind, Shape, Tracer, metrics::Calls, names};
use tonic::Code;

/// Callers that are no service of their own: their spans are the program's.
const PROGRAM: [&str; 3] = [EDGE, "operator", "mesh"];

/// One method on one side.
pub struct Method {
    /// `package.Service/Method`.
    pub name: String,
    pub side: &'static str,
    /// None while nothing is exported.
    pub traces: Option<Traces>,
    pub calls: Calls,
    /// Whether a call that ends so is a failure, as this side sees it.
    pub is_failure: fn(Code) -> bool,
}

/// Where spans begin, and what they have in common.
pub struct Traces {
    pub tracer: Tracer,
    pub shape: Arc<Shape>,
}

impl Method {
    /// As `caller` sees it.
    pub fn client(caller: &str, callee: &str, path: &str) -> Arc<Self> {
        let name = path.trim_start_matches('/').to_owned();
        let traces = Traces::client(caller, callee, name.clone(), &name);
        let calls = Calls::client(caller, callee, &name);
        Arc::new(Self { name, side: "client", traces, calls, is_failure: |code| code != Code::Ok })
    }

    /// As the service `callee` sees it.
    pub fn server(callee: &str, path: &str) -> Arc<Self> {
        let name = path.trim_start_matches('/').to_owned();
        let traces = Traces::of(callee, || shape(name.clone(), Kind::Server, &name));
        let calls = Calls::server(&name);
        Arc::new(Self { name, side: "server", traces, calls, is_failure: servers_fault })
    }
}

impl Traces {
    /// Of an attempt of a call from `caller` to `callee`.
    pub fn attempt(caller: &str, callee: &str, path: &str) -> Option<Self> {
        let name = path.trim_start_matches('/');
        Self::client(caller, callee, format!("{}{name}", names::ATTEMPT_SPAN), name)
    }

    fn client(caller: &str, callee: &str, span: String, method: &str) -> Option<Self> {
        Self::of(caller, || shape(span, Kind::Client, method).with(names::SERVER_ADDRESS, callee))
    }

    fn of(service: &str, shape: impl FnOnce() -> Shape) -> Option<Self> {
        let tracer = Tracer::of(if PROGRAM.contains(&service) { names::PROGRAM } else { service })?;
        Some(Self { tracer, shape: Arc::new(shape()) })
    }
}

fn shape(span: String, kind: Kind, method: &str) -> Shape {
    Shape::new(span, kind).with(names::RPC_SYSTEM, "grpc").with(names::RPC_METHOD, method)
}

/// What OpenTelemetry's conventions call an error of the server: the rest is the caller's, or nobody's.
const fn servers_fault(code: Code) -> bool {
    use Code::{DataLoss, DeadlineExceeded, Internal, Unavailable, Unimplemented, Unknown};
    matches!(code, Unknown | DeadlineExceeded | Unimplemented | Internal | Unavailable | DataLoss)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_is_the_callers_failure_and_not_the_servers() {
        let (client, server) = (Method::client("a", "b", "/x.Y/Z"), Method::server("b", "/x.Y/Z"));
        for code in [Code::NotFound, Code::FailedPrecondition, Code::Cancelled, Code::ResourceExhausted] {
            assert!((client.is_failure)(code) && !(server.is_failure)(code), "{code:?}");
        }
        for code in [Code::Unavailable, Code::Internal, Code::DeadlineExceeded] {
            assert!((client.is_failure)(code) && (server.is_failure)(code), "{code:?}");
        }
        assert!(!(client.is_failure)(Code::Ok) && !(server.is_failure)(Code::Ok));
    }
}
