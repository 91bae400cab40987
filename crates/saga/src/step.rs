//! Steps and what becomes of them: the words in which a plan and its saga speak.

use crate::state::Direction;
use ambient::Timestamp;
use std::time::Duration;

/// One step of a plan.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Step {
    /// Its name in calls and logs.
    pub name: &'static str,
    /// Whether it has an undo of its own; a step without one is undone with an earlier step, or has nothing to undo.
    pub undo: bool,
}

/// One call that is to be made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Call {
    /// The saga.
    pub saga: String,
    /// The step's name.
    pub step: &'static str,
    /// To do it, or to undo it.
    pub direction: Direction,
    /// From 1; 0 for an undo, which stands for all attempts.
    pub attempt: i64,
    /// The trace (W3C traceparent) in which the saga was begun.
    pub trace: Option<String>,
}

impl Call {
    /// The key under which the callee remembers this call: the same for every repetition of one attempt.
    pub fn request_id(&self) -> String {
        match self.direction {
            Direction::Forward => format!("{}/{}/{}", self.saga, self.step, self.attempt),
            Direction::Undo => format!("{}/{}/undo", self.saga, self.step),
        }
    }
}

/// What came of a call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It is done.
    Done {
        /// What later steps and the plan's own state need of the answer.
        output: String,
    },
    /// It is definitely not done, and this attempt never will be.
    Refused {
        /// For machines.
        cause: String,
        /// For people.
        reason: String,
    },
    /// Nobody knows: the same attempt is made again until somebody does.
    Unknown {
        /// For people.
        reason: String,
    },
}

/// A step that was refused, as the plan is asked about it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// The step's name.
    pub step: &'static str,
    /// For machines.
    pub cause: String,
    /// When this step was refused first.
    pub since: Timestamp,
    /// The time.
    pub now: Timestamp,
}

/// The plan's answer to a refusal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answer {
    /// Undo what was done, in reverse.
    Undo,
    /// Make a new attempt, after a pause that does not reach beyond `until`.
    Retry {
        /// When the patience with this refusal ends.
        until: Timestamp,
    },
    /// Wait for a person.
    Park,
    /// There is nothing to undo: end here.
    End,
}

/// What follows the last step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Then {
    /// The saga is done.
    Finish,
    /// The saga waits until somebody outside ends it.
    Wait,
}

/// Pauses between tries: doubling from `initial` up to `max`; half of each is left to chance.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Backoff {
    /// The first pause.
    pub initial: Duration,
    /// No pause is longer.
    pub max: Duration,
}

impl Backoff {
    /// The pause after `tries` failures (from 1); `dice` from 0 to 1 decides within its upper half.
    pub fn after(&self, tries: i64, dice: f64) -> Duration {
        let doublings = u32::try_from(tries.saturating_sub(1).clamp(0, 30)).unwrap_or(30);
        let whole = self.initial.saturating_mul(1u32 << doublings.min(30)).min(self.max);
        whole.mul_f64(0.5 + dice.clamp(0.0, 1.0) / 2.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_double_up_to_their_bound_and_never_vanish() {
        let backoff = Backoff { initial: Duration::from_millis(100), max: Duration::from_secs(1) };
        assert_eq!(backoff.after(1, 1.0), Duration::from_millis(100));
        assert_eq!(backoff.after(3, 1.0), Duration::from_millis(400));
        assert_eq!(backoff.after(1_000, 1.0), Duration::from_secs(1));
        assert_eq!(backoff.after(1, 0.0), Duration::from_millis(50));
    }

    #[test]
    fn an_undo_has_one_key_whatever_the_attempts_were() {
        let call =
            |direction, attempt| Call { saga: "s".into(), step: "pay", direction, attempt, trace: None }.request_id();
        assert_eq!(call(Direction::Forward, 2), "s/pay/2");
        assert_eq!(call(Direction::Undo, 0), "s/pay/undo");
    }
}
