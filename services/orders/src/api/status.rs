//! Errors of this service as the contract promises them; the one place that makes them.

use crate::domain::Violations;
pub use fabric::replay::reused;
use fabric::{
    replay,
    status::{bad_request, refusal, retry_later},
};
use store::StoreError;
use tonic::{Code, Response, Status};

pub fn invalid(violations: Violations) -> Status {
    bad_request(&violations.0)
}

pub fn no_order(order_id: &str) -> Status {
    refusal(Code::NotFound, "ORDER_NOT_FOUND", format!("there is no order {order_id:?}"), &[("order_id", order_id)])
}

/// Refuses what no order is called: PostgreSQL cannot even be asked about NUL.
pub fn may_exist(order_id: &str) -> Result<(), Status> {
    if order_id.contains('\0') { Err(no_order(order_id)) } else { Ok(()) }
}

pub fn precondition(reason: &str, message: impl Into<String>, state: &str) -> Status {
    refusal(Code::FailedPrecondition, reason, message, &[("state", state)])
}

/// The store's own troubles. Whatever became of the change, it may safely be sent again under the same key.
pub fn store(error: StoreError) -> Status {
    let later = |message: &str| match error.retry_after() {
        Some(after) => retry_later(Code::Unavailable, message, after),
        None => Status::unavailable(message),
    };
    match &error {
        StoreError::Closed => Status::unavailable("the service is ending"),
        StoreError::Unavailable(_) => later("the orders cannot be reached just now; nothing was changed"),
        StoreError::Unknown(_) => later("whether the change was kept is not known: send it again under the same key"),
        StoreError::Expired => Status::deadline_exceeded("there was no time left; nothing was changed"),
        StoreError::CommitFailed(_) => {
            tracing::error!(%error, "a commit failed");
            later("the change could not be made durable; nothing was changed")
        }
        StoreError::Db(_) | StoreError::Panicked(_) | StoreError::Suspended => {
            tracing::error!(%error, "a unit of work failed");
            Status::internal("the order could not be read or changed; nothing was changed")
        }
    }
}

/// Marks an answer as one that was given before.
pub fn replayed<T>(mut answer: Response<T>) -> Response<T> {
    replay::mark(answer.metadata_mut());
    answer
}
