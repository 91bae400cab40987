//! The store's absence: told once when it is first met and once when it is over, however many meet it meanwhile.

use ambient::{Outage, Timestamp};
use parking_lot::Mutex;
use store::StoreError;

/// Whether the store is away.
#[derive(Default)]
pub struct Absence(Mutex<Outage>);

impl Absence {
    /// A unit failed (of one saga, or of several) and will be tried again. A failure of its own is told each time: it is
    /// nobody's absence.
    pub fn met(&self, kind: &str, saga: &str, error: &StoreError, now: Timestamp) {
        if matches!(error, StoreError::Db(_) | StoreError::Panicked(_) | StoreError::Suspended) {
            tracing::error!(kind, saga, %error, "a unit of sagas failed; it is tried again");
        } else if self.0.lock().begins(now) {
            tracing::error!(kind, %error, "sagas cannot be recorded; they go on once the store answers");
        }
    }

    /// A unit was kept.
    pub fn over(&self, kind: &str, now: Timestamp) {
        if let Some(lasted) = self.0.lock().ends(now) {
            tracing::info!(kind, seconds = lasted.as_secs(), "sagas are recorded again");
        }
    }
}
