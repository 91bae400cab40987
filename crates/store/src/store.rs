//! A service's database: units of work, reads beside them, and the end.

use crate::{Stats, StoreError, Tx, grouped::Grouped, parallel::Parallel, stats::Counters};
use futures::future::BoxFuture;
use sea_orm::DbErr;
use std::{
    fmt,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};
use tokio::sync::watch;

/// One service's database. Cloning shares it; it closes when the last clone is gone.
#[derive(Clone)]
pub struct Store(Arc<Inner>);

struct Inner {
    name: &'static str,
    engine: Engine,
    counters: Arc<Counters>,
    announcements: watch::Receiver<u64>,
    closed: AtomicBool,
}

pub(crate) enum Engine {
    /// SQLite: one writer, commits in groups.
    Grouped(Grouped),
    /// PostgreSQL: units side by side.
    Parallel(Arc<Parallel>),
}

impl Store {
    /// Over an engine that counts with `counters`.
    pub(crate) fn new(
        name: &'static str,
        engine: Engine,
        counters: Arc<Counters>,
        announcements: watch::Receiver<u64>,
    ) -> Self {
        Self(Arc::new(Inner { name, engine, counters, announcements, closed: AtomicBool::new(false) }))
    }

    /// The service it belongs to.
    pub fn name(&self) -> &'static str {
        self.0.name
    }

    /// Runs a unit of work: all of it or nothing is kept, and what is kept is durable when this returns.
    ///
    /// `work` gets `args` by reference and may be run again, so everything it needs from outside (identifiers, times)
    /// is in `args`. If the returned future is dropped before the unit begins, it never runs; once begun, it commits.
    ///
    /// # Errors
    /// [`StoreError::Db`] when a statement failed or `work` said `Err`, [`StoreError::Panicked`] and
    /// [`StoreError::Suspended`] when it misbehaved, [`StoreError::CommitFailed`], [`StoreError::Closed`]; on PostgreSQL
    /// also [`StoreError::Unavailable`], [`StoreError::Unknown`] and [`StoreError::Expired`].
    pub async fn unit<A, T, F>(&self, args: A, work: F) -> Result<T, StoreError>
    where
        A: Send + Sync + 'static,
        T: Send + 'static,
        F: for<'a> Fn(&'a Tx, &'a A) -> BoxFuture<'a, Result<T, DbErr>> + Send + Sync + 'static,
    {
        match &self.0.engine {
            Engine::Grouped(engine) => engine.unit(args, work).await,
            Engine::Parallel(_) if self.is_closed() => Err(StoreError::Closed),
            Engine::Parallel(engine) => engine.unit(args, work).await,
        }
    }

    /// Reads one snapshot of what is committed. On SQLite it runs at once on the caller's thread: keep it short, read
    /// long lists in pages.
    ///
    /// # Errors
    /// [`StoreError::Db`] when a statement failed, [`StoreError::Suspended`], [`StoreError::Closed`]; on PostgreSQL also
    /// [`StoreError::Unavailable`] and [`StoreError::Expired`].
    pub async fn read<A, T, F>(&self, args: A, work: F) -> Result<T, StoreError>
    where
        F: for<'a> FnOnce(&'a Tx, &'a A) -> BoxFuture<'a, Result<T, DbErr>>,
    {
        if self.is_closed() {
            return Err(StoreError::Closed);
        }
        match &self.0.engine {
            Engine::Grouped(engine) => engine.read(&args, work),
            Engine::Parallel(engine) => engine.read(&args, work).await,
        }
    }

    /// Changes after every commit that holds a unit which called [`Tx::announce`]. No change is missed: what was
    /// announced since the receiver last looked is still a change. Closed when the store is.
    pub fn announcements(&self) -> watch::Receiver<u64> {
        self.0.announcements.clone()
    }

    /// What it has done since it was opened.
    pub fn stats(&self) -> Stats {
        self.0.counters.stats()
    }

    /// Does what is queued, refuses what comes later, tidies up and gives the place free. May be called twice.
    pub async fn close(&self) {
        self.0.closed.store(true, Ordering::Release);
        match &self.0.engine {
            Engine::Grouped(engine) => engine.close().await,
            Engine::Parallel(engine) => engine.close().await,
        }
    }

    fn is_closed(&self) -> bool {
        self.0.closed.load(Ordering::Acquire)
    }
}

impl fmt::Debug for Store {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Store").field("name", &self.0.name).field("stats", &self.stats()).finish()
    }
}
