//! What may be set of orders. Every duration is wall clock.

use crate::domain::{OnFailure, Policy};
use saga::Backoff;
use std::time::Duration;

/// What may be set.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The answer to a step that cannot go on, for orders that bring none of their own.
    pub on_failure: OnFailure,
    /// How many orders are driven at once; the others wait in the table.
    pub concurrency: usize,
    /// How long one call of a step may take before its outcome counts as unknown.
    pub step_deadline: Duration,
    /// Pauses before the same attempt is made again, or a new one after a refusal.
    pub backoff: Backoff,
    /// How long a refused return is left before it is tried again: nobody has to be asked, but nothing is urgent.
    pub return_backoff: Backoff,
    /// How long an unknown outcome of any step but shipping is asked for before a person is.
    pub unknown_patience: Duration,
    /// The same for shipping: past it the order needs attention, never is it unpaid by itself.
    pub ship_patience: Duration,
    /// How long finished sagas and their logs are kept. Orders and their keys are kept for ever.
    pub keep: Duration,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            on_failure: OnFailure::Settled(Policy::Refund),
            concurrency: 512,
            step_deadline: Duration::from_secs(5),
            backoff: Backoff { initial: Duration::from_millis(50), max: Duration::from_secs(10) },
            return_backoff: Backoff { initial: Duration::from_millis(100), max: Duration::from_secs(300) },
            unknown_patience: Duration::from_secs(600),
            ship_patience: Duration::from_secs(600),
            keep: Duration::from_secs(90 * 24 * 3600),
        }
    }
}
