//! The books' absence: told once when it is first met and once when it is over, however many operations wait for them.

use ambient::{Outage, Timestamp};
use parking_lot::Mutex;
use store::StoreError;

/// Whether the books are away.
#[derive(Default)]
pub struct Absence(Mutex<Outage>);

impl Absence {
    /// They could not be read or written; it is tried again. A failure of its own is told each time: it is nobody's
    /// absence.
    pub fn met(&self, error: &StoreError, now: Timestamp) {
        if matches!(error, StoreError::Db(_) | StoreError::Panicked(_) | StoreError::Suspended) {
            tracing::error!(%error, "the books refused; it is tried again");
        } else if self.0.lock().begins(now) {
            tracing::error!(%error, "the books cannot be used; payments go on once the store answers");
        }
    }

    /// They were.
    pub fn over(&self, now: Timestamp) {
        if let Some(lasted) = self.0.lock().ends(now) {
            tracing::info!(seconds = lasted.as_secs(), "the books are used again");
        }
    }
}
