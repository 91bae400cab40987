//! When, under which trace and by which name something is written. Taken outside of the unit that writes it, so that a unit
//! which runs again writes the same (I12).

use ambient::{Ambient, Timestamp};

/// Goes into every unit that changes something.
#[derive(Clone, Debug)]
pub struct Stamp {
    pub now: Timestamp,
    /// The unit's event is called so; further events of one unit add a number.
    pub event_id: String,
    pub trace: Option<String>,
}

impl Stamp {
    /// Now, here.
    pub fn take(ambient: &Ambient) -> Self {
        Self { now: ambient.now(), event_id: ambient.id(), trace: fabric::trace::current() }
    }
}
