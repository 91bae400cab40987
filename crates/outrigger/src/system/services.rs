//! The six services of a system: started one after the other, and all or none of them.

use super::{
    books::{Books, Opened},
    config::Config,
    error::StartError,
};
use fabric::Mesh;
use futures::future::{BoxFuture, FutureExt};
use journal::Bus;
use std::sync::Arc;
use store::Data;

/// The six services, running.
pub struct Services {
    pub orders: Arc<orders::Orders>,
    pub payments: Arc<payments::Payments>,
    pub inventory: Arc<inventory::Inventory>,
    pub shipping: Arc<shipping::Shipping>,
    pub notifications: Arc<notifications::Notifications>,
    pub dashboard: Arc<dashboard::Dashboard>,
}

/// What stops and closes each service that has started; nothing of it happens unless it is polled.
type Undo = Vec<BoxFuture<'static, ()>>;

impl Services {
    /// Starts all. When one cannot start, those before it are stopped and closed again, so that it can be tried anew.
    pub async fn start(config: &Config, data: &Data, mesh: &Mesh, bus: &Bus) -> Result<Self, StartError> {
        let mut undo = Undo::new();
        let started = Self::all(config.clone(), data, mesh, bus, &mut undo).await;
        if started.is_err() {
            mesh.withdraw_all().await;
            bus.shutdown().await;
            for stop in undo.into_iter().rev() {
                stop.await;
            }
        }
        started
    }

    /// Orders last: it carries on at once with what it finds, and calls the others.
    async fn all(config: Config, data: &Data, mesh: &Mesh, bus: &Bus, undo: &mut Undo) -> Result<Self, StartError> {
        let ambient = &config.ambient;
        let payments = Arc::new(payments::start(ambient, data, mesh, bus, config.payments).await?);
        undo.push(with(&payments, |payments| async move {
            payments.shutdown().await;
            payments.store().close().await;
            payments.gateway().store().close().await;
        }));
        let inventory = Arc::new(inventory::start(ambient, data, mesh, bus, config.inventory).await?);
        undo.push(with(&inventory, |inventory| async move {
            inventory.shutdown().await;
            inventory.store().close().await;
        }));
        let shipping = Arc::new(shipping::start(ambient, data, mesh, bus, config.shipping).await?);
        undo.push(with(&shipping, |shipping| async move {
            shipping.shutdown().await;
            shipping.store().close().await;
        }));
        let notifications = Arc::new(notifications::start(ambient, data, mesh, bus, config.notifications).await?);
        undo.push(with(&notifications, |notifications| async move {
            notifications.shutdown().await;
            notifications.store().close().await;
        }));
        let dashboard = Arc::new(dashboard::start(ambient, data, mesh, bus, config.dashboard).await?);
        undo.push(with(&dashboard, |dashboard| async move {
            dashboard.shutdown().await;
            dashboard.store().close().await;
        }));
        let orders = Arc::new(orders::start(ambient, data, mesh, bus, config.orders).await?);
        Ok(Self { orders, payments, inventory, shipping, notifications, dashboard })
    }

    /// The stores of all.
    pub fn books(&self) -> Books {
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

    /// No further step begins, and those under way are recorded.
    pub async fn shutdown(&self, bus: &Bus) {
        self.orders.shutdown().await;
        self.payments.shutdown().await;
        self.shipping.shutdown().await;
        self.inventory.shutdown().await;
        bus.shutdown().await;
        self.notifications.shutdown().await;
        self.dashboard.shutdown().await;
    }
}

fn with<S, F>(service: &Arc<S>, stop: impl FnOnce(Arc<S>) -> F + Send + 'static) -> BoxFuture<'static, ()>
where
    S: Send + Sync + 'static,
    F: Future<Output = ()> + Send,
{
    let service = Arc::clone(service);
    async move { stop(service).await }.boxed()
}
