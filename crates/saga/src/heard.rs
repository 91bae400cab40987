//! What is heard and told of a saga: the vocabulary of a decision.

use crate::{
    state::{Direction, State},
    step::{Answer, Backoff, Outcome, Refusal, Step, Then},
};
use std::time::Duration;

/// The plan's pure part, for one case.
pub struct Rules<'a> {
    /// The steps.
    pub steps: &'static [Step],
    /// What follows the last.
    pub then: Then,
    /// What to do about a refusal.
    pub answer: &'a (dyn Fn(&Refusal) -> Answer + Sync),
    /// How long to ask again for an unknown outcome of the present step.
    pub patience: Option<Duration>,
    /// Whether a refused undo of the present step means that it stands.
    pub stands: bool,
    /// How long to wait before another try.
    pub pause: Pause,
}

/// A backoff with its dice already thrown.
#[derive(Clone, Copy, Debug)]
pub struct Pause {
    /// The pauses.
    pub backoff: Backoff,
    /// 0 to 1.
    pub dice: f64,
}

/// What was heard.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Heard {
    /// What came of the present attempt.
    Outcome(Outcome),
    /// Somebody wishes the saga undone.
    Wish {
        /// For machines.
        cause: String,
        /// For people.
        reason: String,
        /// Who; empty for the system.
        actor: String,
    },
    /// A person has the parked step tried again.
    Retry {
        /// Who.
        actor: String,
        /// Why.
        note: String,
    },
    /// The last step is done by the world's own word, whatever its caller heard.
    Proven,
    /// Somebody outside ended it.
    Finished,
    /// What it waits for will not come.
    Forsaken {
        /// For machines.
        cause: String,
        /// For people.
        reason: String,
    },
}

/// What a turn means to the plan, in order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Told {
    /// A step is done.
    Stepped {
        /// Its name.
        step: &'static str,
        /// Its output.
        output: String,
    },
    /// The saga turned round; the named undo is next, if there is any.
    Undoing {
        /// The first undo, if anything is to be undone.
        first: Option<&'static str>,
        /// The step at which it turned.
        at: &'static str,
        /// For machines.
        cause: String,
        /// For people.
        reason: String,
        /// Who wished it; empty for the system.
        actor: String,
    },
    /// A step is undone.
    Undone {
        /// Its name.
        step: &'static str,
        /// The undo's output.
        output: String,
    },
    /// All is undone: the saga is over.
    Unwound {
        /// The furthest step that had been begun.
        reached: &'static str,
        /// Why it turned round.
        cause: String,
    },
    /// The undo was refused because the step stands: the saga goes on as if nobody had wished anything.
    Stood {
        /// Its name.
        step: &'static str,
    },
    /// It waits for a person.
    Parked {
        /// The step that could not go on.
        step: &'static str,
        /// For machines.
        cause: String,
        /// For people.
        reason: String,
    },
    /// A person has it tried again.
    Resumed {
        /// The step.
        step: &'static str,
        /// Whether it is undoing.
        direction: Direction,
        /// Who.
        actor: String,
        /// Why.
        note: String,
    },
    /// It ended at a refusal with nothing to undo.
    Ended {
        /// The step that was refused.
        step: &'static str,
        /// For machines.
        cause: String,
        /// For people.
        reason: String,
    },
    /// The last step is done and nothing waits for an event: the saga is over.
    Finished,
}

/// One entry of the log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Its number within the saga.
    pub seq: i64,
    /// Which way the saga went.
    pub direction: Direction,
    /// The step's name.
    pub step: &'static str,
    /// The attempt; 0 when undoing.
    pub attempt: i64,
    /// "begun", "done", "refused", "unknown", "wish", "parked", "resumed", "proven", "stood", "finished".
    pub entry: &'static str,
    /// The output, the cause, the reason.
    pub detail: String,
}

/// What a turn comes to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Turn {
    /// The state after it.
    pub after: State,
    /// What the log says of it.
    pub entries: Vec<Entry>,
    /// What the plan is told.
    pub told: Vec<Told>,
}
