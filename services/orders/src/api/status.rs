//! Errors of this service as the contract promises them; the one place that makes them.

use crate::domain::Violations;
pub use fabric::replay::reused;
use fabric::{
    replay,
    status::{bad_request, refusal},
};
use store::StoreError;
use tonic::{Code, Response, Status};

pub fn invalid(violations: Violations) -> Status {
    bad_request(&violations.0)
}

pub fn no_order(order_id: &str) -> Status {
    refusal(Code::NotFound, "ORDER_NOT_FOUND", format!("there is no order {order_id:?}"), &[("order_id", order_id)])
}

pub fn precondition(reason: &str, message: impl Into<String>, state: &str) -> Status {
    refusal(Code::FailedPrecondition, reason, message, &[("state", state)])
}

/// The store's own troubles. What was not kept may safely be sent again under the same key.
pub fn store(error: StoreError) -> Status {
    match error {
        StoreError::Closed => Status::unavailable("the service is ending"),
        StoreError::CommitFailed(_) => {
            tracing::error!(%error, "a commit failed");
            Status::unavailable("the change could not be made durable; nothing was changed")
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
