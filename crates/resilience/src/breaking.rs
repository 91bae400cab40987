//! The breaker's layer: asks it before a call and tells it after.
//!
//! Stands inside the retry, so that every attempt is judged, and directly around the way to its endpoint. A refusal here is
//! the caller's own: nothing was sent, it says nothing of the endpoint, and it is not retried.

use crate::{
    Breaker, Event, Next, Observer, Outcome, Pass, Pushback, Refused, Reply, Request, Response, Transition, ended,
    timed::Limit, watched,
};
use parking_lot::Mutex;
use std::{
    collections::HashMap,
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};
use tokio::time::Instant;
use tonic::{Code, Status};
use tonic_types::{ErrorDetails, StatusExt};
use tower::{Layer, Service, ServiceExt};

/// One endpoint's breaker, shared by all methods that are called there.
#[derive(Clone)]
pub struct SharedBreaker(Arc<Mutex<Breaker>>);

impl SharedBreaker {
    /// Shares a breaker.
    pub fn new(breaker: Breaker) -> Self {
        Self(Arc::new(Mutex::new(breaker)))
    }
}

/// Refuses calls to an endpoint that keeps failing.
///
/// **Errors.** While the breaker is open: UNAVAILABLE, ErrorInfo reason BREAKER_OPEN, RetryInfo with the time until the
/// next probe, and a pushback that keeps every hop from retrying it. All else is the endpoint's own answer.
///
/// A stream is judged when it ends, so a breaker may learn of it long after it was admitted; by then it may have changed
/// its state, and the result says nothing any more. Only as the probe it is judged by its beginning: a stream that runs for
/// hours must not keep all others waiting for its end.
///
/// ```
/// use std::sync::Arc;
/// use tokio::time::Instant;
/// use tonic::{Status, body::Body};
/// use tower::{Layer, ServiceExt, service_fn};
/// use outrigger_resilience::{
///     Breaker, BreakerLayer, BreakerPolicy, Pushback, Request, Response, SharedBreaker, Silent,
/// };
///
/// # #[tokio::main(flavor = "current_thread", start_paused = true)] async fn main() {
/// let policy = BreakerPolicy { consecutive: 1, ..BreakerPolicy::default() };
/// let breaker = SharedBreaker::new(Breaker::new(policy, 7));
/// let down = service_fn(|_: Request| async { Err::<Response, _>(Status::unavailable("down")) });
/// let guarded = BreakerLayer::new(breaker, Arc::new(Silent)).layer(down);
/// let call = || guarded.clone().oneshot(Request::new(Body::empty()));
/// assert_eq!(Pushback::of(&call().await), None);
/// assert_eq!(Pushback::of(&call().await), Some(Pushback::Stop)); // refused here: nothing was sent
/// # }
/// ```
#[derive(Clone)]
pub struct BreakerLayer {
    breaker: SharedBreaker,
    observer: Arc<dyn Observer>,
}

impl BreakerLayer {
    /// Around the way to the endpoint of `breaker`.
    pub fn new(breaker: SharedBreaker, observer: Arc<dyn Observer>) -> Self {
        Self { breaker, observer }
    }
}

impl<S> Layer<S> for BreakerLayer {
    type Service = Breaking<S>;

    fn layer(&self, next: S) -> Breaking<S> {
        Breaking { next, layer: self.clone() }
    }
}

/// See [`BreakerLayer`].
#[derive(Clone)]
pub struct Breaking<S> {
    next: S,
    layer: BreakerLayer,
}

impl<S: Next> Service<Request> for Breaking<S> {
    type Response = Response;
    type Error = Status;
    type Future = Reply;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Status>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request) -> Reply {
        let now = Instant::now();
        let admitted = self.layer.breaker.0.lock().admit(now);
        match admitted {
            Err(refused) => {
                self.layer.observer.on(Event::Refused);
                Box::pin(std::future::ready(Err(refusal(refused, now))))
            }
            Ok((pass, transition)) => {
                let limit = request.extensions().get::<Limit>().map(|limit| limit.0);
                let probe = transition == Some(Transition::HalfOpened);
                let ticket = Ticket { pass: Some(pass), probe, limit, layer: self.layer.clone() };
                ticket.tell(transition);
                Box::pin(run(self.next.clone(), request, ticket))
            }
        }
    }
}

async fn run<S: Next>(next: S, request: Request, mut ticket: Ticket) -> Result<Response, Status> {
    let result = next.oneshot(request).await;
    if let Some(code) = ended(&result) {
        ticket.report(code.into());
        return result;
    }
    if ticket.probe {
        ticket.report(Outcome::Success);
        return result;
    }
    watched(result, move |code| ticket.report(code.into()))
}

/// UNAVAILABLE, reason BREAKER_OPEN, with the time after which it is worth trying. Not to be retried before.
fn refusal(refused: Refused, now: Instant) -> Status {
    let wait = refused.until.saturating_duration_since(now).max(Duration::from_millis(100));
    let mut details = ErrorDetails::with_error_info("BREAKER_OPEN", "outrigger", HashMap::new());
    details.set_retry_info(Some(wait));
    let message = "the endpoint failed too often in a row and is left alone for a while; nothing was sent";
    Pushback::stopping(Status::with_error_details(Code::Unavailable, message, details))
}

/// A call under way. Whatever becomes of it, the breaker is told once.
struct Ticket {
    pass: Option<Pass>,
    probe: bool,
    limit: Option<Instant>,
    layer: BreakerLayer,
}

impl Ticket {
    fn report(&mut self, outcome: Outcome) {
        if let Some(pass) = self.pass.take() {
            let transition = self.layer.breaker.0.lock().on_result(pass, outcome, Instant::now());
            self.tell(transition);
        }
    }

    fn tell(&self, transition: Option<Transition>) {
        if let Some(transition) = transition {
            self.layer.observer.on(Event::Breaker(transition));
        }
    }
}

/// Dropped without an end: given up on after the attempt's own time, which is the endpoint's failure, or left by its caller,
/// which says nothing.
impl Drop for Ticket {
    fn drop(&mut self) {
        let too_slow = self.limit.is_some_and(|limit| self.pass.is_some() && Instant::now() >= limit);
        self.report(if too_slow { Outcome::Failure } else { Outcome::Ignored });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{BreakerPolicy, Silent};
    use tonic::body::Body;
    use tower::service_fn;

    /// Fails once; every later answer begins, and never ends.
    fn fails_then_flows() -> impl Next {
        let calls = Arc::new(Mutex::new(0));
        service_fn(move |_: Request| {
            let first = std::mem::replace(&mut *calls.lock(), 1) == 0;
            let endless = http_body_util::StreamBody::new(futures::stream::pending::<
                Result<http_body::Frame<bytes::Bytes>, Status>,
            >());
            let answer = if first { Err(Status::unavailable("down")) } else { Ok(Response::new(Body::new(endless))) };
            std::future::ready(answer)
        })
    }

    #[tokio::test(start_paused = true)]
    async fn a_probe_that_is_a_stream_lets_others_pass_while_it_flows() {
        let policy = BreakerPolicy { consecutive: 1, ..BreakerPolicy::default() };
        let layer = BreakerLayer::new(SharedBreaker::new(Breaker::new(policy, 7)), Arc::new(Silent));
        let guarded = layer.layer(fails_then_flows());
        let call = || guarded.clone().oneshot(Request::new(Body::empty()));
        assert!(call().await.is_err());
        tokio::time::advance(policy.open).await;
        let _flowing = call().await.expect("the probe");
        assert!(call().await.is_ok(), "the breaker closed when the probe's answer began");
    }
}
