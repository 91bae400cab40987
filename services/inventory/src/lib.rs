//! Inventory: the catalogue and the stock, and who holds how much of it.
//!
//! Data flows one way: `api` (decode, validate) → `domain` (pure decision) → `store` (one unit of work) → events. Beside
//! the calls, a sweeper lets holds expire and a consumer hears from shipping what has gone. What always holds is I2: the
//! counters of a SKU add up and none but the corrections is below zero, whatever races.

mod api;
mod consumer;
mod domain;
mod facts;
mod messages;
mod migrations;
mod store;
mod sweeper;

pub use facts::facts;

use ::api::inventory::v1::inventory_service_server::InventoryServiceServer;
use ::store::{Data, OpenError, Store, StoreError};
use ambient::{Alarm, Ambient};
use fabric::{HostError, Mesh};
use journal::{Bus, Subscription};
use sea_orm_migration::MigrationTrait;
use std::{sync::Arc, time::Duration};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

/// The service's name: of its store, on the mesh and on the bus.
pub const NAME: &str = "inventory";

/// Whose events it hears.
const SHIPPING: &str = "shipping";

/// What may be set.
#[derive(Clone, Debug)]
pub struct Settings {
    /// How long stock is held for an order when the caller does not say.
    pub hold_for: Duration,
    /// The part of mutating calls that fail for a while, 0 to 1: half before, half after they took effect.
    pub fault_rate: f64,
    /// The dice of these faults.
    pub fault_seed: u64,
}

impl Default for Settings {
    fn default() -> Self {
        Self { hold_for: Duration::from_secs(15 * 60), fault_rate: 0.0, fault_seed: 0 }
    }
}

/// Why the service did not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    #[error(transparent)]
    Open(#[from] OpenError),
    #[error(transparent)]
    Host(#[from] HostError),
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// The running service.
pub struct Inventory {
    store: Store,
    stop: CancellationToken,
    tasks: TaskTracker,
}

/// Its tables, journal's first.
pub fn migrations() -> Vec<Box<dyn MigrationTrait>> {
    migrations::all()
}

/// Opens the store, serves the API on the mesh, hears shipping and lets holds expire.
pub async fn start(
    ambient: &Ambient,
    data: &Data,
    mesh: &Mesh,
    bus: &Bus,
    settings: Settings,
) -> Result<Inventory, StartError> {
    let store = data.store(NAME, migrations()).await?;
    let alarm = Arc::new(Alarm::new(ambient.clone()));
    let (stop, tasks) = (CancellationToken::new(), TaskTracker::new());
    tasks.spawn(sweeper::run(store.clone(), ambient.clone(), alarm.clone(), stop.clone()));
    tasks.close();
    bus.publisher(NAME, store.clone());
    let handler = Arc::new(consumer::Dispatches { ambient: ambient.clone() });
    bus.subscribe(Subscription { consumer: NAME, source: SHIPPING, store: store.clone(), handler }).await?;
    let api = api::Api::new(store.clone(), ambient.clone(), alarm, settings);
    mesh.host(NAME, InventoryServiceServer::new(api)).await?;
    Ok(Inventory { store, stop, tasks })
}

impl Inventory {
    /// Its store: for the bus, the audit and tests.
    pub fn store(&self) -> &Store {
        &self.store
    }

    /// Stops the sweeper. The API is closed by the mesh, the consumer by the bus.
    pub async fn shutdown(&self) {
        self.stop.cancel();
        self.tasks.wait().await;
    }
}
