//! The power fails: everything that runs in a runtime is gone, in the middle of whatever it does.

use std::{path::Path, time::Duration};
use store::Data;
use tokio::runtime::Runtime;

/// Drops everything that runs where it stands, and returns once the folder is free for the next start. The writers end
/// what they have begun, as the disk would.
pub fn power_fails(runtime: Runtime, folder: &Path) {
    runtime.shutdown_timeout(Duration::from_secs(5));
    let freed = (0..500).any(|_| {
        std::thread::park_timeout(Duration::from_millis(10));
        Data::open(folder).is_ok()
    });
    assert!(freed, "the folder is still locked: something outlived the crash");
}
