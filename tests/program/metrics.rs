//! What a running system counts, as Prometheus reads it.

use crate::serving::{Serving, place, settled, stock};
use api::order::v1::OrderState;
use outrigger_tests::basket;
use servers::http::get;
use std::time::Duration;

/// A page's samples: the series, and its value.
fn samples(page: &str) -> Vec<(&str, f64)> {
    let lines = page.lines().filter(|line| !line.starts_with('#') && !line.is_empty());
    lines.map(|line| line.rsplit_once(' ').map(|(series, value)| (series, value.parse().unwrap())).unwrap()).collect()
}

/// The sum over all series of this name that say all of this.
fn sum(page: &str, name: &str, labels: &[&str]) -> Option<f64> {
    let named =
        |series: &str| series.split('{').next() == Some(name) && labels.iter().all(|label| series.contains(label));
    let found: Vec<f64> =
        samples(page).into_iter().filter(|(series, _)| named(series)).map(|(_, value)| value).collect();
    (!found.is_empty()).then(|| found.iter().sum())
}

#[tokio::test]
async fn what_a_running_system_counts_is_there_for_prometheus() {
    let folder = tempfile::tempdir().unwrap();
    let faults = ["--inventory-fault-rate", "0.2", "--shipping-fault-rate", "0.2"];
    let mut serving = Serving::flagged(folder.path().to_str().unwrap(), &faults, &[]);
    let channel = serving.ready().await;
    stock(&channel, "MUG", 100).await;
    for number in 0..20 {
        let order = place(&channel, basket([("MUG", 1)]), &format!("counted-{number}")).await.unwrap();
        assert_eq!(settled(&channel, &order.order_id).await.state(), OrderState::Completed);
    }
    // Gauges are looked up now and then.
    tokio::time::sleep(Duration::from_secs(1)).await;
    let page = get(serving.metrics(), "/metrics").unwrap();
    let at_least = |name: &str, labels: &[&str], least: f64| {
        let found = sum(&page, name, labels);
        assert!(found.is_some_and(|found| found >= least), "{name} {labels:?} is {found:?}, not {least}:\n{page}");
    };
    let charged = "rpc_method=\"outrigger.payment.v1.PaymentService/Authorise\"";
    at_least("rpc_server_call_duration_seconds_count", &[charged, "rpc_status_code=\"OK\""], 20.0);
    at_least("rpc_client_call_duration_seconds_count", &[charged, "outrigger_caller=\"orders\""], 20.0);
    at_least("grpc_client_attempt_started_total", &[charged], 20.0);
    at_least("outrigger_client_retries_total", &["rpc_status_code=\"UNAVAILABLE\""], 1.0);
    for service in ["orders", "payments", "inventory", "shipping", "notifications", "dashboard"] {
        at_least("outrigger_store_units_total", &[&format!("service=\"{service}\"")], 20.0);
        at_least("outrigger_store_commits_total", &[&format!("service=\"{service}\"")], 1.0);
        at_least("outrigger_store_statements_total", &[&format!("service=\"{service}\"")], 20.0);
    }
    at_least("outrigger_sagas", &[], 0.0);
    for consumer in ["notifications", "dashboard"] {
        at_least("outrigger_outbox_lag_events", &[&format!("consumer=\"{consumer}\"")], 0.0);
        at_least("outrigger_parked_events", &[&format!("consumer=\"{consumer}\"")], 0.0);
    }
    for personal in ["customer@", "tok_", "shop.example"] {
        assert!(!page.contains(personal), "{personal} is nothing to count by:\n{page}");
    }
}

#[tokio::test]
async fn every_series_is_told_with_its_meaning_and_its_kind() {
    let folder = tempfile::tempdir().unwrap();
    let mut serving = Serving::start(folder.path().to_str().unwrap(), &[]);
    serving.ready().await;
    let page = get(serving.metrics(), "/metrics").unwrap();
    for (series, _) in samples(&page) {
        let name = series.split('{').next().unwrap();
        let family =
            ["_bucket", "_sum", "_count"].iter().fold(name, |name, end| name.strip_suffix(end).unwrap_or(name));
        for about in ["HELP", "TYPE"] {
            assert!(page.contains(&format!("# {about} {family} ")), "{family} has no {about}:\n{page}");
        }
    }
}
