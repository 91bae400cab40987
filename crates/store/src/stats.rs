//! What a store has done since it was opened.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

/// Counts since the store was opened.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Stats {
    /// Units of work that were committed.
    pub units: u64,
    /// Commits that made them durable; fewer than units when they were grouped.
    pub commits: u64,
    /// Statements run, reads included.
    pub statements: u64,
    /// Times that a unit was run again: others were in its way, or its connection broke. Never on SQLite.
    pub reruns: u64,
}

/// The counters behind [`Stats`]. They guard nothing, so their order among other memory does not matter.
#[derive(Debug, Default)]
pub(crate) struct Counters {
    units: AtomicU64,
    commits: AtomicU64,
    statements: AtomicU64,
    reruns: AtomicU64,
}

impl Counters {
    pub fn statement(&self) {
        self.statements.fetch_add(1, Relaxed);
    }

    pub fn rerun(&self) {
        self.reruns.fetch_add(1, Relaxed);
    }

    pub fn committed(&self, units: usize) {
        self.units.fetch_add(units as u64, Relaxed);
        self.commits.fetch_add(1, Relaxed);
    }

    pub fn stats(&self) -> Stats {
        Stats {
            units: self.units.load(Relaxed),
            commits: self.commits.load(Relaxed),
            statements: self.statements.load(Relaxed),
            reruns: self.reruns.load(Relaxed),
        }
    }
}
