//! What an answer means: done, refused for good, or not known.

use crate::domain::{PAYMENT_DECLINED, TAKEN};
use api::{
    inventory::v1::{Reservation, ReservationState},
    payment::v1::{Payment, PaymentState},
    shipping::v1::{Shipment, ShipmentState},
};
use saga::Outcome;
use tonic::{Code, Status};

/// An error that says "not known" is asked again under the same name. Everything else is an answer: the attempt is
/// over, for the reason that the callee gave or, lacking one, for the code.
pub fn refused(status: &Status) -> Outcome {
    match status.code() {
        Code::Unavailable
        | Code::DeadlineExceeded
        | Code::Aborted
        | Code::Cancelled
        | Code::Internal
        | Code::Unknown
        | Code::ResourceExhausted => Outcome::Unknown { reason: status.message().to_owned() },
        code => Outcome::Refused {
            cause: fabric::status::reason(status).unwrap_or_else(|| code_name(code).to_owned()),
            reason: status.message().to_owned(),
        },
    }
}

/// A code as the specification spells it.
fn code_name(code: Code) -> &'static str {
    match code {
        Code::InvalidArgument => "INVALID_ARGUMENT",
        Code::NotFound => "NOT_FOUND",
        Code::AlreadyExists => "ALREADY_EXISTS",
        Code::PermissionDenied => "PERMISSION_DENIED",
        Code::FailedPrecondition => "FAILED_PRECONDITION",
        Code::OutOfRange => "OUT_OF_RANGE",
        Code::Unimplemented => "UNIMPLEMENTED",
        Code::DataLoss => "DATA_LOSS",
        Code::Unauthenticated => "UNAUTHENTICATED",
        _ => "REFUSED",
    }
}

/// A payment as a repeated call may find it: the resource as it stands now, not as it once was answered.
pub fn paid(payment: Option<Payment>, wanted: PaymentState) -> Outcome {
    let Some(payment) = payment else { return unknown("payments named no payment") };
    match payment.state() {
        state if state == wanted => done(payment.payment_id),
        PaymentState::Captured => done(payment.payment_id),
        PaymentState::Declined => Outcome::Refused { cause: PAYMENT_DECLINED.into(), reason: payment.decline_reason },
        PaymentState::Voided | PaymentState::Refunded => refusal("STEP_UNDONE", "the payment was undone meanwhile"),
        PaymentState::Authorised => refusal("NOT_CAPTURED", "the money is held, but was not taken"),
        PaymentState::Pending | PaymentState::Unspecified => unknown("the gateway has not answered yet"),
    }
}

/// A payment that was undone: nothing is held or taken any more. Whether anything was is what the order ends by.
pub fn unpaid(payment: Option<Payment>) -> Outcome {
    let Some(payment) = payment else { return done("") };
    let minor = |money: &Option<api::types::Money>| money.as_ref().map_or(0, |money| money.minor_units);
    let (captured, refunded) = (minor(&payment.captured), minor(&payment.refunded));
    match payment.state() {
        PaymentState::Pending => unknown("the gateway has not answered yet"),
        _ if captured != refunded => unknown("the money is not given back yet"),
        _ if captured > 0 => done(TAKEN),
        _ => done(""),
    }
}

/// Stock that is held. What has expired is held again by the commit, or refused there.
pub fn reserved(reservation: Option<Reservation>) -> Outcome {
    match reservation.map(|reservation| reservation.state()) {
        Some(ReservationState::Released) => refusal("STEP_UNDONE", "the reservation was given up meanwhile"),
        Some(ReservationState::Unspecified) | None => unknown("inventory named no reservation"),
        Some(_) => done(""),
    }
}

/// Stock that is promised.
pub fn committed(reservation: Option<Reservation>) -> Outcome {
    match reservation.map(|reservation| reservation.state()) {
        Some(ReservationState::Committed | ReservationState::Shipped) => done(""),
        Some(ReservationState::Released) => refusal("STEP_UNDONE", "the reservation was given up meanwhile"),
        Some(_) | None => unknown("inventory has not committed the stock"),
    }
}

/// A parcel that is there for the carrier.
pub fn shipped(shipment: Option<Shipment>) -> Outcome {
    let Some(shipment) = shipment else { return unknown("shipping named no shipment") };
    match shipment.state() {
        ShipmentState::Cancelled => refusal("SHIPMENT_CANCELLED", "the shipment was cancelled"),
        _ => done(shipment.shipment_id),
    }
}

pub fn done(output: impl Into<String>) -> Outcome {
    Outcome::Done { output: output.into() }
}

fn refusal(cause: &str, reason: &str) -> Outcome {
    Outcome::Refused { cause: cause.to_owned(), reason: reason.to_owned() }
}

fn unknown(reason: &str) -> Outcome {
    Outcome::Unknown { reason: reason.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn payment(state: PaymentState, captured: i64, refunded: i64) -> Option<Payment> {
        let money = |minor| Some(crate::domain::money("GBP", minor));
        Some(Payment {
            payment_id: "p".into(),
            state: state.into(),
            captured: money(captured),
            refunded: money(refunded),
            ..Payment::default()
        })
    }

    #[test]
    fn only_errors_that_mean_not_known_are_asked_again() {
        for code in [Code::Unavailable, Code::DeadlineExceeded, Code::Internal, Code::Aborted, Code::ResourceExhausted]
        {
            assert!(matches!(refused(&Status::new(code, "")), Outcome::Unknown { .. }), "{code:?}");
        }
        for code in [Code::InvalidArgument, Code::NotFound, Code::PermissionDenied, Code::FailedPrecondition] {
            let Outcome::Refused { cause, .. } = refused(&Status::new(code, "")) else { panic!("{code:?}") };
            assert_eq!(cause, code_name(code));
        }
    }

    #[test]
    fn a_reason_is_the_cause() {
        let status = fabric::status::refusal::<&str, &str>(Code::FailedPrecondition, "OUT_OF_STOCK", "none left", &[]);
        assert_eq!(refused(&status), refusal("OUT_OF_STOCK", "none left"));
    }

    #[test]
    fn a_repeated_charge_that_had_been_declined_is_a_refusal() {
        let Outcome::Refused { cause, .. } = paid(payment(PaymentState::Declined, 0, 0), PaymentState::Captured) else {
            panic!("declined");
        };
        assert_eq!(cause, PAYMENT_DECLINED);
        assert!(matches!(paid(payment(PaymentState::Pending, 0, 0), PaymentState::Captured), Outcome::Unknown { .. }));
    }

    #[test]
    fn an_undone_payment_says_whether_money_had_been_taken() {
        assert_eq!(unpaid(None), done(""));
        assert_eq!(unpaid(payment(PaymentState::Voided, 0, 0)), done(""));
        assert_eq!(unpaid(payment(PaymentState::Refunded, 500, 500)), done(TAKEN));
        assert!(matches!(unpaid(payment(PaymentState::Captured, 500, 200)), Outcome::Unknown { .. }));
    }
}
