//! A real shop's orders, imported.

use crate::{feed, fine};
use serde_json::Value;
use servers::{Database, not_run};
use std::{ffi::OsStr, path::Path};

/// Imports a feed into a folder or a database, and gives the summary.
pub fn replay(feed: &Path, data: impl AsRef<OsStr>, more: &[&str]) -> Value {
    let (feed, data) = (feed.to_str().unwrap(), data.as_ref().to_str().unwrap());
    let arguments = [&["replay", feed, "--data", data, "-o", "json"], more].concat();
    serde_json::from_str(&fine(&arguments)).unwrap()
}

/// What has to come out the same however the import went.
pub fn totals(summary: &Value) -> (Value, Value) {
    (summary["orders"].clone(), summary["money"].clone())
}

pub fn audit_is_clean(data: impl AsRef<OsStr>) {
    fine(&["audit", "--data", data.as_ref().to_str().unwrap()]);
}

fn imported_twice_adds_nothing(feed: &Path, data: impl AsRef<OsStr>) -> Value {
    let first = replay(feed, &data, &[]);
    audit_is_clean(&data);
    let second = replay(feed, &data, &[]);
    assert_eq!(totals(&first), totals(&second));
    assert_eq!(second["run"]["placed"], 0, "{second}");
    audit_is_clean(&data);
    first
}

#[test]
fn a_feed_is_imported_line_by_line_and_once() {
    let folder = tempfile::tempdir().unwrap();
    let summary = imported_twice_adds_nothing(&feed::synthetic(folder.path(), 40), folder.path().join("data"));
    assert_eq!(summary["invoices"]["sales"], 40);
    assert_eq!(summary["orders"]["COMPLETED"], 40);
    assert_eq!(summary["lines"]["returns"], 1, "{summary}");
    let lines = &summary["lines"];
    let parts = ["order_lines", "charges", "returns", "skipped"].map(|part| lines[part].as_u64().unwrap());
    assert_eq!(parts.iter().sum::<u64>(), lines["total"].as_u64().unwrap(), "none dropped in silence: {lines}");
}

#[test]
fn a_feed_imported_on_postgres_ends_in_the_same_totals_as_on_sqlite() {
    let test = "a_feed_imported_on_postgres_ends_in_the_same_totals_as_on_sqlite";
    let Some(database) = Database::new(test) else { return };
    let folder = tempfile::tempdir().unwrap();
    let feed = feed::synthetic(folder.path(), 40);
    let expected = replay(&feed, folder.path().join("data"), &[]);
    let summary = imported_twice_adds_nothing(&feed, database.url());
    assert_eq!(totals(&summary), totals(&expected));
    assert_eq!(summary["lines"], expected["lines"]);
}

#[test]
fn the_real_feed_is_imported_line_by_line_and_once() {
    let Some(feed) = feed::real() else {
        return not_run("the_real_feed_is_imported_line_by_line_and_once", "no ../shared/data beside the project");
    };
    let folder = tempfile::tempdir().unwrap();
    let summary = imported_twice_adds_nothing(&feed, folder.path());
    assert_eq!(summary["lines"]["total"], 9_911);
    assert_eq!(summary["lines"]["returns"], 10, "{summary}");
}

#[test]
fn whatever_fails_every_order_ends_and_the_audit_is_clean() {
    let folder = tempfile::tempdir().unwrap();
    let feed = feed::synthetic(folder.path(), 60);
    for seed in 1..=10 {
        let data = folder.path().join(format!("seed-{seed}"));
        let seed = seed.to_string();
        let faults = ["--fault-rate", "0.2", "--decline-rate", "0.1", "--stock-percent", "80", "--seed", seed.as_str()];
        let summary = replay(&feed, &data, &faults);
        assert_eq!(summary["settled"], true, "seed {seed}: {summary}");
        audit_is_clean(&data);
    }
}

#[test]
fn whatever_fails_on_postgres_every_order_ends_and_the_audit_is_clean() {
    let Some(database) = Database::new("whatever_fails_on_postgres_every_order_ends_and_the_audit_is_clean") else {
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    let feed = feed::synthetic(folder.path(), 60);
    let faults = ["--fault-rate", "0.2", "--decline-rate", "0.1", "--stock-percent", "80", "--seed", "1"];
    let summary = replay(&feed, database.url(), &faults);
    assert_eq!(summary["settled"], true, "{summary}");
    audit_is_clean(database.url());
}
