//! The way out: what every call to another service passes, outermost first.

use crate::{
    Wire, attempt::AttemptLayer, deadline::DeadlineLayer, method::Method, methods::Methods, observed::Observed,
    one_status::OneStatusLayer, traced::TracedLayer, way::Way,
};
use ambient::Ambient;
use policy::{Contract, MethodPolicy};
use resilience::{
    Breaker, BreakerLayer, BreakerPolicy, BudgetPolicy, Observer, RetryBudget, RetryLayer, SharedBreaker, TimedLayer,
};
use std::sync::Arc;
use telemetry::metrics::Attempts;
use tokio::time::Instant;
use tower::{Layer, ServiceBuilder};

/// One caller of one callee: what all calls between them share.
pub struct Client<'a> {
    pub caller: &'static str,
    pub callee: &'static str,
    pub contract: &'a Contract,
    pub ambient: &'a Ambient,
}

/// What all methods from one caller to one callee share.
struct Shared {
    way: Way,
    budget: Arc<RetryBudget>,
    breaker: SharedBreaker,
}

impl Client<'_> {
    /// A wire on `way`, with a stack for every method of the contract. A method that the contract does not have (health and
    /// reflection of a running system, say) is sent as it is.
    pub fn wire(&self, way: Way) -> Wire {
        let budget = Arc::new(RetryBudget::new(BudgetPolicy::default(), Instant::now()));
        let breaker = SharedBreaker::new(Breaker::new(BreakerPolicy::default(), self.ambient.dice().bits()));
        let shared = Shared { way, budget, breaker };
        let stacks = self.contract.methods().map(|(path, policy)| (path.to_owned(), self.stack(path, policy, &shared)));
        Wire::of_stack(Methods::new(stacks, Wire::of_stack(OneStatusLayer.layer(shared.way.clone()))))
    }

    /// The sentence: traced → one status → deadline → retried within budget, and each attempt: traced → timed → breaker →
    /// sent.
    fn stack(&self, path: &str, policy: &MethodPolicy, shared: &Shared) -> Wire {
        let Self { caller, callee, .. } = *self;
        let method = Method::client(caller, callee, path);
        let attempts = Arc::new(Attempts::new(caller, callee, &method.name));
        let observed = Observed { caller, callee, method: method.name.clone(), attempts: Arc::clone(&attempts) };
        let observer: Arc<dyn Observer> = Arc::new(observed);
        let told = || Arc::clone(&observer);
        let retry =
            policy.retry.map(|retry| RetryLayer::new(retry, Arc::clone(&shared.budget), self.ambient.clone(), told()));
        let attempt_timeout = policy.retry.and_then(|retry| retry.attempt_timeout);
        let stack = ServiceBuilder::new()
            // Outermost: a refusal is a span too.
            .layer(TracedLayer::client(&method, self.ambient))
            // Whatever ends the call below, the caller sees one status.
            .layer(OneStatusLayer)
            // Before the retries: all attempts share what the caller gave.
            .layer(DeadlineLayer::client(policy.deadline))
            // Only where the contract has a retry; around all that belongs to one attempt.
            .option_layer(retry)
            // Every attempt is a span and is counted, those that never leave included.
            .layer(AttemptLayer::new(caller, callee, path, &attempts))
            // One attempt that hangs must leave time for the next.
            .layer(TimedLayer::new(attempt_timeout, told()))
            // Inside the retries: every attempt is judged. Next to the way: it is the way's endpoint that is judged.
            .layer(BreakerLayer::new(shared.breaker.clone(), told()))
            .service(shared.way.clone());
        Wire::of_stack(stack)
    }
}
