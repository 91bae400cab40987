//! How orders and returns are carried: which call each step makes, and what its answer means.

mod heard;
mod order;
mod returns;

pub use order::OrderPlan;
pub use returns::ReturnPlan;

use api::{
    inventory::v1::{StockLine, inventory_service_client::InventoryServiceClient},
    payment::v1::payment_service_client::PaymentServiceClient,
    shipping::v1::shipping_service_client::ShippingServiceClient,
    types::StepRef,
};
use fabric::{Deadline, Wire};
use saga::{Call, Outcome};
use std::{collections::BTreeMap, time::Duration};
use tonic::Status;

/// The ways to the services that steps call.
#[derive(Clone)]
pub struct Callees {
    pub payments: PaymentServiceClient<Wire>,
    pub inventory: InventoryServiceClient<Wire>,
    pub shipping: ShippingServiceClient<Wire>,
}

/// The step of a call, as callees remember it.
fn step_ref(call: &Call, step: &str) -> StepRef {
    let attempt = i32::try_from(call.attempt).unwrap_or(i32::MAX);
    StepRef { saga: call.saga.clone(), step: step.to_owned(), attempt }
}

/// Runs a call under the step's own deadline, never the customer's, and within the trace in which its saga began.
async fn within<T>(call: &Call, deadline: Duration, made: impl Future<Output = T>) -> T {
    let until = tokio::time::Instant::now() + deadline;
    let made = Deadline::scope(Some(until), made);
    match &call.trace {
        Some(trace) => fabric::trace::scope(trace, made).await,
        None => made.await,
    }
}

/// A call that failed, in the log and as an outcome. The message is not logged: it may repeat what a customer wrote.
fn failed(call: &Call, status: &Status) -> Outcome {
    let Call { step, direction, attempt, .. } = call;
    tracing::info!(step, ?direction, attempt, code = ?status.code(), "a step's call failed");
    heard::refused(status)
}

/// Lines of one SKU summed: what stock and parcels are counted in.
fn stock_lines<'a>(lines: impl Iterator<Item = (&'a str, i64)>) -> Vec<StockLine> {
    let mut sums: BTreeMap<&str, i64> = BTreeMap::new();
    for (sku, quantity) in lines {
        *sums.entry(sku).or_default() += quantity;
    }
    sums.into_iter().map(|(sku, quantity)| StockLine { sku: sku.to_owned(), quantity }).collect()
}
