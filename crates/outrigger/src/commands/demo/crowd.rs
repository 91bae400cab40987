//! Any number of orders at once, and what they cost.

use super::{
    cost::{Cost, Reading},
    finale, shelves,
};
use crate::{
    commands::audit::{check, report_json, verdict},
    failure::Failure,
    shop::{Crowd, catalogue},
    show::{Output, Progress, order_rows, print_json, say},
    system::System,
};
use api::order::v1::{ListOrdersRequest, order_service_client::OrderServiceClient};
use audit::Report;
use futures::future::try_join_all;
use serde_json::json;
use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

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
