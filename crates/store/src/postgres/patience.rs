//! How long one unit or read is worked at: its caller's deadline, and a limit of our own to waiting for a database that
//! is not there.

use std::time::Duration;
use tokio::time::Instant;

/// Whoever has no deadline waits so long for its turn.
const TURN: Duration = Duration::from_secs(60);

/// A database that is not there is waited for so long: a restart of it is waited out, an outage is said aloud.
const ABSENCE: Duration = Duration::from_secs(5);

/// The caller should hear of an absence rather than of its own deadline, so the last bit of that is left to it.
const MARGIN: Duration = Duration::from_millis(100);

/// Whoever has less than this left would take mere slowness for an absence: it hears of its deadline.
const HURRY: Duration = Duration::from_millis(500);

#[derive(Clone, Copy, Debug)]
pub(crate) struct Patience {
    deadline: Option<Instant>,
    turn: Instant,
    absence: Instant,
}

impl Patience {
    /// From now on, for a caller with this deadline.
    pub fn from(now: Instant, deadline: Option<Instant>) -> Self {
        let turn = deadline.unwrap_or(now + TURN);
        Self { deadline, turn, absence: turn }.begun(now)
    }

    /// The same once the turn has come: only now can the database be found absent.
    pub fn begun(self, now: Instant) -> Self {
        let left = self.turn.saturating_duration_since(now);
        let absence = match self.deadline {
            Some(_) if left < HURRY => left,
            Some(_) => left - MARGIN.min(left / 10),
            None => ABSENCE,
        };
        Self { absence: now + absence.min(ABSENCE), ..self }
    }

    /// The caller's deadline is over.
    pub fn is_over(&self) -> bool {
        self.deadline.is_some_and(|deadline| deadline <= Instant::now())
    }

    /// Until when to wait for a free connection.
    pub fn turn(&self) -> Instant {
        self.turn
    }

    /// Until when to wait for the database itself.
    pub fn absence(&self) -> Instant {
        self.absence
    }

    /// What a statement may take at most, when that is less than `usual`.
    pub fn less_than(&self, usual: Duration) -> Option<Duration> {
        let left = self.deadline?.saturating_duration_since(Instant::now());
        // Zero would mean no limit at all.
        (left < usual).then_some(left.max(Duration::from_millis(1)))
    }
}
