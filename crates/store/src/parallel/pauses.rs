//! How long to wait before the next attempt: longer each time, and each a little different, so that units which got in each
//! other's way do not meet again.

use super::Again;
use crate::postgres::{Lease, Patience};
use std::time::Duration;
use tokio::time::{Instant, sleep_until};

/// Who was in the way is soon gone.
const CONTENDED: (Duration, Duration) = (Duration::from_millis(2), Duration::from_millis(100));

/// A database takes a moment to come back.
const ABSENT: (Duration, Duration) = (Duration::from_millis(10), Duration::from_millis(250));

/// Attempts at a unit that is undone again and again.
const ATTEMPTS: u32 = 12;

#[derive(Default)]
pub(super) struct Pauses {
    contended: u32,
    absent: u32,
}

impl Pauses {
    /// Waits; false when it is not worth it any more.
    pub async fn pause(&mut self, again: &Again, lease: &Lease, patience: &Patience) -> bool {
        let ((first, longest), count, until) = match again {
            Again::Absent(_) => (ABSENT, &mut self.absent, patience.absence()),
            Again::Contended(_) => (CONTENDED, &mut self.contended, patience.turn()),
        };
        let whole = (first * 2_u32.saturating_pow(*count)).min(longest);
        *count += 1;
        let next = Instant::now() + whole.mul_f64(0.5 + lease.dice(*count) / 2.0);
        if next >= until || self.contended >= ATTEMPTS {
            return false;
        }
        sleep_until(next).await;
        true
    }
}
