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
mod entrance;
mod error;
mod measures;
mod operations;
mod place;
mod presence;
mod rest;
mod running;
mod services;
mod waiting;

pub use books::Books;
pub use config::{Config, Database, Where};
pub use entrance::Entrance;
pub use error::StartError;
pub use rest::RESTLESS;
pub use running::OPERATIONS;

use ambient::Ambient;
use api::mesh::v1::Fact;
use fabric::Wire;
use futures::stream::BoxStream;
use policy::Contract;
use running::Running;
use std::net::SocketAddr;
use store::StoreError;

/// The whole system, running.
pub struct System {
    ambient: Ambient,
    entrance: Entrance,
    running: Running,
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
        let entrance = Entrance::open(&config).await?;
        let running = Running::start(&entrance, &config).await?;
        Ok(Self { ambient: config.ambient, entrance, running })
    }

    /// Starts everything behind an entrance that is open already, and waits for the database when it cannot be reached:
    /// health says not ready meanwhile, and every call is answered UNAVAILABLE. May be dropped at any moment.
    ///
    /// # Errors
    /// [`StartError`] that waiting would not mend.
    pub async fn start_patiently(entrance: Entrance, config: Config) -> Result<Self, StartError> {
        let running = waiting::patiently(&entrance, &config).await?;
        Ok(Self { ambient: config.ambient, entrance, running })
    }

    /// The way to a service, as `caller` ("operator", "edge") sees it.
    pub fn wire(&self, caller: &'static str, callee: &'static str) -> Wire {
        self.entrance.mesh().wire(caller, callee)
    }

    /// Time, identifiers, dice.
    pub fn ambient(&self) -> &Ambient {
        &self.ambient
    }

    /// Where gRPC listens.
    pub fn grpc(&self) -> Option<SocketAddr> {
        self.entrance.grpc()
    }

    /// Where the page is.
    pub fn http(&self) -> Option<SocketAddr> {
        self.running.services.dashboard.page_address()
    }

    /// Where the metrics are.
    pub fn metrics(&self) -> Option<SocketAddr> {
        self.entrance.metrics()
    }

    /// The simulated gateway: for tests and demonstrations that steer it.
    pub fn gateway(&self) -> &payments::SimulatedGateway {
        self.running.services.payments.gateway()
    }

    /// Where data lives: a folder, or a database without its password.
    pub fn place(&self) -> &str {
        &self.running.place
    }

    /// The stores of all services.
    pub fn books(&self) -> &Books {
        &self.running.books
    }

    /// The raw rows of all services, for the audit.
    pub fn facts(&self) -> BoxStream<'static, Result<Fact, StoreError>> {
        self.running.books.facts()
    }

    /// Returns once nothing moves by itself: every order is final or waits for a person, no return or parcel is on its
    /// way, and every event was taken in.
    pub async fn settled(&self) {
        rest::settled(self).await;
    }

    /// Ends gracefully: the world's calls finish, no further step begins, those under way are recorded, everything is
    /// closed. What is unfinished goes on at the next start.
    pub async fn shutdown(&self) {
        self.running.presence.end().await;
        self.entrance.drain().await;
        self.running.services.shutdown(&self.running.bus).await;
        self.entrance.mesh().shutdown().await;
        self.running.books.close().await;
        self.entrance.close().await;
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_embedded_contract_can_be_kept() {
        assert!(super::contract().has_service("outrigger.mesh.v1.MeshService"));
    }
}
