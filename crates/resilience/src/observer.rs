//! What the layers say of what they do. They neither log nor count: whoever builds the stack listens and does.

use crate::Transition;
use std::time::Duration;
use tonic::Code;

/// Something that a layer decided.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Event {
    /// A call with a retry policy ended, or began to answer, after so many attempts.
    Ended { attempts: u32 },
    /// The attempt of this number failed, and the next one follows after a wait.
    Retrying { attempt: u32, code: Code, after: Duration },
    /// The attempt of this number failed and could be made again, but the budget is spent (I9).
    BudgetSpent { attempt: u32, code: Code },
    /// An attempt was given up on after its own time.
    AttemptTimedOut { after: Duration },
    /// The endpoint's breaker refused the call: nothing was sent.
    Refused,
    /// The endpoint's breaker changed its state.
    Breaker(Transition),
}

/// In a request's extensions: which attempt of its call this is. A first attempt has none, and is the default.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Attempt {
    /// From 1.
    pub number: u32,
    /// What was waited before it.
    pub waited: Duration,
}

impl Default for Attempt {
    fn default() -> Self {
        Self { number: 1, waited: Duration::ZERO }
    }
}

/// Who is told. Called on the call's own path: it must not block.
pub trait Observer: Send + Sync + 'static {
    /// Something was decided.
    fn on(&self, event: Event);
}

/// Nobody listens.
#[derive(Clone, Copy, Debug, Default)]
pub struct Silent;

impl Observer for Silent {
    fn on(&self, _: Event) {}
}
