//! The shop that is imported into: its services, in this process or behind an endpoint.

use crate::{
    failure::Failure,
    system::{RESTLESS, System},
};
use api::{
    inventory::v1::inventory_service_client::InventoryServiceClient,
    order::v1::{ListOrdersRequest, order_service_client::OrderServiceClient},
    payment::v1::payment_service_client::PaymentServiceClient,
};
use fabric::Wire;
use std::{future::Future, sync::Arc, time::Duration};
use tokio::time::{Instant, sleep};
use tonic::{Code, Status};

const PAUSE: Duration = Duration::from_millis(200);
/// How long a call is tried again while nobody answers.
const PATIENCE: Duration = Duration::from_secs(120);

/// The services, as an operator sees them.
#[derive(Clone)]
pub struct Shop {
    pub orders: OrderServiceClient<Wire>,
    pub inventory: InventoryServiceClient<Wire>,
    pub payments: PaymentServiceClient<Wire>,
    system: Option<Arc<System>>,
}

impl Shop {
    pub fn of(wire: impl Fn(&'static str) -> Wire, system: Option<Arc<System>>) -> Self {
        Self {
            orders: OrderServiceClient::new(wire(orders::NAME)),
            inventory: InventoryServiceClient::new(wire(inventory::NAME)),
            payments: PaymentServiceClient::new(wire(payments::NAME)),
            system,
        }
    }

    /// All behind one endpoint.
    pub fn remote(wire: &Wire) -> Self {
        Self::of(|_| wire.clone(), None)
    }

    /// Whether anybody is there.
    pub async fn answers(&self) -> Result<(), Status> {
        let request = ListOrdersRequest { page_size: 1, ..ListOrdersRequest::default() };
        self.orders.clone().list_orders(request).await.map(drop)
    }

    /// Waits until every order is final or waits for a person; false when that takes longer than `within`.
    pub async fn settled(&self, within: Duration) -> Result<bool, Failure> {
        if let Some(system) = &self.system {
            return Ok(tokio::time::timeout(within, system.settled()).await.is_ok());
        }
        let until = Instant::now() + within;
        while self.is_restless().await? {
            if Instant::now() >= until {
                return Ok(false);
            }
            sleep(PAUSE).await;
        }
        Ok(true)
    }

    async fn is_restless(&self) -> Result<bool, Failure> {
        for state in RESTLESS {
            let request = ListOrdersRequest { page_size: 1, state: state.into(), ..ListOrdersRequest::default() };
            if !self.orders.clone().list_orders(request).await?.into_inner().orders.is_empty() {
                return Ok(true);
            }
        }
        Ok(false)
    }
}

/// Calls again, under the same key, while nobody answers: for calls that are idempotent by their key.
pub async fn persist<T, F: Future<Output = Result<T, Status>>>(mut call: impl FnMut() -> F) -> Result<T, Status> {
    let until = Instant::now() + PATIENCE;
    let mut pause = Duration::from_millis(20);
    loop {
        match call().await {
            Err(status) if passing(status.code()) && Instant::now() < until => {
                sleep(pause).await;
                pause = (pause * 2).min(Duration::from_secs(2));
            }
            answer => return answer,
        }
    }
}

/// Says nothing about the request itself.
pub const fn passing(code: Code) -> bool {
    matches!(
        code,
        Code::Unavailable | Code::DeadlineExceeded | Code::Aborted | Code::ResourceExhausted | Code::Cancelled
    )
}
