//! The SQLite engine as a store sees it: a queue to the writer, and readers beside it.

use crate::{
    StoreError, Tx,
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
use std::{path::PathBuf, sync::Arc};
use tokio::sync::{mpsc, watch};

/// Units that may wait before callers have to: back-pressure, not a limit to reach.
const QUEUE: usize = 1_024;

pub(crate) struct Grouped {
    queue: mpsc::Sender<Message>,
    readers: Readers,
    counters: Arc<Counters>,
    running: watch::Receiver<()>,
    /// Keeps the folder ours for as long as this store is open.
    lock: Mutex<Option<Arc<Lock>>>,
}

impl Grouped {
    /// Over a file: its writer is a thread of its own, for it spends its time waiting for the disk.
    pub fn file(
        name: &str,
        path: PathBuf,
        lite: Arc<Lite>,
        lock: Arc<Lock>,
        counters: Arc<Counters>,
    ) -> std::io::Result<(Self, watch::Receiver<u64>)> {
        let readers = Readers::file(path);
        let (store, writer, announcements) = Self::assemble(lite, Some(lock), readers, Arc::default(), counters);
        let runtime = tokio::runtime::Handle::try_current().ok();
        std::thread::Builder::new().name(format!("store-{name}")).spawn(move || {
            // Hooks may need the runtime that the store was opened in.
            let _runtime = runtime.as_ref().map(tokio::runtime::Handle::enter);
            futures::executor::block_on(writer.run());
        })?;
        Ok((store, announcements))
    }

    /// In memory: its writer is a task, so that a paused clock waits for it.
    pub fn memory(lite: Arc<Lite>, turn: Arc<Mutex<()>>, counters: Arc<Counters>) -> (Self, watch::Receiver<u64>) {
        let readers = Readers::Memory { lite: Arc::clone(&lite), turn: Arc::clone(&turn) };
        let (store, writer, announcements) = Self::assemble(lite, None, readers, turn, counters);
        tokio::spawn(writer.run());
        (store, announcements)
    }

    fn assemble(
        lite: Arc<Lite>,
        lock: Option<Arc<Lock>>,
        readers: Readers,
        turn: Arc<Mutex<()>>,
        counters: Arc<Counters>,
    ) -> (Self, Writer, watch::Receiver<u64>) {
        let (queue, units) = mpsc::channel(QUEUE);
        let (announce, announcements) = watch::channel(0);
        let (run, running) = watch::channel(());
        let store = Self { queue, readers, counters: Arc::clone(&counters), running, lock: Mutex::new(lock) };
        let writer = Writer { lite, turn, queue: units, counters, announcements: announce, running: run };
        (store, writer, announcements)
    }

    pub async fn unit<A, T, F>(&self, args: A, work: F) -> Result<T, StoreError>
    where
        A: Send + Sync + 'static,
        T: Send + 'static,
        F: for<'a> Fn(&'a Tx, &'a A) -> BoxFuture<'a, Result<T, DbErr>> + Send + Sync + 'static,
    {
        let (unit, answer) = Unit::new(args, work);
        self.queue.send(Message::Unit(Box::new(unit))).await.map_err(|_| StoreError::Closed)?;
        answer.await.map_err(|_| StoreError::Closed)?
    }

    pub fn read<A, T, F>(&self, args: &A, work: F) -> Result<T, StoreError>
    where
        F: for<'a> FnOnce(&'a Tx, &'a A) -> BoxFuture<'a, Result<T, DbErr>>,
    {
        self.readers.read(&self.counters, args, work)
    }

    /// Does what is queued, tidies the file and gives the folder free.
    pub async fn close(&self) {
        self.readers.close();
        let _ = self.queue.send(Message::Close).await;
        let mut running = self.running.clone();
        // Nothing is ever sent: this waits for the sender, which the writer holds, to be dropped.
        while running.changed().await.is_ok() {}
        self.lock.lock().take();
    }
}
