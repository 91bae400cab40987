//! When, under which trace and by which name something is written. Taken outside of the unit that writes it, so that a unit
//! which runs again writes the same (I12).

use ambient::{Ambient, Timestamp};

/// Goes into every unit that changes something.
#[derive(Clone, Debug)]
pub struct Stamp {
    pub now: Timestamp,
    /// The unit's first event is called so; further events add a number: see [`Stamp::event_id`].
    pub id: String,
    /// W3C traceparent.
    pub trace: Option<String>,
}

impl Stamp {
    /// Now, within `trace`.
    pub fn take(ambient: &Ambient, trace: Option<String>) -> Self {
        Self { now: ambient.now(), id: ambient.id(), trace }
    }

    /// The identifier of one of the unit's events. `place` tells them apart, from 0.
    pub fn event_id(&self, place: usize) -> String {
        if place == 0 { self.id.clone() } else { format!("{}-{place}", self.id) }
    }
}
