//! Shipping: one parcel an order, handed to a simulated carrier that dispatches and delivers it in its own time.
//!
//! Data flows one way: `api` (decode, validate) → `domain` (pure decision) → `store` (one unit of work) → events. Beside the
//! calls, the carrier moves parcels on; whoever wants to know hears it from the events.

mod api;
mod carrier;
mod domain;
mod facts;
mod messages;
mod migrations;
mod store;

pub use facts::facts;

use ::api::shipping::v1::shipping_service_server::ShippingServiceServer;
use ::store::{Data, OpenError, Store};
use ambient::{Alarm, Ambient};
use fabric::{HostError, Mesh};
use journal::Bus;
use sea_orm_migration::MigrationTrait;
use std::{sync::Arc, time::Duration};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

/// The service's name: of its store, on the mesh and on the bus.
pub const NAME: &str = "shipping";

/// What may be set.
#[derive(Clone, Debug)]
pub struct Settings {
    /// How long a parcel waits for the carrier; so long it can be cancelled.
    pub dispatch_after: Duration,
    /// How long it is on its way.
    pub deliver_after: Duration,
    /// The part of mutating calls that fail for a while, 0 to 1: half before, half after they took effect.
    pub fault_rate: f64,
    /// The dice of these faults.
    pub fault_seed: u64,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            dispatch_after: Duration::from_millis(200),
            deliver_after: Duration::from_millis(300),
            fault_rate: 0.0,
            fault_seed: 0,
        }
    }
}

/// Why the service did not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    #[error(transparent)]
    Open(#[from] OpenError),
    #[error(transparent)]
    Host(#[from] HostError),
}

/// The running service.
pub struct Shipping {
    store: Store,
    stop: CancellationToken,
    tasks: TaskTracker,
}

/// Its tables, journal's first.
pub fn migrations() -> Vec<Box<dyn MigrationTrait>> {
    migrations::all()
}

/// Opens the store, serves the API on the mesh and sets the carrier to work.
pub async fn start(
    ambient: &Ambient,
    data: &Data,
    mesh: &Mesh,
    bus: &Bus,
    settings: Settings,
) -> Result<Shipping, StartError> {
    let store = data.store(NAME, migrations()).await?;
    let alarm = Arc::new(Alarm::new(ambient.clone()));
    let (stop, tasks) = (CancellationToken::new(), TaskTracker::new());
    bus.publisher(NAME, store.clone());
    let carrier = carrier::Carrier {
        store: store.clone(),
        ambient: ambient.clone(),
        alarm: alarm.clone(),
        deliver_after: settings.deliver_after,
    };
    tasks.spawn(carrier.run(stop.clone()));
    tasks.close();
    let api = api::Api::new(store.clone(), ambient.clone(), alarm, settings);
    mesh.host(NAME, ShippingServiceServer::new(api)).await?;
    Ok(Shipping { store, stop, tasks })
}

impl Shipping {
    /// Its store: for the bus, the audit and tests.
    pub fn store(&self) -> &Store {
        &self.store
    }

    /// Stops the carrier; parcels on their way go on at the next start. The API is closed by the mesh.
    pub async fn shutdown(&self) {
        self.stop.cancel();
        self.tasks.wait().await;
    }
}
