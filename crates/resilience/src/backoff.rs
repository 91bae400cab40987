//! How long to wait before the next attempt: exponential, with full jitter.
//!
//! Wait n is drawn evenly between zero and min(max, initial · 2ⁿ⁻¹). Full jitter is what spreads the retries of many
//! callers that failed together (Brooker, "Exponential Backoff And Jitter", AWS Architecture Blog, 2015).

use policy::RetryPolicy;
use std::time::Duration;

/// The waits of one call. A value: the dice are handed in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Backoff {
    next: Duration,
    max: Duration,
}

impl Backoff {
    /// The first wait is at most `initial`; none is above `max`.
    pub fn new(initial: Duration, max: Duration) -> Self {
        Self { next: initial.min(max), max }
    }

    /// The waits that a policy asks for.
    pub fn of(policy: &RetryPolicy) -> Self {
        Self::new(policy.initial_backoff, policy.max_backoff)
    }

    /// The next wait. `dice` is 0 ≤ x < 1.
    pub fn wait(&mut self, dice: f64) -> Duration {
        let bound = self.next;
        self.next = bound.saturating_mul(2).min(self.max);
        bound.mul_f64(dice.clamp(0.0, 1.0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bound_doubles_up_to_its_most() {
        let mut backoff = Backoff::new(Duration::from_millis(20), Duration::from_millis(100));
        let bounds: Vec<u128> = (0..5).map(|_| backoff.wait(1.0).as_millis()).collect();
        assert_eq!(bounds, [20, 40, 80, 100, 100]);
    }

    #[test]
    fn the_jitter_is_full() {
        let wait = |dice| Backoff::new(Duration::from_millis(20), Duration::from_secs(1)).wait(dice);
        assert_eq!(wait(0.0), Duration::ZERO);
        assert_eq!(wait(0.5), Duration::from_millis(10));
    }
}
