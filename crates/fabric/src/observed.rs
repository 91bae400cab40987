//! What the resilience layers do, told to the log. A metric each joins here.

use resilience::{Event, Observer, Transition};
use telemetry::names;
use tokio::time::Instant;
use tonic::Code;

/// Tells of one method's calls from one caller.
pub struct Observed {
    pub caller: &'static str,
    pub callee: &'static str,
    pub method: String,
}

impl Observer for Observed {
    fn on(&self, event: Event) {
        let Self { caller, callee, method } = self;
        match event {
            Event::Retrying { attempt, code, after } => {
                tracing::debug!(target: names::RPC_TARGET, caller, callee, %method, attempt, code = name(code), ?after, "retrying");
            }
            Event::BudgetSpent { attempt, code } => {
                tracing::warn!(target: names::RPC_TARGET, caller, callee, %method, attempt, code = name(code), "not retried: the retry budget is spent");
            }
            Event::AttemptTimedOut { after } => {
                tracing::debug!(target: names::RPC_TARGET, caller, callee, %method, ?after, "an attempt timed out");
            }
            Event::Refused => {
                tracing::debug!(target: names::RPC_TARGET, caller, callee, %method, "refused: the breaker is open");
            }
            Event::Breaker(Transition::Opened { until }) => {
                let open_for = until.saturating_duration_since(Instant::now());
                tracing::warn!(target: names::RPC_TARGET, caller, callee, ?open_for, "the breaker opened");
            }
            Event::Breaker(Transition::HalfOpened) => {
                tracing::debug!(target: names::RPC_TARGET, caller, callee, "the breaker lets a probe through");
            }
            Event::Breaker(Transition::Closed) => {
                tracing::info!(target: names::RPC_TARGET, caller, callee, "the breaker closed");
            }
        }
    }
}

fn name(code: Code) -> &'static str {
    policy::Codes::name(code as i32)
}
