//! Where a saga stands: a plain value, the same in memory and in its row.

use ambient::Timestamp;

/// Whether a saga does or undoes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// Step after step.
    Forward,
    /// Back, in reverse.
    Undo,
}

/// Who has the next move.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    /// This program: the present attempt is being made, or will be at `wake_at`.
    Running,
    /// The world: an event that ends the saga, or a wish that turns it round.
    Waiting,
    /// A person.
    Parked,
    /// Nobody.
    Done,
}

/// Where a saga stands.
///
/// `Running` without `wake_at` means that a task of the running process holds it; at the next start it is due at once.
/// The present attempt is always in the log already.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct State {
    /// Who has the next move.
    pub status: Status,
    /// Which way.
    pub direction: Direction,
    /// The present step, counted from 0.
    pub step: usize,
    /// The present attempt, from 1; 0 when undoing.
    pub attempt: i64,
    /// The furthest step that was ever begun.
    pub reached: usize,
    /// Failures of the present step in a row.
    pub tries: i64,
    /// When the present step was refused first.
    pub refused_at: Option<Timestamp>,
    /// Since when the present attempt's outcome is unknown.
    pub unknown_at: Option<Timestamp>,
    /// The cause of a wish to turn round that the worker has not read yet.
    pub wish: Option<String>,
    /// Why it turned round.
    pub cause: Option<String>,
    /// When the present attempt is due.
    pub wake_at: Option<Timestamp>,
    /// Raised by whoever takes the saga over; every write of a worker names the one it holds (I7).
    pub fence: i64,
    /// The latest entry of the log; every write raises it.
    pub seq: i64,
}

impl State {
    /// A saga that begins: the first attempt of the first step.
    pub fn begun(wake_at: Option<Timestamp>) -> Self {
        Self {
            status: Status::Running,
            direction: Direction::Forward,
            step: 0,
            attempt: 1,
            reached: 0,
            tries: 0,
            refused_at: None,
            unknown_at: None,
            wish: None,
            cause: None,
            wake_at,
            fence: 1,
            seq: 1,
        }
    }

    /// True while a task of the running process makes the present attempt.
    pub fn driven(&self) -> bool {
        self.status == Status::Running && self.wake_at.is_none()
    }

    /// True when a wish is all that came between this state and `later`. A worker's own turn always changes more: it
    /// makes another attempt the present one, or lets go of the saga.
    pub(crate) fn differs_by_a_wish(&self, later: &Self) -> bool {
        Self { wish: later.wish.clone(), seq: later.seq, ..self.clone() } == *later
    }
}

impl Direction {
    /// Its name in the tables.
    pub fn name(self) -> &'static str {
        match self {
            Self::Forward => "forward",
            Self::Undo => "undo",
        }
    }

    pub(crate) fn named(name: &str) -> Option<Self> {
        [Self::Forward, Self::Undo].into_iter().find(|direction| direction.name() == name)
    }
}

impl Status {
    /// Its name in the tables.
    pub fn name(self) -> &'static str {
        match self {
            Self::Running => "running",
            Self::Waiting => "waiting",
            Self::Parked => "parked",
            Self::Done => "done",
        }
    }

    pub(crate) fn named(name: &str) -> Option<Self> {
        [Self::Running, Self::Waiting, Self::Parked, Self::Done].into_iter().find(|status| status.name() == name)
    }
}
