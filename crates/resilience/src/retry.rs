//! Whether a failed attempt is made again. The decision alone: [`crate::RetryLayer`] acts on it.

use crate::{Backoff, Pushback, Response, ended};
use policy::{Codes, RetryPolicy};
use std::time::Duration;
use tonic::{Code, Status};

/// How an attempt failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Failure {
    /// With this code.
    pub code: Code,
    /// And this said of retries.
    pub pushback: Option<Pushback>,
}

impl Failure {
    /// The failure in a result; none when it succeeded or its messages are still to come. Once an answer has begun it
    /// belongs to the caller, and there is no second attempt.
    pub fn of(result: &Result<Response, Status>) -> Option<Self> {
        let code = ended(result).filter(|code| *code != Code::Ok)?;
        Some(Self { code, pushback: Pushback::of(result) })
    }
}

/// What follows a failed attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Another attempt, after a wait: if the budget grants it.
    Again {
        /// The wait.
        after: Duration,
    },
    /// The failure is the answer.
    Enough,
}

/// The attempts of one call. A value: time left and dice are handed in.
#[derive(Clone, Debug)]
pub struct Attempts {
    made: u32,
    most: u32,
    codes: Codes,
    backoff: Backoff,
}

impl Attempts {
    /// None made yet.
    pub fn new(policy: &RetryPolicy) -> Self {
        Self { made: 0, most: policy.attempts, codes: policy.codes, backoff: Backoff::of(policy) }
    }

    /// How many have failed.
    pub const fn failed(&self) -> u32 {
        self.made
    }

    /// An attempt failed. `dice` is 0 ≤ x < 1; `left` is what remains until the call's deadline: a wait that would reach
    /// it is not begun.
    pub fn on_failure(&mut self, failure: &Failure, dice: f64, left: Option<Duration>) -> Verdict {
        self.made += 1;
        if self.made >= self.most || !self.codes.contains(failure.code as i32) {
            return Verdict::Enough;
        }
        let after = match failure.pushback {
            Some(Pushback::Stop) => return Verdict::Enough,
            Some(Pushback::After(wait)) => wait,
            None => self.backoff.wait(dice),
        };
        match left {
            Some(left) if after >= left => Verdict::Enough,
            _ => Verdict::Again { after },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn attempts() -> Attempts {
        Attempts::new(&RetryPolicy {
            attempts: 3,
            codes: [Code::Unavailable as i32].into_iter().collect(),
            initial_backoff: Duration::from_millis(20),
            max_backoff: Duration::from_secs(1),
            attempt_timeout: None,
        })
    }

    const UNAVAILABLE: Failure = Failure { code: Code::Unavailable, pushback: None };

    #[test]
    fn attempts_are_counted_with_the_first() {
        let mut attempts = attempts();
        assert_eq!(attempts.on_failure(&UNAVAILABLE, 1.0, None), Verdict::Again { after: Duration::from_millis(20) });
        assert_eq!(attempts.on_failure(&UNAVAILABLE, 1.0, None), Verdict::Again { after: Duration::from_millis(40) });
        assert_eq!(attempts.on_failure(&UNAVAILABLE, 1.0, None), Verdict::Enough);
    }

    #[test]
    fn only_the_codes_of_the_policy_lead_to_another() {
        let failure = Failure { code: Code::Internal, pushback: None };
        assert_eq!(attempts().on_failure(&failure, 0.5, None), Verdict::Enough);
    }

    #[test]
    fn a_wait_that_would_reach_the_deadline_is_not_begun() {
        assert_eq!(attempts().on_failure(&UNAVAILABLE, 1.0, Some(Duration::from_millis(20))), Verdict::Enough);
        assert!(matches!(
            attempts().on_failure(&UNAVAILABLE, 1.0, Some(Duration::from_millis(21))),
            Verdict::Again { .. }
        ));
    }

    #[test]
    fn the_far_side_has_a_say() {
        let stop = Failure { pushback: Some(Pushback::Stop), ..UNAVAILABLE };
        assert_eq!(attempts().on_failure(&stop, 0.5, None), Verdict::Enough);
        let after = Duration::from_secs(3);
        let wait = Failure { pushback: Some(Pushback::After(after)), ..UNAVAILABLE };
        assert_eq!(attempts().on_failure(&wait, 0.5, None), Verdict::Again { after });
    }
}
