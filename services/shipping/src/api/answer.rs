//! Answers of the store as gRPC answers: the one place where a refusal becomes a status.

use crate::store::call::Answer;
use fabric::status;
use store::StoreError;
use tonic::{Code, Response, Status, metadata::MetadataValue};

/// Says that an answer is that of an earlier call with the same key.
const REPLAYED: &str = "outrigger-replayed";

/// A reason that says it all.
const NOTHING_MORE: &[(&str, &str)] = &[];

/// The answer to a mutating call.
pub fn respond<T, M>(answer: Answer<T>, message: impl FnOnce(T) -> M) -> Result<Response<M>, Status> {
    let replayed = MetadataValue::from_static("true");
    match answer {
        Answer::Done { value, replayed: false } => Ok(Response::new(message(value))),
        Answer::Done { value, replayed: true } => {
            let mut response = Response::new(message(value));
            response.metadata_mut().insert(REPLAYED, replayed);
            Ok(response)
        }
        Answer::Refused { refusal, replayed: again } => {
            let (reason, sentence) = (refusal.reason(), refusal.sentence());
            let mut refused = status::refusal(Code::FailedPrecondition, reason, sentence, NOTHING_MORE);
            if again {
                refused.metadata_mut().insert(REPLAYED, replayed);
            }
            Err(refused)
        }
        Answer::Reused { field } => Err(status::refusal(
            Code::AlreadyExists,
            "REQUEST_ID_REUSED",
            format!("this request_id was used with another `{field}`: use a new one, or send what was sent before"),
            &[("field", field.as_str())],
        )),
    }
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
