//! The power fails: everything that runs in a runtime is gone, in the middle of whatever it does.

use crate::Ground;
use std::time::Duration;
use tokio::runtime::Runtime;

/// Drops everything that runs where it stands, and returns once the ground is free for the next start. On files the
/// writers end what they have begun, as the disk would; PostgreSQL rolls back what was open.
pub fn power_fails(runtime: Runtime, ground: &Ground) {
    runtime.shutdown_timeout(Duration::from_secs(5));
    let freed = (0..500).any(|_| {
        std::thread::park_timeout(Duration::from_millis(10));
        ground.is_free()
    });
    assert!(freed, "the ground is still locked: something outlived the crash");
}
