//! A service's database: units of work, reads beside them, and the end.

use crate::{
    Stats, StoreError, Tx,
    lite::Lite,
    lock::Lock,
    readers::Readers,
    stats::Counters,
    work::Unit,
    writer::{Message, Writer},
};
use futures::future::BoxFuture;
use parking_lot::Mutex;
use sea_orm::DbErr;
use std::{
    fmt,
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};
use tokio::sync::{mpsc, watch};

/// Units that may wait before callers have to: back-pressure, not a limit to reach.
const QUEUE: usize = 1_024;

/// One service's database. Cloning shares it; it closes when the last clone is gone.
#[derive(Clone)]
pub struct Store(Arc<Inner>);

struct Inner {
    name: &'static str,
    queue: mpsc::Sender<Message>,
    readers: Readers,
    counters: Arc<Counters>,
    announcements: watch::Receiver<u64>,
    running: watch::Receiver<()>,
    closed: AtomicBool,
    /// Keeps the folder ours for as long as this store is open.
    lock: Mutex<Option<Arc<Lock>>>,
}

impl Store {
    /// A store over a file: its writer is a thread of its own, for it spends its time waiting for the disk.
    pub(crate) fn file(name: &'static str, path: PathBuf, lite: Arc<Lite>, lock: Arc<Lock>) -> std::io::Result<Self> {
        let (store, writer) = Self::assemble(name, lite, Some(lock), |_, _| Readers::file(path));
        let runtime = tokio::runtime::Handle::try_current().ok();
        std::thread::Builder::new().name(format!("store-{name}")).spawn(move || {
            // Hooks may need the runtime that the store was opened in.
            let _runtime = runtime.as_ref().map(tokio::runtime::Handle::enter);
            futures::executor::block_on(writer.run());
        })?;
        Ok(store)
    }

    /// A store in memory: its writer is a task, so that a paused clock waits for it.
    pub(crate) fn memory(name: &'static str, lite: Arc<Lite>, turn: Arc<Mutex<()>>) -> Self {
        let (store, mut writer) = Self::assemble(name, lite, None, |lite, _| Readers::Memory {
            lite: Arc::clone(lite),
            turn: Arc::clone(&turn),
        });
        writer.turn = turn;
        tokio::spawn(writer.run());
        store
    }

    fn assemble(
        name: &'static str,
        lite: Arc<Lite>,
        lock: Option<Arc<Lock>>,
        readers: impl FnOnce(&Arc<Lite>, &Arc<Counters>) -> Readers,
    ) -> (Self, Writer) {
        let (queue, units) = mpsc::channel(QUEUE);
        let (announce, announcements) = watch::channel(0);
        let (run, running) = watch::channel(());
        let counters = Arc::new(Counters::default());
        let store = Inner {
            name,
            queue,
            readers: readers(&lite, &counters),
            counters: Arc::clone(&counters),
            announcements,
            running,
            closed: AtomicBool::new(false),
            lock: Mutex::new(lock),
        };
        let turn = Arc::default();
        let writer = Writer { lite, turn, queue: units, counters, announcements: announce, running: run };
        (Self(Arc::new(store)), writer)
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
    /// [`StoreError::Suspended`] when it misbehaved, [`StoreError::CommitFailed`], [`StoreError::Closed`].
    pub async fn unit<A, T, F>(&self, args: A, work: F) -> Result<T, StoreError>
    where
        A: Send + Sync + 'static,
        T: Send + 'static,
        F: for<'a> Fn(&'a Tx, &'a A) -> BoxFuture<'a, Result<T, DbErr>> + Send + Sync + 'static,
    {
        let (unit, answer) = Unit::new(args, work);
        self.0.queue.send(Message::Unit(Box::new(unit))).await.map_err(|_| StoreError::Closed)?;
        answer.await.map_err(|_| StoreError::Closed)?
    }

    /// Reads one snapshot of what is committed. Runs at once on the caller's thread: keep it short, read long lists in
    /// pages.
    ///
    /// # Errors
    /// [`StoreError::Db`] when a statement failed, [`StoreError::Suspended`], [`StoreError::Closed`].
    pub async fn read<A, T, F>(&self, args: A, work: F) -> Result<T, StoreError>
    where
        F: for<'a> FnOnce(&'a Tx, &'a A) -> BoxFuture<'a, Result<T, DbErr>>,
    {
        if self.0.closed.load(Ordering::Acquire) {
            return Err(StoreError::Closed);
        }
        self.0.readers.read(&self.0.counters, &args, work)
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

    /// Does what is queued, refuses what comes later, tidies the file and gives the folder free. May be called twice.
    pub async fn close(&self) {
        self.0.closed.store(true, Ordering::Release);
        self.0.readers.close();
        let _ = self.0.queue.send(Message::Close).await;
        let mut running = self.0.running.clone();
        // Nothing is ever sent: this waits for the sender, which the writer holds, to be dropped.
        while running.changed().await.is_ok() {}
        self.0.lock.lock().take();
    }
}

impl fmt::Debug for Store {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Store").field("name", &self.0.name).field("stats", &self.stats()).finish()
    }
}
