//! Answers of the store as gRPC answers: the one place where a refusal becomes a status.

use crate::{domain::Refusal, store::call::Answer};
use fabric::{replay, status};
use journal::gate::Answer as Given;
use std::time::Duration;
use store::StoreError;
use tonic::{Code, Response, Status};
use tonic_types::{ErrorDetails, PreconditionViolation, StatusExt};

/// When to come again, for what has not been heard of yet and where nothing better is known.
const SOON: Duration = Duration::from_millis(100);

/// A reason that says it all.
const NOTHING_MORE: &[(&str, &str)] = &[];

/// The answer to a mutating call.
pub fn respond<T, M>(answer: Answer<T>, message: impl FnOnce(T) -> M) -> Result<Response<M>, Status> {
    match answer {
        Answer::Given(Given::Done { value, replayed }) => replay::answer(Ok(Response::new(message(value))), replayed),
        Answer::Given(Given::Refused { refusal, replayed }) => replay::answer(Err(refused(&refusal)), replayed),
        Answer::Given(Given::Reused { field }) => Err(replay::reused(&field)),
        Answer::Unknown(skus) => {
            let skus: Vec<String> = skus.into_iter().map(|sku| sku.0).collect();
            let skus = skus.join(", ");
            let message = format!("not in the catalogue: {skus}; PutCatalogue adds them");
            Err(status::refusal(Code::NotFound, "SKU_NOT_FOUND", &message, &[("skus", &skus)]))
        }
        Answer::NotYet => {
            let message = "the order's parcel has not been heard of yet: the same call will do, a little later";
            Err(status::retry_later(Code::Unavailable, message, SOON))
        }
    }
}

/// What the store could not do is not the caller's fault, and what will be well by itself may be asked again: under the
/// same key nothing is done twice, whatever became of the first.
pub fn failed(error: &StoreError) -> Status {
    if error.is_unavailable() {
        tracing::debug!(%error, "inventory cannot answer");
        let after = error.retry_after().unwrap_or(SOON);
        return status::retry_later(Code::Unavailable, format!("{error}; the same call may come again"), after);
    }
    if matches!(error, StoreError::Expired) {
        return Status::deadline_exceeded(error.to_string());
    }
    tracing::error!(%error, "inventory's store failed");
    Status::internal("inventory's store failed; its log says how")
}

fn refused(refusal: &Refusal) -> Status {
    let reason = refusal.reason();
    match refusal {
        Refusal::OutOfStock(_) => out_of_stock(refusal),
        Refusal::BelowZero { on_hand } => {
            let message = format!("only {on_hand} are on hand: no more can be taken away");
            status::refusal(Code::OutOfRange, reason, &message, &[("on_hand", &on_hand.to_string())])
        }
        Refusal::TooMuch { sku } => {
            status::refusal(Code::OutOfRange, reason, format!("{sku} cannot be counted any higher"), &[("sku", &sku.0)])
        }
        Refusal::TooManyReturned { sku, left } => {
            let message = format!("of {sku} only {left} can still come back of this order");
            status::refusal(Code::OutOfRange, reason, &message, &[("sku", &sku.0), ("left", &left.to_string())])
        }
        Refusal::OtherLines
        | Refusal::AlreadyReleased
        | Refusal::AlreadyShipped
        | Refusal::NotReserved
        | Refusal::NotShipped
        | Refusal::StepUndone
        | Refusal::StepStale => status::refusal(Code::FailedPrecondition, reason, sentence(refusal), NOTHING_MORE),
    }
}

/// For people.
const fn sentence(refusal: &Refusal) -> &'static str {
    match refusal {
        Refusal::OtherLines => "the order holds other lines already: release them first",
        Refusal::AlreadyReleased => "the order's reservation was given up for good",
        Refusal::AlreadyShipped => "the order's goods have gone: they come back by a return",
        Refusal::NotReserved => "the order has no reservation",
        Refusal::NotShipped => "nothing of the order was shipped, so nothing can come back",
        Refusal::StepUndone => "the saga undid this step before it arrived",
        Refusal::StepStale => "a later attempt of this step was here",
        _ => "refused",
    }
}

fn out_of_stock(refusal: &Refusal) -> Status {
    let Refusal::OutOfStock(lacking) = refusal else { unreachable!("asked for this refusal only") };
    let violations: Vec<PreconditionViolation> = lacking
        .iter()
        .map(|line| {
            let lack = format!("{} wanted, {} on hand", line.wanted, line.on_hand);
            PreconditionViolation::new(refusal.reason(), format!("sku/{}", line.sku), lack)
        })
        .collect();
    let names: Vec<&str> = lacking.iter().map(|line| line.sku.0.as_str()).take(10).collect();
    let more = if lacking.len() > names.len() { " and others" } else { "" };
    let mut details = ErrorDetails::with_precondition_failure(violations);
    details.set_error_info(refusal.reason(), "outrigger", []);
    let message = format!("not enough on hand: {}{more}", names.join(", "));
    Status::with_error_details(Code::FailedPrecondition, message, details)
}
