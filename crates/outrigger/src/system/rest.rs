//! When is a system at rest? When nothing in it would move by itself.

use super::System;
use api::order::v1::{ListOrdersRequest, OrderState, order_service_client::OrderServiceClient};
use std::time::Duration;

/// States that an order leaves by itself.
pub const RESTLESS: [OrderState; 6] = [
    OrderState::Received,
    OrderState::Paying,
    OrderState::Reserving,
    OrderState::Confirmed,
    OrderState::Shipped,
    OrderState::Refunding,
];

/// How long to wait before looking again.
const PAUSE: Duration = Duration::from_millis(20);

/// Returns once nothing moves by itself. A look that fails is repeated: the services are here, and will answer.
pub async fn settled(system: &System) {
    loop {
        system.running.bus.settled().await;
        if !orders_move(system).await {
            system.running.bus.settled().await;
            let _ = system.running.services.notifications.settled().await;
            return;
        }
        tokio::time::sleep(PAUSE).await;
    }
}

async fn orders_move(system: &System) -> bool {
    // Steps that are due, of returns too; then parcels that are with the carrier.
    if system.running.services.orders.is_busy().await.unwrap_or(true) {
        return true;
    }
    let mut orders = OrderServiceClient::new(system.wire("operator", orders::NAME));
    for state in RESTLESS {
        let request = ListOrdersRequest { page_size: 1, state: state.into(), ..ListOrdersRequest::default() };
        match orders.list_orders(request).await {
            Ok(page) if page.get_ref().orders.is_empty() => {}
            _ => return true,
        }
    }
    false
}
