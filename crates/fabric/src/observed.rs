//! What the resilience layers do, told to the metrics and to the log.

use resilience::{Event, Observer, Transition};
use std::sync::Arc;
use telemetry::{metrics::Attempts, names};
use tokio::time::Instant;
use tonic::Code;

/// Tells of one method's calls from one caller.
pub struct Observed {
    pub caller: &'static str,
    pub callee: &'static str,
    /// `package.Service/Method`.
    pub method: String,
    pub attempts: Arc<Attempts>,
}

impl Observer for Observed {
    fn on(&self, event: Event) {
        let Self { caller, callee, method, attempts } = self;
        match event {
            Event::Ended { attempts: made } => attempts.per_call(made),
            Event::Retrying { attempt, code, after } => {
                attempts.retried(name(code));
                tracing::debug!(target: names::RPC_TARGET, caller, callee, method, attempt, code = name(code), ?after, "retrying");
            }
            Event::BudgetSpent { attempt, code } => {
                attempts.budget_spent();
                tracing::warn!(target: names::RPC_TARGET, caller, callee, method, attempt, code = name(code), "not retried: the retry budget is spent");
            }
            Event::AttemptTimedOut { after } => {
                attempts.timed_out();
                tracing::debug!(target: names::RPC_TARGET, caller, callee, method, ?after, "an attempt timed out");
            }
            Event::Refused => {
                attempts.refused();
                tracing::debug!(target: names::RPC_TARGET, caller, callee, method, "refused: the breaker is open");
            }
            Event::Breaker(transition) => self.changed(transition),
        }
    }
}

impl Observed {
    fn changed(&self, transition: Transition) {
        let Self { caller, callee, attempts, .. } = self;
        match transition {
            Transition::Opened { until } => {
                attempts.breaker("open");
                let open_for = until.saturating_duration_since(Instant::now());
                tracing::warn!(target: names::RPC_TARGET, caller, callee, ?open_for, "the breaker opened");
            }
            Transition::HalfOpened => {
                attempts.breaker("half_open");
                tracing::debug!(target: names::RPC_TARGET, caller, callee, "the breaker lets a probe through");
            }
            Transition::Closed => {
                attempts.breaker("closed");
                tracing::info!(target: names::RPC_TARGET, caller, callee, "the breaker closed");
            }
        }
    }
}

fn name(code: Code) -> &'static str {
    policy::Codes::name(code as i32)
}
