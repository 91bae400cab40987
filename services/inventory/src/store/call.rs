//! This service's words at the gates that every mutating call passes (see [`journal::gate`]), and what it answers before them.

use crate::domain::{Refusal, Sku};
use journal::gate;

/// What came of a call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer<T> {
    /// It came to the gates.
    Given(gate::Answer<T, Refusal>),
    /// Not in the catalogue. Nothing was written, not even the key.
    Unknown(Vec<Sku>),
    /// What must come first has not been heard of yet. Nothing was written: the same call may come again.
    NotYet,
}

impl<T> Answer<T> {
    /// It was done, now.
    pub const fn done(value: T) -> Self {
        Self::Given(gate::Answer::Done { value, replayed: false })
    }

    /// The gates ended it; a replay answers the thing as it stands now.
    pub fn ended(ended: gate::Ended<Refusal>, as_it_stands: T) -> Self {
        Self::Given(ended.answer(as_it_stands))
    }
}

impl gate::Refusal for Refusal {
    const UNDONE: Self = Self::StepUndone;
    const STALE: Self = Self::StepStale;

    fn encode(&self) -> String {
        Self::encode(self)
    }

    fn decode(text: &str) -> Option<Self> {
        Self::decode(text)
    }
}
