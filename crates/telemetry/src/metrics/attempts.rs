//! What becomes of a call on its way out: attempts, retries, refusals, and the breaker of its callee.

use super::family::{Counters, Distributions, Handle, Labels, numbers};
use crate::names::labels;
use prometheus_client::metrics::{counter::Counter, histogram::Histogram};
use std::sync::LazyLock;

pub(super) static STARTED: LazyLock<Counters> = LazyLock::new(Counters::default);
pub(super) static PER_CALL: LazyLock<Distributions> = LazyLock::new(|| Distributions::new_with_constructor(numbers));
pub(super) static RETRIES: LazyLock<Counters> = LazyLock::new(Counters::default);
pub(super) static BUDGET_SPENT: LazyLock<Counters> = LazyLock::new(Counters::default);
pub(super) static TIMEOUTS: LazyLock<Counters> = LazyLock::new(Counters::default);
pub(super) static REFUSED: LazyLock<Counters> = LazyLock::new(Counters::default);
pub(super) static TRANSITIONS: LazyLock<Counters> = LazyLock::new(Counters::default);

/// Counts what becomes of one method's calls from one caller. Made once, with the method's stack.
#[derive(Debug)]
pub struct Attempts {
    labels: Labels,
    started: Handle<Counter>,
    per_call: Handle<Histogram>,
    budget_spent: Handle<Counter>,
    timeouts: Handle<Counter>,
    refused: Handle<Counter>,
}

impl Attempts {
    /// Of `method`, from `caller` to `callee`.
    pub fn new(caller: &str, callee: &str, method: &str) -> Self {
        let labels =
            vec![(labels::METHOD, method.into()), (labels::CALLER, caller.into()), (labels::CALLEE, callee.into())];
        Self {
            labels,
            started: Handle::default(),
            per_call: Handle::default(),
            budget_spent: Handle::default(),
            timeouts: Handle::default(),
            refused: Handle::default(),
        }
    }

    /// An attempt begins.
    pub fn started(&self) {
        self.count(&self.started, &STARTED);
    }

    /// A call that could be retried ended after so many attempts.
    pub fn per_call(&self, attempts: u32) {
        let made = || PER_CALL.get_or_create_owned(&self.labels);
        self.per_call.get(made).observe(f64::from(attempts));
    }

    /// An attempt failed with this code, and another follows. Rare: it may look its counter up.
    pub fn retried(&self, code: &'static str) {
        RETRIES.get_or_create_owned(&self.and(labels::STATUS, code)).inc();
    }

    /// An attempt failed, and no other follows, for the budget is spent.
    pub fn budget_spent(&self) {
        self.count(&self.budget_spent, &BUDGET_SPENT);
    }

    /// An attempt was given up on.
    pub fn timed_out(&self) {
        self.count(&self.timeouts, &TIMEOUTS);
    }

    /// The breaker refused an attempt.
    pub fn refused(&self) {
        self.count(&self.refused, &REFUSED);
    }

    /// The callee's breaker changed to this state: "open", "half_open", "closed".
    pub fn breaker(&self, state: &'static str) {
        let endpoint: Labels = self.and(labels::STATE, state).split_off(1); // all methods share it
        TRANSITIONS.get_or_create_owned(&endpoint).inc();
    }

    fn count(&self, handle: &Handle<Counter>, family: &Counters) {
        handle.get(|| family.get_or_create_owned(&self.labels)).inc();
    }

    fn and(&self, label: &'static str, value: &str) -> Labels {
        let mut labels = self.labels.clone();
        labels.push((label, value.to_owned()));
        labels
    }
}
