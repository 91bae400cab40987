//! Waiting until nothing is under way: every event published, and every event that consuming it has published, was had
//! or parked.

use super::{Bus, Names, Route};
use crate::{cursor, deliveries, outbox, taken::Way};
use std::{collections::BTreeMap, time::Duration};
use store::StoreError;

/// Until a store that did not answer is asked again.
const PATIENCE: Duration = Duration::from_millis(100);

impl Bus {
    /// Returns when no consumer has anything to do: every event published, and every event that consuming it has
    /// published, was had or parked. Returns at once after [`Bus::shutdown`].
    pub async fn settled(&self) {
        let mut digested = self.0.digested.subscribe();
        loop {
            digested.borrow_and_update();
            let (cursors, claims): (Vec<Route>, Vec<Route>) =
                self.routes().into_iter().partition(|route| route.way == Way::Cursor);
            let again = match self.all_delivered(claims).await {
                Ok(true) if self.all_passed(&cursors).await => return,
                Ok(_) => self.0.stop.run_until_cancelled(digested.changed()).await.is_some(),
                Err(_) => self.0.stop.run_until_cancelled(tokio::time::sleep(PATIENCE)).await.is_some(),
            };
            if !again {
                return;
            }
        }
    }

    /// Two looks at the outboxes with the same answer, and all cursors there in between: nothing was under way.
    async fn all_passed(&self, routes: &[Route]) -> bool {
        let before = self.newest(routes).await;
        caught_up(routes, &before).await && self.newest(routes).await == before
    }

    /// The newest event of each source that someone follows. A closed store publishes nothing more.
    async fn newest(&self, routes: &[Route]) -> BTreeMap<&'static str, i64> {
        let mut newest = BTreeMap::new();
        for Route { names, .. } in routes {
            if let Some(store) = self.source(names.source)
                && let Ok(seq) = outbox::newest(&store).await
            {
                newest.insert(names.source, seq);
            }
        }
        newest
    }

    /// One look at all deliveries at the same moment, which one snapshot of the database that holds them all is: what
    /// a unit under way has claimed is still there, and what it will publish is not there before.
    async fn all_delivered(&self, routes: Vec<Route>) -> Result<bool, StoreError> {
        let known = |route: &Route| self.source(route.names.source).is_some();
        let routes: Vec<Route> = routes.into_iter().filter(known).collect();
        let Some(Route { store, .. }) = routes.first().cloned() else { return Ok(true) };
        let look = store.read(routes, |tx, routes| {
            Box::pin(async move {
                for Route { names: Names { consumer, source }, .. } in routes {
                    if deliveries::owed(tx, consumer, source).await? {
                        return Ok(false);
                    }
                }
                Ok(true)
            })
        });
        match look.await {
            // It digests nothing more.
            Err(StoreError::Closed) => Ok(true),
            looked => looked,
        }
    }
}

async fn caught_up(routes: &[Route], newest: &BTreeMap<&'static str, i64>) -> bool {
    for Route { names: Names { consumer, source }, store, .. } in routes {
        let target = newest.get(source).copied().unwrap_or(0);
        if cursor::position(store, consumer, source).await.is_ok_and(|position| position < target) {
            return false;
        }
    }
    true
}
