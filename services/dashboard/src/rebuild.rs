//! Builds the projections again: throws them away, sends the cursors back to the beginning, and waits until everything
//! that had been taken in is taken in again.

use crate::{NAME, store, summary::Source};
use ::store::{Store, StoreError};
use journal::Bus;
use std::sync::Arc;
use tokio::sync::Mutex;

/// Why projections were not built again.
#[derive(Debug, thiserror::Error)]
pub enum RebuildError {
    /// The oldest events are gone. Nothing was changed.
    #[error("the oldest events of {0} are no longer kept; what they told can only be kept as it is")]
    Pruned(&'static str),
    /// The store.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// The one who rebuilds. Cloning shares it: one rebuild at a time.
#[derive(Clone)]
pub struct Rebuilder {
    store: Store,
    bus: Bus,
    one: Arc<Mutex<()>>,
}

impl Rebuilder {
    pub fn new(store: Store, bus: Bus) -> Self {
        Self { store, bus, one: Arc::default() }
    }

    /// How many events were taken in again. Whoever gives up waiting stops nothing: the consumer carries on.
    pub async fn rebuild(&self) -> Result<i64, RebuildError> {
        let _one = self.one.lock().await;
        if let Some(source) = self.bus.pruned(NAME).await? {
            return Err(RebuildError::Pruned(source));
        }
        let before = self.sources().await?;
        self.bus.rewind(&self.store, NAME, |tx| Box::pin(store::clear(tx))).await?;
        tokio::select! {
            reached = self.reach(&before) => reached?,
            () = self.bus.settled() => {} // an event that cannot be digested any more is not waited for
        }
        Ok(self.sources().await?.iter().map(|source| source.events).sum())
    }

    async fn reach(&self, before: &[Source]) -> Result<(), StoreError> {
        let mut changes = self.store.announcements();
        loop {
            changes.mark_unchanged();
            let now = self.sources().await?;
            let reached = |old: &Source| now.iter().any(|new| new.source == old.source && new.events >= old.events);
            if before.iter().all(reached) || changes.changed().await.is_err() {
                return Ok(());
            }
        }
    }

    async fn sources(&self) -> Result<Vec<Source>, StoreError> {
        self.store.read((), |tx, ()| Box::pin(store::sources(tx))).await
    }
}
