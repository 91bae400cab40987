//! All that a program takes from its surroundings and a replay must give back: time, identifiers, dice (I12).
//!
//! Everything that is random or takes time comes from an [`Ambient`] that is handed down from `main` or from a test.
//! Time is tokio's: under a paused clock it moves only when every task waits, so a story of hours runs in milliseconds.
//! Apart from the rest because nothing else may touch the system clock or a random source (`clippy.toml` forbids it).
//!
//! ```
//! use outrigger_ambient::{Ambient, Timestamp};
//!
//! let ambient = Ambient::seeded(7, Timestamp::from_millis(1_700_000_000_000));
//! assert_eq!(ambient.now().as_millis(), 1_700_000_000_000);
//! assert_eq!(ambient.id().len(), 26);
//! ```

mod alarm;
mod dice;
mod faults;
mod ids;
mod outage;
mod time;

pub use alarm::{Alarm, Promise};
pub use dice::{Dice, roll};
pub use faults::{Fault, Faults};
pub use outage::Outage;
pub use time::{Epoch, Timestamp};

use std::{sync::Arc, time::Duration};

/// What a program takes from its surroundings. Cloning shares it.
#[derive(Clone, Debug)]
pub struct Ambient(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    epoch: Epoch,
    dice: Dice,
    ids: ids::Ids,
}

impl Ambient {
    /// The real clock, and dice seeded from the operating system.
    pub fn system() -> Self {
        Self::new(Epoch::system(), dice::entropy())
    }

    /// A world that a seed gives back: the clock starts at `start` and the dice at `seed`.
    pub fn seeded(seed: u64, start: Timestamp) -> Self {
        Self::new(Epoch::starting(start), seed)
    }

    fn new(epoch: Epoch, seed: u64) -> Self {
        Self(Arc::new(Inner { epoch, dice: Dice::new(seed), ids: ids::Ids::default() }))
    }

    /// The time of day.
    pub fn now(&self) -> Timestamp {
        self.0.epoch.now()
    }

    /// The time of day in nanoseconds since 1970: what spans are measured in. True to a millisecond; what lies between two
    /// is true to a nanosecond.
    pub fn nanos(&self) -> u64 {
        self.0.epoch.nanos()
    }

    /// The moment of tokio's clock at which the time of day is `at`; now, when it has passed.
    pub fn instant(&self, at: Timestamp) -> tokio::time::Instant {
        tokio::time::Instant::now() + at.since(self.now())
    }

    /// A new identifier: 26 characters that sort by time (a ULID), unique within and across processes.
    pub fn id(&self) -> String {
        self.0.ids.next(self.now(), &self.0.dice)
    }

    /// The shared dice: for jitter and identifiers. A fault's dice are [`roll`], never these.
    pub fn dice(&self) -> &Dice {
        &self.0.dice
    }

    /// A part of `whole`, uniformly at random: the full jitter of a backoff.
    pub fn jitter(&self, whole: Duration) -> Duration {
        whole.mul_f64(self.0.dice.unit())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_seed_gives_the_same_world() {
        let start = Timestamp::from_millis(1_000);
        let (a, b) = (Ambient::seeded(1, start), Ambient::seeded(1, start));
        assert_eq!(a.dice().unit(), b.dice().unit());
        assert_ne!(Ambient::seeded(2, start).dice().unit(), Ambient::seeded(1, start).dice().unit());
    }

    #[test]
    fn identifiers_of_one_moment_still_sort_in_the_order_they_were_made() {
        let ambient = Ambient::seeded(1, Timestamp::from_millis(1_000));
        let ids: Vec<String> = (0..1_000).map(|_| ambient.id()).collect();
        assert!(ids.is_sorted());
        assert!(ids.iter().all(|id| id.len() == 26));
    }

    #[tokio::test(start_paused = true)]
    async fn time_is_tokios() {
        let ambient = Ambient::seeded(1, Timestamp::from_millis(1_000));
        tokio::time::sleep(Duration::from_secs(3_600)).await;
        assert_eq!(ambient.now().as_millis(), 3_601_000);
    }
}
