//! Answers of the store as gRPC answers: the one place where a refusal becomes a status.

use crate::{domain::Refusal, store::call::Answer};
use fabric::{replay, status};
use std::time::Duration;
use store::StoreError;
use tonic::{Code, Response, Status};

/// When to come again, where nothing better is known.
const SOON: Duration = Duration::from_millis(100);

/// A reason that says it all.
const NOTHING_MORE: &[(&str, &str)] = &[];

/// The answer to a mutating call.
pub fn respond<T, M>(answer: Answer<T>, message: impl FnOnce(T) -> M) -> Result<Response<M>, Status> {
    match answer {
        Answer::Done { value, replayed } => replay::answer(Ok(Response::new(message(value))), replayed),
        Answer::Refused { refusal, replayed } => replay::answer(Err(refused(refusal)), replayed),
        Answer::Reused { field } => Err(replay::reused(&field)),
    }
}

fn refused(refusal: Refusal) -> Status {
    status::refusal(Code::FailedPrecondition, refusal.reason(), refusal.sentence(), NOTHING_MORE)
}

/// There is no such shipment.
pub fn not_found(id: &str) -> Status {
    status::refusal(Code::NotFound, "SHIPMENT_NOT_FOUND", "there is no such shipment", &[("shipment_id", id)])
}

/// What the store could not do is not the caller's fault, and what will be well by itself may be asked again: under the
/// same key nothing is done twice, whatever became of the first.
pub fn failed(error: &StoreError) -> Status {
    if error.is_unavailable() {
        tracing::debug!(%error, "shipping cannot answer");
        let after = error.retry_after().unwrap_or(SOON);
        return status::retry_later(Code::Unavailable, format!("{error}; the same call may come again"), after);
    }
    if matches!(error, StoreError::Expired) {
        return Status::deadline_exceeded(error.to_string());
    }
    tracing::error!(%error, "shipping's store failed");
    Status::internal("shipping's store failed; its log says how")
}
