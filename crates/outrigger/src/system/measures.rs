//! What the system says of itself at each scrape: what its stores have done, how far consumers are behind, which sagas
//! are under way. Asked then and not counted along: nothing here costs a call anything.

use super::books::Books;
use futures::future::BoxFuture;
use journal::{Bus, Lag};
use store::Stats;
use telemetry::{
    metrics::{Registry, Sample},
    names::{self, Metric, labels},
};

/// Has `registry` ask these for as long as it is served.
pub fn register(registry: &Registry, books: &Books, bus: &Bus) {
    let books = books.clone();
    registry.ask(move || ready(stores(&books)));
    let bus = bus.clone();
    registry.ask(move || {
        let bus = bus.clone();
        Box::pin(async move { bus.lag().await.iter().flat_map(behind).collect() })
    });
}

fn ready(samples: Vec<Sample>) -> BoxFuture<'static, Vec<Sample>> {
    Box::pin(std::future::ready(samples))
}

fn stores(books: &Books) -> Vec<Sample> {
    books.stores().flat_map(|(service, store)| store_of(service, store.stats())).collect()
}

fn store_of(service: &'static str, stats: Stats) -> [Sample; 3] {
    let sample = |metric: Metric, value: u64| Sample::new(metric, &[(labels::SERVICE, service)], value as f64);
    [
        sample(names::STORE_UNITS, stats.units),
        sample(names::STORE_COMMITS, stats.commits),
        sample(names::STORE_STATEMENTS, stats.statements),
    ]
}

fn behind(lag: &Lag) -> [Sample; 2] {
    let sample = |metric: Metric, value: u64| {
        Sample::new(metric, &[(labels::CONSUMER, lag.consumer), (labels::SOURCE, lag.source)], value as f64)
    };
    [sample(names::OUTBOX_LAG, lag.waiting), sample(names::PARKED_EVENTS, lag.parked)]
}
