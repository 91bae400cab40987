//! The three answers to a step that cannot go on: refund, keep trying, or hold for a person.

use super::{causes::PAYMENT_DECLINED, steps};
use api::order::v1::{FailureAction, FailurePolicy};
use saga::{Answer, Refusal};
use std::time::Duration;

/// An answer that needs no further thought.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Policy {
    /// Undo what was done, in reverse.
    Refund,
    /// Park the order for a person.
    Hold,
}

/// An order's own answer, as it is in force.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OnFailure {
    /// At once.
    Settled(Policy),
    /// Keep trying, counted from the first refusal; then that.
    Retry {
        /// How long.
        retry_for: Duration,
        /// And then.
        then: Policy,
    },
}

impl Policy {
    fn answer(self) -> Answer {
        match self {
            Self::Refund => Answer::Undo,
            Self::Hold => Answer::Park,
        }
    }

    fn action(self) -> FailureAction {
        match self {
            Self::Refund => FailureAction::Refund,
            Self::Hold => FailureAction::Hold,
        }
    }

    /// Its name in the tables.
    pub fn name(self) -> &'static str {
        match self {
            Self::Refund => "REFUND",
            Self::Hold => "HOLD",
        }
    }

    /// The opposite of [`name`](Self::name).
    pub fn named(name: &str) -> Option<Self> {
        [Self::Refund, Self::Hold].into_iter().find(|policy| policy.name() == name)
    }
}

impl OnFailure {
    /// As it is shown.
    pub fn message(self) -> FailurePolicy {
        match self {
            Self::Settled(policy) => FailurePolicy { action: policy.action().into(), retry_for: None, then: 0 },
            Self::Retry { retry_for, then } => FailurePolicy {
                action: FailureAction::Retry.into(),
                retry_for: prost_types::Duration::try_from(retry_for).ok(),
                then: then.action().into(),
            },
        }
    }
}

/// What a refused step of an order comes to.
///
/// A declined payment ends the order: there is nothing to undo. A refused shipment needs a person: money was taken and
/// stock promised, and neither is given up by itself. Everything else is the order's own answer.
pub fn answer(on_failure: OnFailure, refusal: &Refusal) -> Answer {
    match (refusal.step, on_failure) {
        (steps::PAY, _) if refusal.cause == PAYMENT_DECLINED => Answer::End,
        (steps::SHIP, _) => Answer::Park,
        (_, OnFailure::Settled(policy)) => policy.answer(),
        (_, OnFailure::Retry { retry_for, then }) => match refusal.now.since(refusal.since) < retry_for {
            true => Answer::Retry { until: refusal.since.plus(retry_for) },
            false => then.answer(),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ambient::Timestamp;

    fn refused(step: &'static str, cause: &str, after: u64) -> Refusal {
        let since = Timestamp::from_millis(1_000);
        Refusal { step, cause: cause.into(), since, now: since.plus(Duration::from_millis(after)) }
    }

    const RETRY: OnFailure = OnFailure::Retry { retry_for: Duration::from_millis(500), then: Policy::Hold };

    #[test]
    fn a_declined_payment_ends_the_order_whatever_its_policy() {
        for policy in [OnFailure::Settled(Policy::Hold), OnFailure::Settled(Policy::Refund), RETRY] {
            assert_eq!(answer(policy, &refused(steps::PAY, PAYMENT_DECLINED, 0)), Answer::End);
        }
    }

    #[test]
    fn a_refused_shipment_is_never_unpaid_by_itself() {
        assert_eq!(answer(OnFailure::Settled(Policy::Refund), &refused(steps::SHIP, "X", 0)), Answer::Park);
    }

    #[test]
    fn retrying_ends_at_its_limit_and_then_does_what_was_said() {
        let until = Timestamp::from_millis(1_500);
        assert_eq!(answer(RETRY, &refused(steps::RESERVE, "OUT_OF_STOCK", 0)), Answer::Retry { until });
        assert_eq!(answer(RETRY, &refused(steps::RESERVE, "OUT_OF_STOCK", 499)), Answer::Retry { until });
        assert_eq!(answer(RETRY, &refused(steps::RESERVE, "OUT_OF_STOCK", 500)), Answer::Park);
    }

    #[test]
    fn a_payment_refused_for_another_reason_is_the_policys_to_answer() {
        let refusal = refused(steps::PAY, "INVALID_ARGUMENT", 0);
        assert_eq!(answer(OnFailure::Settled(Policy::Refund), &refusal), Answer::Undo);
        assert_eq!(answer(OnFailure::Settled(Policy::Hold), &refusal), Answer::Park);
    }
}
