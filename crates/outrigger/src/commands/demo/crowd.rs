//! Any number of orders at once, and what they cost.

use super::{finale, shelves};
use crate::{
    commands::audit::{check, report_json, verdict},
    failure::Failure,
    shop::{Crowd, catalogue},
    show::{Output, Progress, counted, order_rows, plain_table, print_json, say},
    system::{System, Usage},
    usage,
};
use api::order::v1::{ListOrdersRequest, order_service_client::OrderServiceClient};
use audit::Report;
use futures::future::try_join_all;
use serde_json::{Value, json};
use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};
use tokio::time::Instant;

/// More orders than this are not listed.
const LISTED: u64 = 200;

/// Places them, waits until all have ended, audits, and tells what it took.
pub async fn play(system: &Arc<System>, orders: u64, at_once: u32, seed: u64, output: Output) -> Result<(), Failure> {
    let crowd = Arc::new(Crowd::new(orders, seed, system.ambient().id()));
    let items = catalogue().iter().map(|goods| goods.item()).chain([crowd.scarce_item()]);
    shelves::offer(system, items.collect()).await?;
    shelves::receive(system, crowd.stock_key(), crowd.stock()).await?;
    let progress = Arc::new(Progress::of(orders, "ordering", output == Output::Table));
    let before = Reading::now(system);
    place_all(system, &crowd, orders, at_once, &progress).await?;
    progress.say("settling");
    system.settled().await;
    let cost = Reading::now(system).since(&before, orders);
    drop(progress);
    let report = check(system.facts()).await?;
    match output {
        Output::Json => print_json(
            &json!({ "orders": report.counts.states, "cost": cost.json(at_once), "audit": report_json(&report) }),
        ),
        Output::Table => tell(system, orders, at_once, &cost, &report).await?,
    }
    verdict(&report)
}

async fn place_all(
    system: &Arc<System>,
    crowd: &Arc<Crowd>,
    orders: u64,
    at_once: u32,
    progress: &Arc<Progress>,
) -> Result<(), Failure> {
    let next = Arc::new(AtomicU64::new(0));
    let customers = (0..at_once).map(|_| {
        let (crowd, next, progress) = (crowd.clone(), next.clone(), progress.clone());
        let mut client = OrderServiceClient::new(system.wire("operator", orders::NAME));
        tokio::spawn(async move {
            loop {
                let number = next.fetch_add(1, Ordering::Relaxed);
                if number >= orders {
                    return Ok::<_, Failure>(());
                }
                client.place_order(crowd.order(number)).await?;
                progress.add(1);
            }
        })
    });
    try_join_all(customers).await.map_err(Failure::misuse)?.into_iter().collect()
}

async fn tell(system: &System, orders: u64, at_once: u32, cost: &Cost, report: &Report) -> Result<(), Failure> {
    if orders <= LISTED {
        let mut client = OrderServiceClient::new(system.wire("operator", orders::NAME));
        let page_size = i32::try_from(orders).unwrap_or(i32::MAX);
        let request = ListOrdersRequest { page_size, ..ListOrdersRequest::default() };
        say!("{}\n", order_rows(&client.list_orders(request).await?.into_inner().orders));
    }
    say!("{}\n", cost.text(at_once));
    say!("{}", finale::text(report).trim_end());
    Ok(())
}

/// The process's counters at a moment.
struct Reading {
    at: Instant,
    processor: Option<Duration>,
    stores: Usage,
}

impl Reading {
    fn now(system: &System) -> Self {
        Self { at: Instant::now(), processor: usage::processor_time(), stores: system.books().usage() }
    }

    fn since(&self, before: &Self, orders: u64) -> Cost {
        let (now, then) = (&self.stores, &before.stores);
        Cost {
            orders,
            took: self.at - before.at,
            processor: self.processor.zip(before.processor).map(|(now, then)| now.saturating_sub(then)),
            units: now.units - then.units,
            commits: now.commits - then.commits,
            statements: now.statements - then.statements,
            peak: usage::peak_memory(),
        }
    }
}

/// What the orders took, from the first one placed to the last one ended.
struct Cost {
    orders: u64,
    took: Duration,
    processor: Option<Duration>,
    units: u64,
    commits: u64,
    statements: u64,
    /// KiB.
    peak: Option<u64>,
}

impl Cost {
    fn per_order(&self, all: u64) -> f64 {
        all as f64 / self.orders.max(1) as f64
    }

    fn rate(&self) -> f64 {
        self.orders as f64 / self.took.as_secs_f64().max(0.001)
    }

    fn processor_millis(&self) -> Option<f64> {
        self.processor.map(|time| time.as_secs_f64() * 1_000.0 / self.orders.max(1) as f64)
    }

    fn text(&self, at_once: u32) -> String {
        let row = |name: &str, value: String| [name.to_owned(), value];
        let mut rows = vec![
            row(
                &counted(self.orders, "order", "orders"),
                format!("{:.1} s, {at_once} at once", self.took.as_secs_f64()),
            ),
            row("settled a second", format!("{:.0}", self.rate())),
        ];
        rows.extend(self.processor_millis().map(|millis| row("processor time an order", format!("{millis:.2} ms"))));
        rows.push(row("units an order", format!("{:.1}", self.per_order(self.units))));
        rows.push(row("commits an order", format!("{:.2}", self.per_order(self.commits))));
        rows.push(row("statements an order", format!("{:.1}", self.per_order(self.statements))));
        rows.extend(self.peak.map(|kib| row("memory at most", format!("{} MiB", kib / 1_024))));
        plain_table(rows)
    }

    fn json(&self, at_once: u32) -> Value {
        json!({
            "orders": self.orders, "concurrency": at_once, "seconds": self.took.as_secs_f64(),
            "orders_per_second": self.rate(), "processor_ms_per_order": self.processor_millis(),
            "units_per_order": self.per_order(self.units), "commits_per_order": self.per_order(self.commits),
            "statements_per_order": self.per_order(self.statements), "peak_memory_kib": self.peak,
        })
    }
}
