//! What a caller is told when a request cannot be done: the one place where this service speaks gRPC's codes.

use crate::{
    domain::{Kind, Operation, Refusal, Stage},
    reconcile::Incomparable,
};
use fabric::{
    Violations, replay,
    status::{refusal, retry_later},
};
use std::time::Duration;
use store::StoreError;
use tonic::{Code, Status};

/// Why a request is not answered with a payment.
#[derive(Debug, thiserror::Error)]
pub enum Problem {
    /// Fields and what is wrong with each.
    #[error(transparent)]
    Invalid(#[from] Violations),
    #[error("there is no such payment")]
    NotFound,
    /// The key was used before with another value of this field.
    #[error("the request_id was used before with another {field}")]
    Reused { field: String },
    #[error("the step was undone")]
    StepUndone,
    #[error("a later attempt of the step was here before")]
    StepStale,
    #[error("a refund is not undone")]
    NotUndoable,
    #[error("the gateway declined: {0}")]
    Declined(String),
    #[error("refused: {}", .0.name())]
    Refused(Refusal),
    #[error("the service is stopping")]
    Stopping,
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error("the gateway cannot be reached: {0}")]
    Gateway(String),
}

impl Problem {
    /// What a settled operation that was not done is to its caller. `None`: it was done, or is not settled.
    pub fn of(operation: &Operation) -> Option<Self> {
        match (operation.stage, operation.kind) {
            (Stage::Done | Stage::Queued | Stage::Running, _) => None,
            (Stage::Declined, _) => Some(Self::Declined(operation.reason.clone())),
            // Cancelled by a void: the capture lost, the authorisation or charge is undone.
            (Stage::Cancelled, Kind::Capture) | (Stage::Refused, Kind::Capture) => {
                Some(Self::Refused(Refusal::NotAuthorised))
            }
            (Stage::Refused, _) => Some(Self::Refused(Refusal::RefundExceedsCapture)),
            (Stage::Cancelled, _) => Some(Self::StepUndone),
        }
    }
}

impl From<Incomparable> for Problem {
    fn from(incomparable: Incomparable) -> Self {
        match incomparable {
            Incomparable::Store(error) => Self::Store(error),
            Incomparable::Gateway(error) => Self::Gateway(error.to_string()),
        }
    }
}

const NOTHING_MORE: &[(&str, &str)] = &[];

/// Before another try of what will do no better at once.
const SOON: Duration = Duration::from_millis(200);

impl From<Problem> for Status {
    fn from(problem: Problem) -> Self {
        let message = problem.to_string();
        let failed = |reason| refusal(Code::FailedPrecondition, reason, &message, NOTHING_MORE);
        let later = |message: &str, after| retry_later(Code::Unavailable, message, after);
        match &problem {
            Problem::Invalid(wrong) => wrong.clone().into(),
            Problem::NotFound => refusal(Code::NotFound, "PAYMENT_NOT_FOUND", &message, NOTHING_MORE),
            Problem::Reused { field } => replay::reused(field),
            Problem::StepUndone => failed("STEP_UNDONE"),
            Problem::StepStale => failed("STEP_STALE"),
            Problem::NotUndoable => failed("NOT_UNDOABLE"),
            Problem::Declined(reason) => {
                refusal(Code::FailedPrecondition, "PAYMENT_DECLINED", &message, &[("decline_reason", reason.as_str())])
            }
            Problem::Refused(why @ Refusal::NotAuthorised) => failed(why.name()),
            Problem::Refused(why @ Refusal::RefundExceedsCapture) => {
                refusal(Code::OutOfRange, why.name(), &message, NOTHING_MORE)
            }
            Problem::Stopping | Problem::Gateway(_) => later(&message, SOON),
            Problem::Store(StoreError::Expired) => Status::deadline_exceeded("there was no time left for the books"),
            // Whatever became of it, it may come again under the same key.
            Problem::Store(error) if error.is_unavailable() => {
                later("the books cannot be used just now", error.retry_after().unwrap_or(SOON))
            }
            Problem::Store(error) => {
                tracing::error!(%error, "the books could not be used");
                Status::internal("the books could not be used")
            }
        }
    }
}
