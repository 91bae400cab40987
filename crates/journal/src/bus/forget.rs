//! Forgetting what is old, now and then, in all stores that the bus knows.

use super::{Bus, Names, Route};
use crate::{cursor, retention::Owed, taken::Way};
use std::collections::BTreeMap;
use store::{Store, StoreError};

impl Bus {
    /// Until shutdown.
    pub(super) async fn forget(self) {
        let every = self.0.retention.every;
        while self.0.stop.run_until_cancelled(tokio::time::sleep(every)).await.is_some() {
            if let Err(error) = self.forget_now().await {
                tracing::warn!(%error, "forgetting old events and keys failed; tried again in {every:?}");
            }
        }
    }

    /// One round.
    async fn forget_now(&self) -> Result<(), StoreError> {
        let (now, retention, routes) = (self.0.ambient.now(), self.0.retention, self.routes());
        let publishers = self.0.publishers.borrow().clone();
        let mut stores: BTreeMap<&'static str, Store> = BTreeMap::new();
        for (name, store) in publishers {
            let followers = routes.iter().filter(|route| route.names.source == name);
            retention.outbox(&store, &owed(followers).await?, now).await?;
            stores.insert(store.name(), store);
        }
        for Route { names, store, .. } in routes {
            retention.inbox(&store, names.consumer, now).await?;
            stores.insert(store.name(), store);
        }
        for store in stores.into_values() {
            retention.keys(&store, now).await?;
        }
        Ok(())
    }
}

/// What those who follow one outbox have yet to have.
async fn owed(followers: impl Iterator<Item = &Route>) -> Result<Owed, StoreError> {
    let mut owed = Owed { passed: i64::MAX, consumers: Vec::new() };
    for Route { names: Names { consumer, source }, way, store } in followers {
        match way {
            Way::Cursor => owed.passed = owed.passed.min(cursor::position(store, consumer, source).await?),
            Way::Deliveries => owed.consumers.push(consumer),
        }
    }
    Ok(owed)
}
