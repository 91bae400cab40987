//! A program that serves, and what clients ask of it over its ports.

use crate::outrigger;
use api::{
    inventory::v1::{
        CatalogueItem, Price, PutCatalogueRequest, ReceiveStockRequest, StockLine,
        inventory_service_client::InventoryServiceClient,
    },
    order::v1::{GetOrderRequest, Order, OrderState, order_service_client::OrderServiceClient},
};
use outrigger::system::RESTLESS;
use outrigger_tests::{Basket, PRICE, pence};
use servers::http::free_port;
use std::{
    fs::File,
    net::{Ipv4Addr, SocketAddr},
    process::{Child, Command, ExitStatus},
    time::Duration,
};
use tempfile::TempDir;
use tonic::{Status, transport::Channel};
use tonic_health::pb::{HealthCheckRequest, health_check_response::ServingStatus, health_client::HealthClient};

/// What has not happened by then does not happen.
pub const PATIENCE: Duration = Duration::from_secs(60);
const BETWEEN_LOOKS: Duration = Duration::from_millis(25);

/// A process that serves, killed with this value.
pub struct Serving {
    process: Child,
    grpc: u16,
    metrics: u16,
    said: TempDir,
}

impl Serving {
    /// `serve` on this data, with these variables set; it may take a while to be ready.
    pub fn start(data: &str, surroundings: &[(&str, &str)]) -> Self {
        Self::flagged(data, &[], surroundings)
    }

    /// The same, with more said on the command line.
    pub fn flagged(data: &str, flags: &[&str], surroundings: &[(&str, &str)]) -> Self {
        let (grpc, metrics, said) = (free_port(), free_port(), tempfile::tempdir().unwrap());
        let (port, metrics_port) = (grpc.to_string(), metrics.to_string());
        let ports = ["--port", &port, "--http-port", "0", "--metrics-port", &metrics_port];
        let log = |name: &str| File::create(said.path().join(name)).unwrap();
        let process = outrigger(&[&["serve", "--data", data], &ports[..], flags].concat())
            .envs(surroundings.iter().copied())
            .stdout(log("out"))
            .stderr(log("log"))
            .spawn()
            .unwrap();
        Self { process, grpc, metrics, said }
    }

    /// Its gRPC, for commands.
    pub fn endpoint(&self) -> String {
        format!("http://127.0.0.1:{}", self.grpc)
    }

    /// Its metrics, for Prometheus.
    pub fn metrics(&self) -> SocketAddr {
        SocketAddr::from((Ipv4Addr::LOCALHOST, self.metrics))
    }

    /// A connection, made when it is needed.
    pub fn channel(&self) -> Channel {
        Channel::from_shared(self.endpoint()).unwrap().connect_lazy()
    }

    /// What it logged so far.
    pub fn log(&self) -> String {
        std::fs::read_to_string(self.said.path().join("log")).unwrap()
    }

    /// All that it said so far, to people and to the log.
    pub fn told(&self) -> String {
        std::fs::read_to_string(self.said.path().join("out")).unwrap() + &self.log()
    }

    /// What it says of this service's health; none when nobody answers.
    pub async fn health(&self, service: &str) -> Option<ServingStatus> {
        let request = HealthCheckRequest { service: service.to_owned() };
        HealthClient::new(self.channel()).check(request).await.ok().map(|answer| answer.into_inner().status())
    }

    /// Waits until it is ready.
    pub async fn ready(&mut self) -> Channel {
        self.healthy("", ServingStatus::Serving).await;
        self.channel()
    }

    /// Waits until it says so of this service's health.
    pub async fn healthy(&mut self, service: &str, status: ServingStatus) {
        for _ in 0..PATIENCE.as_millis() / BETWEEN_LOOKS.as_millis() {
            let found = self.health(service).await;
            if found == Some(status) {
                return;
            }
            if let Some(ended) = self.process.try_wait().unwrap() {
                panic!("it ended with {ended}: {}", self.told());
            }
            tokio::time::sleep(BETWEEN_LOOKS).await;
        }
        panic!("'{service}' is not {status:?}: {}", self.told());
    }

    /// `kill -9`.
    pub fn kill(mut self) {
        self.process.kill().unwrap();
        self.process.wait().unwrap();
    }

    /// Asks it to end, and waits for that; the status and all that was said.
    pub fn end(mut self) -> (ExitStatus, String) {
        let asked = Command::new("kill").args(["-TERM", &self.process.id().to_string()]).status().unwrap();
        assert!(asked.success(), "it has ended before it was asked to: {}", self.told());
        let status = self.process.wait().unwrap();
        (status, self.told())
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// Goods for sale, at the one price of these shops.
pub async fn stock(channel: &Channel, sku: &str, quantity: i64) {
    let mut inventory = InventoryServiceClient::new(channel.clone());
    let prices = vec![Price { unit_price: Some(pence(PRICE)), min_quantity: 1 }];
    let items = vec![CatalogueItem { sku: sku.into(), title: format!("A {sku}"), prices }];
    inventory.put_catalogue(PutCatalogueRequest { items }).await.unwrap();
    if quantity > 0 {
        let lines = vec![StockLine { sku: sku.into(), quantity }];
        let request = ReceiveStockRequest { request_id: format!("opening-{sku}"), lines };
        inventory.receive_stock(request).await.unwrap();
    }
}

/// Places an order under a key.
pub async fn place(channel: &Channel, basket: Basket, key: &str) -> Result<Order, Status> {
    let answer = OrderServiceClient::new(channel.clone()).place_order(basket.key(key).request(String::new)).await?;
    Ok(answer.into_inner().order.unwrap())
}

/// The order once it is final or waits for a person.
pub async fn settled(channel: &Channel, order_id: &str) -> Order {
    reached(channel, order_id, |state| !RESTLESS.contains(&state)).await
}

/// The order once its state is one that is waited for.
pub async fn reached(channel: &Channel, order_id: &str, enough: impl Fn(OrderState) -> bool) -> Order {
    let mut orders = OrderServiceClient::new(channel.clone());
    let looking = async {
        loop {
            let answer = orders.get_order(GetOrderRequest { order_id: order_id.to_owned() }).await;
            match answer.map(|answer| answer.into_inner().order.unwrap()) {
                Ok(order) if enough(order.state()) => return order,
                _ => tokio::time::sleep(BETWEEN_LOOKS).await,
            }
        }
    };
    tokio::time::timeout(PATIENCE, looking).await.expect("the order gets there")
}
