//! The way in: what every call to a hosted service passes, outermost first.

use crate::{
    Wire, callers::CallersLayer, deadline::DeadlineLayer, isolated::Isolated, metadata::MetadataLayer, method::Method,
    methods::Methods, panics::PanicsLayer, traced::TracedLayer,
};
use ambient::Ambient;
use policy::{Contract, MethodPolicy};
use resilience::{Request, Response};
use std::convert::Infallible;
use tonic::server::NamedService;
use tower::{Layer, Service, ServiceBuilder};

/// What a generated server is: `PaymentServiceServer<…>`, and whatever wraps one.
pub trait Server:
    Service<Request, Response = Response, Error = Infallible, Future: Send + 'static>
    + NamedService
    + Clone
    + Send
    + Sync
    + 'static
{
}

impl<S> Server for S where
    S: Service<Request, Response = Response, Error = Infallible, Future: Send + 'static>
        + NamedService
        + Clone
        + Send
        + Sync
        + 'static
{
}

/// A wire into a generated server hosted as `name`, with a stack for each of its methods. One that the contract does not have
/// is answered UNIMPLEMENTED by the server itself.
pub fn wire<S: Server>(name: &str, service: S, contract: &Contract, ambient: &Ambient) -> Wire {
    let handler = Wire::of_stack(Isolated(service));
    let own = |path: &str| path.strip_prefix('/').and_then(|path| path.split('/').next()) == Some(S::NAME);
    let methods = contract.methods().filter(|(path, _)| own(path));
    let stacks = methods.map(|(path, policy)| (path.to_owned(), stack((name, path), policy, ambient, handler.clone())));
    Wire::of_stack(Methods::new(stacks, Wire::of_stack(PanicsLayer.layer(handler.clone()))))
}

/// The sentence: traced → metadata limited → panics caught → deadline → caller known and allowed → handler, in a task of its
/// own.
fn stack((name, path): (&str, &str), policy: &MethodPolicy, ambient: &Ambient, handler: Wire) -> Wire {
    let stack = ServiceBuilder::new()
        // Outermost: a refusal is a span too.
        .layer(TracedLayer::server(&Method::server(name, path), ambient))
        // Before anything reads the headers at length; and no answer leaves that the other side would refuse.
        .layer(MetadataLayer)
        // A panic is this call's INTERNAL and nobody else's, in the layers below as well.
        .layer(PanicsLayer)
        // Late work is refused before it costs anything, and cut when it becomes late, streams included.
        .layer(DeadlineLayer::server(policy.deadline))
        // Who calls, and may they.
        .layer(CallersLayer::new(path, &policy.callers))
        // Innermost: dropped with its caller, or at its deadline.
        .service(handler);
    Wire::of_stack(stack)
}
