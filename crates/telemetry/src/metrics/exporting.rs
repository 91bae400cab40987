//! What became of spans.

use super::family::{Counters, Labels};
use crate::names::labels;
use prometheus_client::metrics::counter::Counter;
use std::sync::LazyLock;

/// The queue was full.
pub const QUEUE_FULL: &str = "queue_full";
/// The collector could not be reached, or failed, for too long.
pub const FAILED: &str = "export_failed";
/// The collector would not have them.
pub const REFUSED: &str = "rejected";
/// They came after the end, or were left at it.
pub const CLOSED: &str = "closed";

pub(super) static EXPORTED: LazyLock<Counter> = LazyLock::new(Counter::default);
pub(super) static DROPPED: LazyLock<Counters> = LazyLock::new(Counters::default);
static QUEUE: LazyLock<Counter> = LazyLock::new(|| DROPPED.get_or_create_owned(&reason(QUEUE_FULL)));

/// The collector took so many.
pub fn exported(count: u64) {
    EXPORTED.inc_by(count);
}

/// So many are lost, for this reason.
pub fn dropped(why: &'static str, count: u64) {
    match why {
        QUEUE_FULL => _ = QUEUE.inc_by(count),
        _ if count > 0 => _ = DROPPED.get_or_create_owned(&reason(why)).inc_by(count),
        _ => {}
    }
}

/// So many found no room so far.
pub fn dropped_by_queue() -> u64 {
    QUEUE.get()
}

fn reason(why: &str) -> Labels {
    vec![(labels::REASON, why.to_owned())]
}
