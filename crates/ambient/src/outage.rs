//! A row of failures that is told twice, when it begins and when it is over, however many tries are made in between.

use crate::Timestamp;
use std::time::Duration;

/// What a task that tries again for ever remembers of its failures, so that its log has a line an outage and not one a
/// try.
///
/// ```
/// use outrigger_ambient::{Outage, Timestamp};
///
/// let mut outage = Outage::default();
/// assert!(outage.begins(Timestamp::from_millis(0))); // worth a line
/// assert!(!outage.begins(Timestamp::from_millis(1_000))); // known already
/// assert_eq!(outage.ends(Timestamp::from_millis(3_000)).map(|lasted| lasted.as_secs()), Some(3));
/// assert_eq!(outage.ends(Timestamp::from_millis(4_000)), None);
/// ```
#[derive(Debug, Default)]
pub struct Outage(Option<Timestamp>);

impl Outage {
    /// A try failed; true when it is the first since one worked.
    pub fn begins(&mut self, now: Timestamp) -> bool {
        let first = self.0.is_none();
        self.0.get_or_insert(now);
        first
    }

    /// A try worked; how long none had, unless the one before had worked too.
    pub fn ends(&mut self, now: Timestamp) -> Option<Duration> {
        self.0.take().map(|began| now.since(began))
    }
}
