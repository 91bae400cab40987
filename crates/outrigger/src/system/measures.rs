//! What the system says of itself at each scrape: what its stores have done, how far consumers are behind, which sagas
//! are under way. Asked then and not counted along: nothing here costs a call anything.

use super::books::Books;
use ambient::{Ambient, Timestamp};
use fabric::Deadline;
use futures::future::BoxFuture;
use journal::{Bus, Lag};
use std::{sync::Arc, time::Duration};
use store::Stats;
use telemetry::{
    metrics::{Registry, Sample},
    names::{self, Metric, labels},
};
use tokio::time::{Instant, timeout_at};

/// Well below what a scrape may take.
const ANSWER_WITHIN: Duration = Duration::from_secs(2);

/// Has `registry` ask these for as long as it is served.
pub fn register(registry: &Registry, books: &Books, bus: &Bus, orders: &Arc<orders::Orders>, ambient: &Ambient) {
    let books = books.clone();
    registry.ask(move || ready(stores(&books)));
    let bus = bus.clone();
    registry.ask(move || {
        let bus = bus.clone();
        Box::pin(soon(async move { bus.lag().await.iter().flat_map(behind).collect() }))
    });
    let (orders, ambient) = (Arc::clone(orders), ambient.clone());
    registry.ask(move || {
        let (orders, now) = (Arc::clone(&orders), ambient.now());
        Box::pin(soon(async move { progress(&orders, now).await }))
    });
}

/// Nothing, when a store does not answer in time: a scrape must not wait for a database that is not there.
async fn soon(asked: impl Future<Output = Vec<Sample>>) -> Vec<Sample> {
    let until = Instant::now() + ANSWER_WITHIN;
    timeout_at(until, Deadline::scope(Some(until), asked)).await.unwrap_or_default()
}

fn ready(samples: Vec<Sample>) -> BoxFuture<'static, Vec<Sample>> {
    Box::pin(std::future::ready(samples))
}

fn stores(books: &Books) -> Vec<Sample> {
    books.stores().flat_map(|(service, store)| store_of(service, store.stats())).collect()
}

fn store_of(service: &'static str, stats: Stats) -> [Sample; 4] {
    let sample = |metric: Metric, value: u64| Sample::new(metric, &[(labels::SERVICE, service)], value as f64);
    [
        sample(names::STORE_UNITS, stats.units),
        sample(names::STORE_COMMITS, stats.commits),
        sample(names::STORE_STATEMENTS, stats.statements),
        sample(names::STORE_RERUNS, stats.reruns),
    ]
}

/// Without what cannot be read at the moment.
async fn progress(orders: &orders::Orders, now: Timestamp) -> Vec<Sample> {
    let mut samples = Vec::new();
    for saga in orders.census().await.into_iter().flatten() {
        let late = saga.due_since.map_or(0.0, |due| now.since(due).as_secs_f64());
        let kind = (labels::KIND, saga.kind);
        samples.push(Sample::new(names::SAGAS, &[kind, (labels::STATE, "running")], saga.running as f64));
        samples.push(Sample::new(names::SAGA_OVERDUE, &[kind], late));
    }
    let unfinished = orders.unfinished().await.into_iter().flatten();
    samples.extend(unfinished.map(|(state, many)| Sample::new(names::ORDERS, &[(labels::STATE, &state)], many as f64)));
    samples
}

fn behind(lag: &Lag) -> [Sample; 2] {
    let sample = |metric: Metric, value: u64| {
        Sample::new(metric, &[(labels::CONSUMER, lag.consumer), (labels::SOURCE, lag.source)], value as f64)
    };
    [sample(names::OUTBOX_LAG, lag.waiting), sample(names::PARKED_EVENTS, lag.parked)]
}
