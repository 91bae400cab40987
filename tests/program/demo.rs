//! The README's first command.

use crate::{fine, run};

#[test]
fn the_demo_ends_when_all_orders_are_settled_and_the_audit_is_clean() {
    let told = fine(&["demo", "--once"]);
    for state in ["COMPLETED", "DECLINED", "OUT_OF_STOCK", "REFUNDED", "CANCELLED"] {
        assert!(told.contains(state), "the demo shows {state}:\n{told}");
    }
}

#[test]
fn the_demo_grows_as_large_as_wanted() {
    let told = fine(&["demo", "--once", "--orders", "300", "--concurrency", "32", "-o", "json"]);
    let summary: serde_json::Value = serde_json::from_str(&told).unwrap();
    let orders: u64 = summary["orders"].as_object().unwrap().values().filter_map(serde_json::Value::as_u64).sum();
    assert_eq!(orders, 300, "{summary}");
}

#[test]
fn help_and_version_are_there() {
    assert!(fine(&["--help"]).contains("demo"));
    assert!(fine(&["--version"]).starts_with("outrigger "));
    assert_eq!(run(&["no-such-command"]).status.code(), Some(2));
}
