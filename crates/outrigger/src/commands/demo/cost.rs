//! What orders cost: time, processor, units of work, statements, memory.

use crate::{
    show::{counted, plain_table},
    system::System,
    usage,
};
use serde_json::{Value, json};
use std::time::Duration;
use store::Stats;
use tokio::time::Instant;

/// The process's counters at a moment.
pub struct Reading {
    at: Instant,
    processor: Option<Duration>,
    stores: Vec<(&'static str, Stats)>,
}

impl Reading {
    pub fn now(system: &System) -> Self {
        Self { at: Instant::now(), processor: usage::processor_time(), stores: system.books().usage() }
    }

    /// What so many orders cost since.
    pub fn since(self, before: &Self, orders: u64) -> Cost {
        let less = |(name, now): (&'static str, Stats), then: &Stats| {
            let (units, commits) = (now.units - then.units, now.commits - then.commits);
            let (statements, reruns) = (now.statements - then.statements, now.reruns - then.reruns);
            (name, Stats { units, commits, statements, reruns })
        };
        Cost {
            orders,
            took: self.at - before.at,
            processor: self.processor.zip(before.processor).map(|(now, then)| now.saturating_sub(then)),
            stores: self.stores.into_iter().zip(&before.stores).map(|(now, (_, then))| less(now, then)).collect(),
            peak: usage::peak_memory(),
        }
    }
}

/// What orders took, from the first one placed to the last one ended.
pub struct Cost {
    orders: u64,
    took: Duration,
    processor: Option<Duration>,
    stores: Vec<(&'static str, Stats)>,
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

    fn sum(&self, of: impl Fn(&Stats) -> u64) -> f64 {
        self.per_order(self.stores.iter().map(|(_, stats)| of(stats)).sum())
    }

    /// For people.
    pub fn text(&self, at_once: u32) -> String {
        let row = |name: &str, value: String| [name.to_owned(), value];
        let mut rows = vec![
            row(
                &counted(self.orders, "order", "orders"),
                format!("{:.1} s, {at_once} at once", self.took.as_secs_f64()),
            ),
            row("settled a second", format!("{:.0}", self.rate())),
        ];
        rows.extend(self.processor_millis().map(|millis| row("processor time an order", format!("{millis:.2} ms"))));
        rows.push(row("units an order", format!("{:.1}", self.sum(|stats| stats.units))));
        rows.push(row("commits an order", format!("{:.2}", self.sum(|stats| stats.commits))));
        rows.push(row("statements an order", format!("{:.1}", self.sum(|stats| stats.statements))));
        let reruns: u64 = self.stores.iter().map(|(_, stats)| stats.reruns).sum();
        if reruns > 0 {
            rows.push(row("units run again", reruns.to_string()));
        }
        rows.extend(self.peak.map(|kib| row("memory at most", format!("{} MiB", kib / 1_024))));
        plain_table(rows)
    }

    /// For programs; by store as well.
    pub fn json(&self, at_once: u32) -> Value {
        let store = |stats: &Stats| {
            json!({
                "units_per_order": self.per_order(stats.units), "commits_per_order": self.per_order(stats.commits),
                "statements_per_order": self.per_order(stats.statements),
            })
        };
        let stores: Value = self.stores.iter().map(|(name, stats)| ((*name).to_owned(), store(stats))).collect();
        json!({
            "orders": self.orders, "concurrency": at_once, "seconds": self.took.as_secs_f64(),
            "orders_per_second": self.rate(), "processor_ms_per_order": self.processor_millis(),
            "units_per_order": self.sum(|stats| stats.units), "commits_per_order": self.sum(|stats| stats.commits),
            "statements_per_order": self.sum(|stats| stats.statements),
            "reruns_per_order": self.sum(|stats| stats.reruns), "peak_memory_kib": self.peak,
            "stores": stores,
        })
    }
}
