//! Requests that come again under the same key (I5): how an answer says that it was given before, and what a key that
//! was used for something else is told.

use crate::status;
use tonic::{
    Code, Response, Status,
    metadata::{MetadataMap, MetadataValue},
};

/// Metadata of an answer, a refusal too, that an earlier request with the same key was given, or would have been.
pub const REPLAYED: &str = "outrigger-replayed";

/// Says of an answer that it was given before.
pub fn mark(metadata: &mut MetadataMap) {
    metadata.insert(REPLAYED, MetadataValue::from_static("true"));
}

/// An answer or a refusal, marked if it was given before.
pub fn answer<T>(answer: Result<Response<T>, Status>, replayed: bool) -> Result<Response<T>, Status> {
    let mut answer = answer;
    if replayed {
        mark(answer.as_mut().map_or_else(Status::metadata_mut, Response::metadata_mut));
    }
    answer
}

/// Whether an answer was given before.
///
/// ```
/// use outrigger_fabric::replay;
///
/// let mut answer = tonic::Response::new("done");
/// assert!(!replay::is(answer.metadata()));
/// replay::mark(answer.metadata_mut());
/// assert!(replay::is(answer.metadata()));
/// ```
pub fn is(metadata: &MetadataMap) -> bool {
    metadata.contains_key(REPLAYED)
}

/// ALREADY_EXISTS, REQUEST_ID_REUSED: the key was used with other content; `field` is the first that differs.
///
/// ```
/// use outrigger_fabric::{replay, status};
///
/// let refused = replay::reused("lines");
/// assert_eq!(status::reason(&refused).as_deref(), Some("REQUEST_ID_REUSED"));
/// assert_eq!(status::info(&refused, "field").as_deref(), Some("lines"));
/// ```
pub fn reused(field: &str) -> Status {
    let message =
        format!("this request_id was used with another `{field}`: use a new one, or send what was sent before");
    status::refusal(Code::AlreadyExists, "REQUEST_ID_REUSED", message, &[("field", field)])
}
