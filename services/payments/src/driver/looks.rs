//! When to look into the books for operations that nobody carries: at a start, and whenever an errand may have been lost.

use std::time::Duration;
use tokio::time::{Instant, sleep_until};

/// What a commit left whose answer was lost is there by then, whatever held it up.
const LATEST: Duration = Duration::from_secs(15);

/// The next look, and the one after it.
#[derive(Debug)]
pub struct Looks {
    soon: Option<Instant>,
    later: Option<Instant>,
}

impl Looks {
    /// One, now.
    pub fn at_once(now: Instant) -> Self {
        Self { soon: Some(now), later: None }
    }

    /// An errand may have been lost: one now, and one when the commit in question is over at the latest.
    pub fn wanted(&mut self, now: Instant) {
        self.soon.get_or_insert(now);
        self.later = Some(now + LATEST);
    }

    /// Until it is time. For ever when none is wanted.
    pub async fn due(&self) {
        match self.soon.or(self.later) {
            Some(at) => sleep_until(at).await,
            None => std::future::pending().await,
        }
    }

    /// One was taken; when it saw nothing, it is taken again at `again`.
    pub fn looked(&mut self, seen: bool, again: Instant) {
        match (seen, self.soon) {
            (false, _) => self.soon = Some(again),
            (true, Some(_)) => self.soon = None,
            (true, None) => self.later = None,
        }
    }
}
