//! The retry layer: repeats what may be repeated, within policy, deadline and budget.
//!
//! Stands outside everything that belongs to one attempt and inside the deadline of the call. Built only for methods whose
//! contract has a retry, which only idempotent ones can have (I10). A request that cannot be taken whole is sent once.

use crate::{
    Attempt, Attempts, Deadline, Event, Failure, Next, Observer, Pushback, Reply, Request, Response, RetryBudget,
    Taken, Verdict, take,
};
use ambient::Ambient;
use bytes::Bytes;
use http::{HeaderName, HeaderValue, request::Parts};
use policy::RetryPolicy;
use std::{
    sync::Arc,
    task::{Context, Poll},
};
use tokio::time::{Instant, sleep};
use tonic::{Status, body::Body};
use tower::{Layer, Service, ServiceExt};

/// Tells the far side of attempts before this one (gRFC A6).
const PREVIOUS_ATTEMPTS: HeaderName = HeaderName::from_static("grpc-previous-rpc-attempts");

/// Retries by one method's policy.
///
/// **Errors.** Those of the last attempt, as they are. When the budget refused another attempt they say so to whoever they
/// are passed on to ([`Pushback::stop`]). Dropping the call drops the attempt or the wait that is under way; what it took
/// from the budget stays taken.
///
/// ```
/// use ambient::{Ambient, Timestamp};
/// use policy::{Codes, RetryPolicy};
/// use std::{sync::Arc, time::Duration};
/// use tokio::time::Instant;
/// use tonic::{Code, Status, body::Body};
/// use tower::{Layer, ServiceExt, service_fn};
/// use outrigger_resilience::{RetryBudget, RetryLayer, Request, Response, Silent};
///
/// # #[tokio::main(flavor = "current_thread", start_paused = true)] async fn main() {
/// let policy = RetryPolicy {
///     attempts: 3,
///     codes: [Code::Unavailable as i32].into_iter().collect::<Codes>(),
///     initial_backoff: Duration::from_millis(20),
///     max_backoff: Duration::from_secs(1),
///     attempt_timeout: None,
/// };
/// let budget = Arc::new(RetryBudget::new(Default::default(), Instant::now()));
/// let ambient = Ambient::seeded(1, Timestamp::from_millis(0));
/// let retry = RetryLayer::new(policy, budget, ambient, Arc::new(Silent));
/// let fails_at_first = service_fn(|request: Request| async move {
///     let again = request.headers().contains_key("grpc-previous-rpc-attempts");
///     if again { Ok(Response::new(Body::empty())) } else { Err(Status::unavailable("not yet")) }
/// });
/// assert!(retry.layer(fails_at_first).oneshot(Request::new(Body::empty())).await.is_ok());
/// # }
/// ```
#[derive(Clone)]
pub struct RetryLayer(Arc<Shared>);

struct Shared {
    policy: RetryPolicy,
    budget: Arc<RetryBudget>,
    ambient: Ambient,
    observer: Arc<dyn Observer>,
}

impl RetryLayer {
    /// `budget` is shared by all methods from one caller to one callee; `ambient` gives the jitter.
    pub fn new(policy: RetryPolicy, budget: Arc<RetryBudget>, ambient: Ambient, observer: Arc<dyn Observer>) -> Self {
        Self(Arc::new(Shared { policy, budget, ambient, observer }))
    }
}

impl<S> Layer<S> for RetryLayer {
    type Service = Retrying<S>;

    fn layer(&self, next: S) -> Retrying<S> {
        Retrying { next, shared: Arc::clone(&self.0) }
    }
}

/// See [`RetryLayer`].
#[derive(Clone)]
pub struct Retrying<S> {
    next: S,
    shared: Arc<Shared>,
}

impl<S: Next> Service<Request> for Retrying<S> {
    type Response = Response;
    type Error = Status;
    type Future = Reply;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Status>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request) -> Reply {
        Box::pin(run(self.next.clone(), Arc::clone(&self.shared), request))
    }
}

async fn run<S: Next>(next: S, shared: Arc<Shared>, request: Request) -> Result<Response, Status> {
    shared.budget.deposit(Instant::now());
    let (parts, body) = request.into_parts();
    let message = match take(body) {
        Taken::Whole(message) => message,
        Taken::Flowing(body) => return next.oneshot(Request::from_parts(parts, body)).await,
    };
    let deadline = parts.extensions.get::<Deadline>().copied();
    let mut attempts = Attempts::new(&shared.policy);
    let mut attempt = Attempt::default();
    loop {
        let result = next.clone().oneshot(again(&parts, &message, attempt, deadline)).await;
        let Some(failure) = Failure::of(&result) else {
            shared.observer.on(Event::Ended { attempts: attempt.number });
            return result;
        };
        let now = Instant::now();
        let left = deadline.map(|deadline| deadline.remaining(now).unwrap_or_default());
        let verdict = attempts.on_failure(&failure, shared.ambient.dice().unit(), left);
        let (number, code) = (attempt.number, failure.code);
        match verdict {
            Verdict::Enough => {
                shared.observer.on(Event::Ended { attempts: number });
                return result;
            }
            Verdict::Again { after } if shared.budget.withdraw(now) => {
                shared.observer.on(Event::Retrying { attempt: number, code, after });
                sleep(after).await;
                attempt = Attempt { number: number + 1, waited: after };
            }
            Verdict::Again { .. } => {
                shared.observer.on(Event::BudgetSpent { attempt: number, code });
                shared.observer.on(Event::Ended { attempts: number });
                return Pushback::stop(result);
            }
        }
    }
}

/// The request once more: the message by reference, the headers copied.
fn again(parts: &Parts, message: &Bytes, attempt: Attempt, deadline: Option<Deadline>) -> Request {
    let mut request = Request::new(Body::new(http_body_util::Full::new(message.clone())));
    *request.method_mut() = parts.method.clone();
    *request.uri_mut() = parts.uri.clone();
    *request.version_mut() = parts.version;
    *request.headers_mut() = parts.headers.clone();
    if attempt.number > 1 {
        request.headers_mut().insert(PREVIOUS_ATTEMPTS, HeaderValue::from(attempt.number - 1));
        request.extensions_mut().insert(attempt);
    }
    if let Some(deadline) = deadline {
        request.extensions_mut().insert(deadline);
    }
    request
}
