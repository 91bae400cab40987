//! The time of day, told by tokio's clock.

use std::{
    fmt,
    time::{Duration, UNIX_EPOCH},
};
use tokio::time::Instant;

/// A time of day, in milliseconds since 1 January 1970 UTC.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Timestamp(i64);

impl Timestamp {
    /// From milliseconds since 1970.
    pub const fn from_millis(millis: i64) -> Self {
        Self(millis)
    }

    /// Milliseconds since 1970.
    pub const fn as_millis(self) -> i64 {
        self.0
    }

    /// Later by `by`; the last representable time when that would be beyond it.
    pub fn plus(self, by: Duration) -> Self {
        Self(self.0.saturating_add(i64::try_from(by.as_millis()).unwrap_or(i64::MAX)))
    }

    /// How long after `earlier` this is; zero when it is not.
    pub fn since(self, earlier: Self) -> Duration {
        Duration::from_millis(u64::try_from(self.0.saturating_sub(earlier.0)).unwrap_or(0))
    }
}

/// Milliseconds, for logs; people are shown times by those who format them.
impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)
    }
}

/// A pair of one moment: on tokio's clock and as time of day.
#[derive(Clone, Copy, Debug)]
pub struct Epoch {
    instant: Instant,
    time: Timestamp,
}

impl Epoch {
    /// The time that the machine shows now. The one place that reads its clock.
    #[allow(clippy::disallowed_methods)]
    pub fn system() -> Self {
        let since = std::time::SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Self::starting(Timestamp::default().plus(since))
    }

    /// It is `time` now.
    pub fn starting(time: Timestamp) -> Self {
        Self { instant: Instant::now(), time }
    }

    /// The time of day.
    pub fn now(&self) -> Timestamp {
        self.time.plus(self.instant.elapsed())
    }

    /// The time of day in nanoseconds since 1970: what spans are measured in.
    pub fn nanos(&self) -> u64 {
        let start = Duration::from_millis(self.time.as_millis().max(0).cast_unsigned());
        u64::try_from((start + self.instant.elapsed()).as_nanos()).unwrap_or(u64::MAX)
    }
}
