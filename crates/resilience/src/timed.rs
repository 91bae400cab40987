//! The time of one attempt: the method's own limit for one, when it has any. And the time of the call, of which every attempt
//! is told what is left.
//!
//! Stands inside the retry, so that an attempt which hangs leaves time for another; outside the breaker, so that waiting
//! for an endpoint counts.

use crate::{Deadline, Event, GRPC_TIMEOUT, Next, Observer, Reply, Request, Response};
use std::{
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};
use tokio::time::{Instant, timeout_at};
use tonic::Status;
use tower::{Layer, Service, ServiceExt};

/// In a request's extensions: when this attempt is given up on. The breaker tells by it an endpoint that was too slow from
/// a caller who left.
#[derive(Clone, Copy)]
pub(crate) struct Limit(pub Instant);

/// Times each attempt, and writes what is left of the call into its `grpc-timeout`, anew for each.
///
/// The call's deadline is the [`Deadline`] in the request's extensions, which a layer further out has put there and
/// enforces; without one, no `grpc-timeout` is sent.
///
/// **Errors.** UNAVAILABLE when an attempt took longer than its limit: like any endpoint that does not answer, so that a
/// retry of that code tries another. The limit binds until the answer begins; a stream that has begun has the call's time.
///
/// ```
/// use std::{future::pending, sync::Arc, time::Duration};
/// use tonic::{Code, Status, body::Body};
/// use tower::{Layer, ServiceExt, service_fn};
/// use outrigger_resilience::{Request, Response, Silent, TimedLayer};
///
/// # #[tokio::main(flavor = "current_thread", start_paused = true)] async fn main() {
/// let hangs = service_fn(|_: Request| pending::<Result<Response, Status>>());
/// let timed = TimedLayer::new(Some(Duration::from_millis(100)), Arc::new(Silent)).layer(hangs);
/// let status = timed.oneshot(Request::new(Body::empty())).await.expect_err("nobody answers");
/// assert_eq!(status.code(), Code::Unavailable);
/// # }
/// ```
#[derive(Clone)]
pub struct TimedLayer {
    limit: Option<Duration>,
    observer: Arc<dyn Observer>,
}

impl TimedLayer {
    /// `limit`: an attempt that takes longer has failed, as UNAVAILABLE. None: it may take what the call has left.
    pub fn new(limit: Option<Duration>, observer: Arc<dyn Observer>) -> Self {
        Self { limit, observer }
    }
}

impl<S> Layer<S> for TimedLayer {
    type Service = Timed<S>;

    fn layer(&self, next: S) -> Timed<S> {
        Timed { next, layer: self.clone() }
    }
}

/// See [`TimedLayer`].
#[derive(Clone)]
pub struct Timed<S> {
    next: S,
    layer: TimedLayer,
}

impl<S: Next> Service<Request> for Timed<S> {
    type Response = Response;
    type Error = Status;
    type Future = Reply;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Status>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, mut request: Request) -> Reply {
        let now = Instant::now();
        let deadline = request.extensions().get::<Deadline>().copied();
        let limit = self.layer.limit.map(|limit| (limit, Deadline::after(now, limit)));
        // Always the call's time, not the attempt's: the far side must not be the one who ends the attempt, or whether it
        // failed as UNAVAILABLE here or DEADLINE_EXCEEDED there would be a race. Giving up on it aborts it there, too.
        match deadline {
            Some(deadline) => request.headers_mut().insert(GRPC_TIMEOUT, deadline.header(now)),
            None => request.headers_mut().remove(GRPC_TIMEOUT),
        };
        // A limit beyond the call's deadline is none: then the deadline decides, and the layer outside says so.
        let limit = limit.filter(|(_, at)| deadline.is_none_or(|deadline| *at < deadline));
        let Some((after, at)) = limit else { return Box::pin(self.next.clone().oneshot(request)) };
        request.extensions_mut().insert(Limit(at.moment()));
        let (next, observer) = (self.next.clone(), Arc::clone(&self.layer.observer));
        Box::pin(async move {
            timeout_at(at.moment(), next.oneshot(request)).await.unwrap_or_else(|_| {
                observer.on(Event::AttemptTimedOut { after });
                Err(Status::unavailable(format!("no answer within the {after:?} that one attempt may take")))
            })
        })
    }
}
