//! Answers of the store as gRPC answers: the one place where a refusal becomes a status.

use crate::{domain::Refusal, store::call::Answer};
use fabric::{replay, status};
use store::StoreError;
use tonic::{Code, Response, Status};

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

/// What the store could not do is not the caller's fault; only what is known not to have happened may be repeated.
pub fn failed(error: &StoreError) -> Status {
    tracing::error!(%error, "shipping's store failed");
    match error {
        StoreError::Closed => Status::unavailable("shipping is shutting down"),
        StoreError::CommitFailed(_) => Status::unavailable("nothing was kept: the same call may come again"),
        _ => Status::internal("shipping's store failed; its log says how"),
    }
}
