//! What the log has of an order: a line when it is placed, when it has ended, and when it waits for a person, each once its
//! change is durable. No more: an order's whole story is its history.

use crate::domain::{Change, Order, state_name};
use api::order::v1::OrderState;
use fabric::trace::about_order;
use store::Tx;

/// Logs what is worth it of these changes, once this unit is committed. Causes are the program's own words; reasons are not
/// logged, for a person may have written them.
pub fn after_commit(tx: &Tx, order: &Order, changes: &[Change]) {
    let Some(change) = changes.iter().rfind(|change| change.from != change.state) else { return };
    let Some(what) = what(order, change).filter(|_| tracing::enabled!(tracing::Level::INFO)) else { return };
    let (id, trace) = (order.content.order_id.clone(), order.content.trace.clone());
    let (state, cause) = (state_name(order.state), change.cause.clone());
    tx.on_commit(Box::new(move || {
        about_order(trace.as_deref(), &id, || match cause.as_str() {
            "" => tracing::info!(state, "{what}"),
            cause => tracing::info!(state, cause, "{what}"),
        });
    }));
}

fn what(order: &Order, change: &Change) -> Option<&'static str> {
    match change.state {
        OrderState::Received | OrderState::Paying if change.sequence <= 2 => Some("order placed"),
        OrderState::NeedsAttention => Some("an order waits for a person"),
        _ if order.is_final() => Some("order settled"),
        _ => None,
    }
}
