//! Policies at work: deadlines, retries within a budget, breakers, and the Tower layers that apply them to gRPC calls.
//!
//! Every mechanism is a plain value that is told what happened and when: [`Breaker::on_result`], [`RetryBudget::withdraw`],
//! [`Attempts::on_failure`]. None of them sleeps, reads a clock or throws dice, so their tests neither wait nor vary.
//! The layers around them ([`RetryLayer`], [`BreakerLayer`], [`TimedLayer`]) are thin shells over
//! `http::Request<tonic::body::Body>`, ready for any tonic service, ours or not. They say what they do to an [`Observer`].
//!
//! # Around a service of your own
//!
//! A client takes a stack of them in place of its channel; `examples/own_service.rs` is such a program, whole. What belongs
//! to one call stands outside, what belongs to one attempt inside:
//!
//! | from outside in | gives | errors |
//! |---|---|---|
//! | [`within`], and the [`Deadline`] in the request's extensions | all attempts, waits and the answer one time | DEADLINE_EXCEEDED |
//! | [`RetryLayer`], with a [`RetryBudget`] per callee | further attempts, of idempotent methods only (I10) | the last attempt's |
//! | [`TimedLayer`] | each attempt a time of its own, and `grpc-timeout` | UNAVAILABLE |
//! | [`BreakerLayer`], with a [`SharedBreaker`] per endpoint | rest to an endpoint that keeps failing | UNAVAILABLE, BREAKER_OPEN |
//! | the channel, its error made a `tonic::Status` | | UNAVAILABLE when nobody is there |
//!
//! A server has [`within`] for the time that `grpc-timeout` gives it ([`Deadline::parse`]): tonic alone binds it only until
//! the headers.
//!
//! Nothing here opens a connection, knows a service by name, or logs: that is `fabric`'s. Which policy applies is
//! `policy`'s to say. Hedging, picking among endpoints and limits join as further modules of the same shape.
//!
//! ```
//! use policy::{Codes, RetryPolicy};
//! use outrigger_resilience::{Attempts, Failure, Verdict};
//! use std::time::Duration;
//! use tonic::Code;
//!
//! let policy = RetryPolicy {
//!     attempts: 2,
//!     codes: [Code::Unavailable as i32].into_iter().collect::<Codes>(),
//!     initial_backoff: Duration::from_millis(20),
//!     max_backoff: Duration::from_secs(1),
//!     attempt_timeout: None,
//! };
//! let mut attempts = Attempts::new(&policy);
//! let failure = Failure { code: Code::Unavailable, pushback: None };
//! let dice = 0.5;
//! assert_eq!(attempts.on_failure(&failure, dice, None), Verdict::Again { after: Duration::from_millis(10) });
//! assert_eq!(attempts.on_failure(&failure, dice, None), Verdict::Enough);
//! ```

mod backoff;
mod breaker;
mod breaking;
mod budget;
mod deadline;
mod ending;
mod observer;
mod pushback;
mod retry;
mod retrying;
mod service;
mod timed;
mod whole;
mod within;

pub use backoff::Backoff;
pub use breaker::{Breaker, BreakerPolicy, Outcome, Pass, Refused, Transition};
pub use breaking::{BreakerLayer, Breaking, SharedBreaker};
pub use budget::{BudgetPolicy, RetryBudget};
pub use deadline::{Deadline, GRPC_TIMEOUT, Malformed};
pub use ending::{code_in, ended, watched};
pub use observer::{Attempt, Event, Observer, Silent};
pub use pushback::Pushback;
pub use retry::{Attempts, Failure, Verdict};
pub use retrying::{RetryLayer, Retrying};
pub use service::{Next, Reply, Request, Response};
pub use timed::{Timed, TimedLayer};
pub use whole::{Answer, Taken, take};
pub use within::within;
