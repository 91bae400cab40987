//! Deadlines of calls, on both sides: granted by the contract, carried in `grpc-timeout`, inherited by calls made while
//! handling, and enforced to the last byte, streams included (I8). tonic's own enforcement ends at the headers and is
//! absent in-process.

use crate::context::Context;
use policy::DeadlinePolicy;
use resilience::{GRPC_TIMEOUT, Next, Reply, Request, Response, within};
use std::{
    future::Future,
    task::{self, Poll},
};
use tokio::time::Instant;
use tonic::Status;
use tower::{Layer, Service, ServiceExt};

/// Until when the call being handled may take.
pub struct Deadline;

impl Deadline {
    /// The deadline of the call that this task handles; none outside of one, and for calls without. Calls made in this task
    /// inherit it.
    pub fn current() -> Option<Instant> {
        Context::deadline().map(resilience::Deadline::moment)
    }

    /// Runs a future under a deadline of one's own: for work that is no call, but makes some. None takes it away.
    pub async fn scope<F: Future>(until: Option<Instant>, future: F) -> F::Output {
        Context::until(until.map(resilience::Deadline::at), future).await
    }
}

/// Which end of the call a layer stands at.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Side {
    /// Inherits the deadline of the task that calls.
    Client,
    /// Knows only what the header says.
    Server,
}

/// Gives each call of one method its deadline, and holds it to it.
#[derive(Clone)]
pub struct DeadlineLayer {
    side: Side,
    policy: DeadlinePolicy,
}

impl DeadlineLayer {
    /// The caller's side.
    pub fn client(policy: DeadlinePolicy) -> Self {
        Self { side: Side::Client, policy }
    }

    /// The callee's side.
    pub fn server(policy: DeadlinePolicy) -> Self {
        Self { side: Side::Server, policy }
    }

    /// The deadline of a call, by the contract, by what the call asks for, and by the task that makes it.
    fn of(&self, request: &Request, now: Instant) -> Result<Option<resilience::Deadline>, Status> {
        let asked = request.headers().get(GRPC_TIMEOUT).map(resilience::Deadline::parse).transpose();
        let asked =
            asked.map_err(|_| Status::invalid_argument("grpc-timeout: at most eight digits and one of HMSmun"))?;
        let granted = self.policy.grant(asked).map(|time| resilience::Deadline::after(now, time));
        let inherited = if self.side == Side::Client { Context::deadline() } else { None };
        Ok(granted.map(|granted| granted.tightened(inherited)).or(inherited))
    }
}

impl<S> Layer<S> for DeadlineLayer {
    type Service = Bounded<S>;

    fn layer(&self, next: S) -> Bounded<S> {
        Bounded { next, layer: self.clone() }
    }
}

/// See [`DeadlineLayer`].
#[derive(Clone)]
pub struct Bounded<S> {
    next: S,
    layer: DeadlineLayer,
}

impl<S: Next> Service<Request> for Bounded<S> {
    type Response = Response;
    type Error = Status;
    type Future = Reply;

    fn poll_ready(&mut self, _: &mut task::Context<'_>) -> Poll<Result<(), Status>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, mut request: Request) -> Reply {
        let now = Instant::now();
        let deadline = match self.layer.of(&request, now) {
            Ok(deadline) => deadline,
            Err(status) => return Box::pin(std::future::ready(Err(status))),
        };
        if deadline.is_some_and(|deadline| deadline.remaining(now).is_none()) {
            let late = Status::deadline_exceeded("the call's deadline had passed before it began; nothing was done");
            return Box::pin(std::future::ready(Err(late)));
        }
        if let Some(deadline) = deadline {
            request.extensions_mut().insert(deadline);
        }
        Box::pin(within(deadline, self.next.clone().oneshot(request)))
    }
}
