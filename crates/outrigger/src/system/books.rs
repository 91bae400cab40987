//! The stores of all services: what they used, and what their rows say.

use super::{config::Config, place};
use api::mesh::v1::Fact;
use futures::{StreamExt, stream::BoxStream};
use std::{iter, sync::Arc};
use store::{OpenError, Stats, Store, StoreError};

/// The stores of all services. Cloning shares them.
#[derive(Clone)]
pub struct Books(Arc<Opened>);

/// Each store by its service.
pub struct Opened {
    pub orders: Store,
    pub payments: Store,
    pub gateway: Store,
    pub inventory: Store,
    pub shipping: Store,
    /// Those of which the audit asks nothing.
    pub besides: Vec<(&'static str, Store)>,
}

impl Books {
    pub fn new(opened: Opened) -> Self {
        Self(Arc::new(opened))
    }

    /// The books of a system that is not running. Nothing is made there.
    ///
    /// # Errors
    /// When there is no data there, or a process uses it.
    pub async fn at_rest(config: &Config) -> Result<Self, OpenError> {
        let data = place::existing(config).await?;
        Ok(Self::new(Opened {
            orders: data.store(orders::NAME, orders::migrations()).await?,
            payments: data.store(payments::NAME, payments::migrations()).await?,
            gateway: data.store(payments::GATEWAY, payments::gateway_migrations()).await?,
            inventory: data.store(inventory::NAME, inventory::migrations()).await?,
            shipping: data.store(shipping::NAME, shipping::migrations()).await?,
            besides: Vec::new(),
        }))
    }

    /// Every store, by its service's name.
    pub fn stores(&self) -> impl Iterator<Item = (&'static str, &Store)> {
        let Opened { orders, payments, gateway, inventory, shipping, besides } = &*self.0;
        iter::once((orders::NAME, orders))
            .chain([(payments::NAME, payments), (payments::GATEWAY, gateway)])
            .chain([(inventory::NAME, inventory), (shipping::NAME, shipping)])
            .chain(besides.iter().map(|(name, store)| (*name, store)))
    }

    /// The raw rows of all services, service by service. Keys come before the orders that they name, and orders before
    /// what others hold for them.
    pub fn facts(&self) -> BoxStream<'static, Result<Fact, StoreError>> {
        let Opened { orders, payments, gateway, inventory, shipping, .. } = &*self.0;
        orders::facts(orders)
            .chain(payments::facts(payments))
            .chain(payments::gateway_facts(gateway))
            .chain(inventory::facts(inventory))
            .chain(shipping::facts(shipping))
            .boxed()
    }

    /// The rows of orders alone.
    pub fn order_facts(&self) -> BoxStream<'static, Result<Fact, StoreError>> {
        orders::facts(&self.0.orders)
    }

    /// What each of them has done.
    pub fn usage(&self) -> Vec<(&'static str, Stats)> {
        self.stores().map(|(name, store)| (name, store.stats())).collect()
    }

    /// Closes every store.
    pub async fn close(&self) {
        for (_, store) in self.stores() {
            store.close().await;
        }
    }
}
