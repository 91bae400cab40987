//! Tests that could not run.

use std::{fs::File, io::Write};

/// Says, where everybody sees it, that a test could not run here. In CI that is a failure of the run.
///
/// # Panics
/// When the list that `OUTRIGGER_SKIPPED` names cannot be written.
pub fn not_run(test: &str, why: &str) {
    eprintln!("NOT RUN: {test}: {why}");
    if let Ok(list) = std::env::var("OUTRIGGER_SKIPPED") {
        let mut list = File::options().append(true).create(true).open(list).expect("the list can be opened");
        writeln!(list, "{test}: {why}").expect("the list can be written");
    }
}
