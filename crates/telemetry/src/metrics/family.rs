//! The process's families of counters and distributions, and handles into them that are made when they are first needed: a
//! method that is never called has no line in a scrape.

use crate::names::Metric;
use prometheus_client::{
    metrics::{counter::Counter, family::Family, histogram::Histogram},
    registry::{Registry, Unit},
};
use std::sync::OnceLock;

/// Names and values.
pub type Labels = Vec<(&'static str, String)>;

/// Counters of one name.
pub type Counters = Family<Labels, Counter>;
/// Distributions of one name.
pub type Distributions = Family<Labels, Histogram, fn() -> Histogram>;

/// Seconds, as OpenTelemetry's RPC conventions advise for durations, and finer below: a call within the process takes
/// microseconds.
pub fn seconds() -> Histogram {
    Histogram::new([
        0.000_1, 0.000_25, 0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1.0, 2.5,
        5.0, 7.5, 10.0,
    ])
}

/// Small numbers, from 1.
pub fn numbers() -> Histogram {
    Histogram::new([1.0, 2.0, 3.0, 4.0, 5.0])
}

/// Puts a family into a registry under its metric's name.
pub fn register<M: prometheus_client::registry::Metric>(registry: &mut Registry, metric: Metric, family: M) {
    match metric.sort() {
        crate::names::Sort::Seconds => {
            registry.register_with_unit(metric.name(), metric.help(), Unit::Seconds, family);
        }
        _ => registry.register(metric.name(), metric.help(), family),
    }
}

/// A counter or distribution that appears once something is counted.
#[derive(Debug)]
pub struct Handle<M>(OnceLock<M>);

impl<M> Default for Handle<M> {
    fn default() -> Self {
        Self(OnceLock::new())
    }
}

impl<M> Handle<M> {
    pub fn get(&self, make: impl FnOnce() -> M) -> &M {
        self.0.get_or_init(make)
    }
}
