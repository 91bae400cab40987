//! What this process has used of the machine. Linux tells; elsewhere nothing is known.

use std::{fs, time::Duration};

/// The kernel counts processor time in these; it has been 100 a second for programs ever since.
const TICKS_A_SECOND: u64 = 100;

/// Processor time of all threads since the process began.
pub fn processor_time() -> Option<Duration> {
    let stat = fs::read_to_string("/proc/self/stat").ok()?;
    // The name, in brackets, may hold anything; user and system time are the 12th and 13th field behind it.
    let mut fields = stat.rsplit_once(')')?.1.split_whitespace().skip(11);
    let mut ticks = || fields.next()?.parse::<u64>().ok();
    Some(Duration::from_millis((ticks()? + ticks()?) * 1_000 / TICKS_A_SECOND))
}

/// The most memory that the process ever held, in KiB.
pub fn peak_memory() -> Option<u64> {
    let status = fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find(|line| line.starts_with("VmHWM:"))?;
    line.split_whitespace().nth(1)?.parse().ok()
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    #[test]
    fn linux_tells_what_was_used() {
        assert!(processor_time().is_some());
        assert!(peak_memory().unwrap() > 1_000);
    }
}
