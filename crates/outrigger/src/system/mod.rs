//! The assembly: six services, one mesh, one bus, one place for data. Used by the program and by tests alike.
//!
//! ```no_run
//! use outrigger::system::{Config, System, Where};
//!
//! # async fn run() -> Result<(), outrigger::system::StartError> {
//! let config = Config::new(ambient::Ambient::system(), Where::Memory, fabric::Placement::InProcess);
//! let system = System::start(config).await?;
//! let orders = api::order::v1::order_service_client::OrderServiceClient::new(system.wire("operator", "orders"));
//! # let _ = orders;
//! system.settled().await;
//! system.shutdown().await;
//! # Ok(()) }
//! ```

mod books;
mod config;
mod operations;
mod rest;

pub use books::Books;
pub use config::{Config, Where};
pub use rest::RESTLESS;

use ambient::Ambient;
use api::mesh::v1::{Fact, mesh_service_server::MeshServiceServer};
use books::Opened;
use fabric::{HostError, Listening, Mesh, Placement, Wire};
use futures::stream::BoxStream;
use journal::Bus;
use parking_lot::Mutex;
use policy::Contract;
use std::net::SocketAddr;
use store::{Data, OpenError, StoreError};

/// The name under which the mesh's own operations are hosted.
pub const OPERATIONS: &str = "mesh";

/// Why the system did not start. What had started was stopped again.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    #[error(transparent)]
    Open(#[from] OpenError),
    #[error(transparent)]
    Host(#[from] HostError),
    #[error("orders: {0}")]
    Orders(#[from] orders::StartError),
    #[error("payments: {0}")]
    Payments(#[from] payments::StartError),
    #[error("inventory: {0}")]
    Inventory(#[from] inventory::StartError),
    #[error("shipping: {0}")]
    Shipping(#[from] shipping::StartError),
    #[error("notifications: {0}")]
    Notifications(#[from] notifications::StartError),
    #[error("dashboard: {0}")]
    Dashboard(#[from] dashboard::StartError),
}

/// The whole system, running.
pub struct System {
    ambient: Ambient,
    mesh: Mesh,
    bus: Bus,
    services: Services,
    books: Books,
    listening: Mutex<Option<Listening>>,
    grpc: Option<SocketAddr>,
}

struct Services {
    orders: orders::Orders,
    payments: payments::Payments,
    inventory: inventory::Inventory,
    shipping: shipping::Shipping,
    notifications: notifications::Notifications,
    dashboard: dashboard::Dashboard,
}

/// The embedded contract.
pub fn contract() -> Contract {
    Contract::from_descriptors(api::DESCRIPTORS).expect("the contract is checked by a test of this crate")
}

impl System {
    /// Starts everything, and carries on with what an earlier life left unfinished.
    ///
    /// # Errors
    /// [`StartError`]: each says what to do.
    pub async fn start(config: Config) -> Result<Self, StartError> {
        let data = match &config.data {
            Where::Directory(folder) => Data::open(folder)?,
            Where::Memory => Data::memory(),
        };
        let (ambient, placement, grpc) = (config.ambient.clone(), config.placement, config.grpc);
        let shown = data.path().map_or_else(|| "memory".to_owned(), |path| path.display().to_string());
        let mesh = Mesh::new(contract(), ambient.clone(), placement);
        if let Some(between) = &config.between {
            mesh.between(between.clone());
        }
        let bus = Bus::embedded(ambient.clone());
        let services = Services::start(config, &data, &mesh, &bus).await?;
        let books = services.books();
        let operations =
            operations::Operations { data: shown, placement: placement_name(placement), books: books.clone() };
        mesh.host(OPERATIONS, MeshServiceServer::new(operations)).await?;
        let listening = match grpc {
            Some(address) => Some(mesh.listen(address).await?),
            None => None,
        };
        let grpc = listening.as_ref().map(|listening| listening.address);
        Ok(Self { ambient, mesh, bus, services, books, listening: Mutex::new(listening), grpc })
    }

    /// The way to a service, as `caller` ("operator", "edge") sees it.
    pub fn wire(&self, caller: &'static str, callee: &'static str) -> Wire {
        self.mesh.wire(caller, callee)
    }

    /// Time, identifiers, dice.
    pub fn ambient(&self) -> &Ambient {
        &self.ambient
    }

    /// Where gRPC listens.
    pub fn grpc(&self) -> Option<SocketAddr> {
        self.grpc
    }

    /// Where the page is.
    pub fn http(&self) -> Option<SocketAddr> {
        self.services.dashboard.page_address()
    }

    /// The simulated gateway: for tests and demonstrations that steer it.
    pub fn gateway(&self) -> &payments::SimulatedGateway {
        self.services.payments.gateway()
    }

    /// The stores of all services.
    pub fn books(&self) -> &Books {
        &self.books
    }

    /// The raw rows of all services, for the audit.
    pub fn facts(&self) -> BoxStream<'static, Result<Fact, StoreError>> {
        self.books.facts()
    }

    /// Returns once nothing moves by itself: every order is final or waits for a person, no return or parcel is on its
    /// way, and every event was taken in.
    pub async fn settled(&self) {
        rest::settled(self).await;
    }

    /// Ends gracefully: the world's calls finish, no further step begins, those under way are recorded, everything is
    /// closed. What is unfinished goes on at the next start.
    pub async fn shutdown(&self) {
        let listening = self.listening.lock().take();
        if let Some(listening) = listening {
            listening.drain().await;
        }
        self.services.orders.shutdown().await;
        self.services.payments.shutdown().await;
        self.services.shipping.shutdown().await;
        self.services.inventory.shutdown().await;
        self.bus.shutdown().await;
        self.services.notifications.shutdown().await;
        self.services.dashboard.shutdown().await;
        self.mesh.shutdown().await;
        self.books.close().await;
    }
}

impl Services {
    /// Orders last: it carries on at once with what it finds, and calls the others.
    async fn start(config: Config, data: &Data, mesh: &Mesh, bus: &Bus) -> Result<Self, StartError> {
        let ambient = &config.ambient;
        let payments = payments::start(ambient, data, mesh, bus, config.payments).await?;
        let inventory = inventory::start(ambient, data, mesh, bus, config.inventory).await?;
        let shipping = shipping::start(ambient, data, mesh, bus, config.shipping).await?;
        let notifications = notifications::start(ambient, data, mesh, bus, config.notifications).await?;
        let dashboard = dashboard::start(ambient, data, mesh, bus, config.dashboard).await?;
        let orders = orders::start(ambient, data, mesh, bus, config.orders).await?;
        Ok(Self { orders, payments, inventory, shipping, notifications, dashboard })
    }

    fn books(&self) -> Books {
        Books::new(Opened {
            orders: self.orders.store().clone(),
            payments: self.payments.store().clone(),
            gateway: self.payments.gateway().store().clone(),
            inventory: self.inventory.store().clone(),
            shipping: self.shipping.store().clone(),
            besides: vec![
                (notifications::NAME, self.notifications.store().clone()),
                (dashboard::NAME, self.dashboard.store().clone()),
            ],
        })
    }
}

const fn placement_name(placement: Placement) -> &'static str {
    match placement {
        Placement::InProcess => "in-process",
        Placement::Tcp => "loopback",
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_embedded_contract_can_be_kept() {
        assert!(super::contract().has_service("outrigger.mesh.v1.MeshService"));
    }
}
