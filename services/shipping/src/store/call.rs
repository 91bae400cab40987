//! This service's words at the gates that every mutating call passes: see [`journal::gate`].

use crate::domain::Refusal;
use journal::gate;

/// What came of a call.
pub type Answer<T> = gate::Answer<T, Refusal>;

impl gate::Refusal for Refusal {
    const UNDONE: Self = Self::StepUndone;
    const STALE: Self = Self::StepStale;

    fn encode(&self) -> String {
        self.reason().to_owned()
    }

    fn decode(text: &str) -> Option<Self> {
        Self::parse(text)
    }
}
