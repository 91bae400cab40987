//! When is a system at rest? When nothing in it would move by itself.

use super::System;
use api::{
    mesh::v1::fact::Fact as Row,
    order::v1::{ListOrdersRequest, OrderState, order_service_client::OrderServiceClient},
};
use futures::TryStreamExt;
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
        system.bus.settled().await;
        if !orders_move(system).await && !returns_move(system).await {
            system.bus.settled().await;
            let _ = system.services.notifications.settled().await;
            return;
        }
        tokio::time::sleep(PAUSE).await;
    }
}

async fn orders_move(system: &System) -> bool {
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

async fn returns_move(system: &System) -> bool {
    let mut facts = system.books.order_facts();
    loop {
        match facts.try_next().await {
            Ok(Some(fact)) => match fact.fact {
                Some(Row::Return(back)) if !back.done => return true,
                _ => {}
            },
            Ok(None) => return false,
            Err(_) => return true,
        }
    }
}
