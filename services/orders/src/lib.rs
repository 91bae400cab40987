//! Orders: takes them, and carries each to its right end through payments, inventory and shipping.
//!
//! Recorded with its saga in one unit, an order moves by turns of that saga, by the carrier's word, by a customer's or
//! a person's wish; each move is checked against one table ([`states_markdown`] prints it), and its row, its history
//! and its event commit together (I6). The rooms: `api` (in), `domain` (rules), `plan` (calls out), `consumer` (events
//! in), `store` (the only queries); this file wires them.

mod api;
mod catalogue;
mod consumer;
mod domain;
mod hub;
mod log;
mod migrations;
mod plan;
mod settings;
mod store;

pub use crate::{
    domain::{OnFailure, Policy, states_markdown},
    settings::Settings,
    store::facts,
};
pub use saga::Backoff;

use crate::{
    api::{Api, Inner},
    catalogue::Catalogue,
    consumer::Carrier,
    hub::Hub,
    plan::{Callees, OrderPlan, ReturnPlan},
    store::Secret,
};
use ::api::{
    inventory::v1::inventory_service_client::InventoryServiceClient,
    order::v1::order_service_server::OrderServiceServer, payment::v1::payment_service_client::PaymentServiceClient,
    shipping::v1::shipping_service_client::ShippingServiceClient,
};
use ::store::{Data, OpenError, Store, StoreError};
use ambient::Ambient;
use fabric::{HostError, Mesh};
use journal::{Bus, Subscription};
use saga::Engine;
use sea_orm_migration::MigrationTrait;
use std::sync::Arc;
use tokio_util::sync::CancellationToken;

/// The service's name: in the mesh, on the bus, and of its data.
pub const NAME: &str = "orders";

/// The method of clients' keys of orders.
pub(crate) const PLACE_ORDER: &str = "PlaceOrder";
/// The method of clients' keys of returns.
pub(crate) const RETURN_ITEMS: &str = "ReturnItems";

/// Everything that brings a store of orders up to date.
pub fn migrations() -> Vec<Box<dyn MigrationTrait>> {
    let mut all = journal::migrations();
    all.extend(saga::migrations());
    all.push(Box::new(migrations::CreateOrders));
    all
}

/// Why orders cannot start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The data cannot be opened.
    #[error("orders: {0}")]
    Open(#[from] OpenError),
    /// The data cannot be read.
    #[error("orders: {0}")]
    Store(#[from] StoreError),
    /// The service cannot be hosted.
    #[error("orders: {0}")]
    Host(#[from] HostError),
}

/// The running service.
pub struct Orders {
    store: Store,
    orders: Engine<OrderPlan>,
    returns: Engine<ReturnPlan>,
    stop: CancellationToken,
}

/// Opens the store, takes up what was under way, hosts the service and follows shipping.
pub async fn start(
    ambient: &Ambient,
    data: &Data,
    mesh: &Mesh,
    bus: &Bus,
    settings: Settings,
) -> Result<Orders, StartError> {
    let store = data.store(NAME, migrations()).await?;
    let fresh = Secret(ambient.dice().bits(), ambient.dice().bits());
    let secret = store.unit(fresh, |tx, fresh| Box::pin(store::secret(tx, *fresh))).await?;
    bus.publisher(NAME, store.clone());

    let hub = Arc::new(Hub::default());
    let (orders, returns) = engines(ambient, &store, mesh, &hub, &settings);
    orders.start().await?;
    returns.start().await?;

    let handler = Arc::new(Carrier { orders: orders.clone(), hub: hub.clone() });
    bus.subscribe(Subscription { consumer: NAME, source: "shipping", store: store.clone(), handler }).await?;

    let stop = CancellationToken::new();
    let api = Api(Arc::new(Inner {
        ambient: ambient.clone(),
        store: store.clone(),
        orders: orders.clone(),
        returns: returns.clone(),
        hub,
        catalogue: Catalogue::new(mesh.wire(NAME, "inventory")),
        secret,
        settings,
        stop: stop.clone(),
    }));
    mesh.host(NAME, OrderServiceServer::new(api)).await?;
    Ok(Orders { store, orders, returns, stop })
}

fn engines(
    ambient: &Ambient,
    store: &Store,
    mesh: &Mesh,
    hub: &Arc<Hub>,
    settings: &Settings,
) -> (Engine<OrderPlan>, Engine<ReturnPlan>) {
    let callees = Callees {
        payments: PaymentServiceClient::new(mesh.wire(NAME, "payments")),
        inventory: InventoryServiceClient::new(mesh.wire(NAME, "inventory")),
        shipping: ShippingServiceClient::new(mesh.wire(NAME, "shipping")),
    };
    let driving = saga::Settings {
        concurrency: settings.concurrency,
        // A call ends by its own deadline; this is for whatever does not.
        step_deadline: settings.step_deadline + settings.step_deadline / 2,
        keep: settings.keep,
        ..saga::Settings::default()
    };
    let (hub, settings) = (hub.clone(), settings.clone());
    let returns = ReturnPlan { callees: callees.clone(), hub: hub.clone(), settings: settings.clone() };
    let orders = OrderPlan { callees, hub, settings };
    (
        Engine::new(ambient, store.clone(), orders, driving.clone()),
        Engine::new(ambient, store.clone(), returns, driving),
    )
}

impl Orders {
    /// Its store.
    pub fn store(&self) -> &Store {
        &self.store
    }

    /// True while an order or a return has a step of its own to make, now or at its time. An order whose parcel is with
    /// the carrier, or that waits for a person, has none.
    pub async fn is_busy(&self) -> Result<bool, StoreError> {
        Ok(self.orders.is_busy().await? || self.returns.is_busy().await?)
    }

    /// How the sagas of orders and of returns stand.
    ///
    /// # Errors
    /// When they cannot be read.
    pub async fn census(&self) -> Result<[saga::Census; 2], StoreError> {
        Ok([self.orders.census().await?, self.returns.census().await?])
    }

    /// How many orders are not final, by the name of their state; states of none are left out.
    ///
    /// # Errors
    /// When they cannot be read.
    pub async fn unfinished(&self) -> Result<Vec<(String, u64)>, StoreError> {
        self.store.read((), |tx, ()| Box::pin(store::unfinished(tx))).await
    }

    /// Begins no further step, and returns once those under way are recorded. What is left is taken up at the next
    /// start.
    pub async fn shutdown(&self) {
        self.stop.cancel();
        tokio::join!(self.orders.shutdown(), self.returns.shutdown());
    }

    /// Drops everything where it stands, in the middle of calls, as a crash would: for tests of what the next start
    /// makes of it.
    pub async fn abandon(&self) {
        self.stop.cancel();
        tokio::join!(self.orders.abandon(), self.returns.abandon());
    }
}
