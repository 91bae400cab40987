//! A Jaeger that is gone, or takes connections and never answers: orders go on, what is lost is counted, and the end is
//! not held up.

use super::serving;
use crate::serving::{PATIENCE, Serving, place, settled, stock};
use api::order::v1::OrderState;
use futures::future::join_all;
use outrigger_tests::basket;
use servers::http::{free_port, get};
use std::{net::TcpListener, time::Duration};
use tokio::time::Instant;

const ORDERS: usize = 40;
/// Little room and little patience, so that the test need not wait for much to be lost.
const IMPATIENT: [(&str, &str); 3] =
    [("OTEL_BSP_MAX_QUEUE_SIZE", "64"), ("OTEL_EXPORTER_OTLP_TIMEOUT", "500"), ("OTEL_BSP_EXPORT_TIMEOUT", "1000")];
/// How long ending may take at most, however little Jaeger takes.
const FAREWELL: Duration = Duration::from_secs(15);

/// The sum of a counter, over whatever it is counted by.
fn sum(serving: &Serving, counter: &str) -> f64 {
    let page = get(serving.metrics(), "/metrics").unwrap();
    let lines = page.lines().filter(|line| line.starts_with(counter));
    lines.filter_map(|line| line.rsplit(' ').next()?.parse::<f64>().ok()).sum()
}

async fn orders_go_on(endpoint: &str) {
    let folder = tempfile::tempdir().unwrap();
    let mut serving = serving(folder.path().to_str().unwrap(), endpoint, "10ms", &[], &IMPATIENT);
    let channel = serving.ready().await;
    stock(&channel, "MUG", 1_000).await;
    let placed = join_all((0..ORDERS).map(|number| {
        let channel = channel.clone();
        async move { place(&channel, basket([("MUG", 1)]), &format!("unseen-{number}")).await.unwrap() }
    }));
    for order in placed.await {
        assert_eq!(settled(&channel, &order.order_id).await.state(), OrderState::Completed);
    }
    let counting = async {
        while sum(&serving, "outrigger_spans_dropped_total") == 0.0 {
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    };
    tokio::time::timeout(PATIENCE, counting).await.expect("what is lost is counted");
    assert_eq!(sum(&serving, "outrigger_spans_exported_total"), 0.0);
    let began = Instant::now();
    let (status, told) = serving.end();
    assert!(status.success(), "{told}");
    assert!(began.elapsed() < FAREWELL, "it took {:?} to end", began.elapsed());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn orders_go_on_while_nobody_takes_their_spans() {
    orders_go_on(&format!("http://127.0.0.1:{}", free_port())).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn orders_go_on_while_their_spans_vanish_into_a_black_hole() {
    // Connections are made, and nobody ever reads from them.
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    orders_go_on(&format!("http://{}", silent.local_addr().unwrap())).await;
}
