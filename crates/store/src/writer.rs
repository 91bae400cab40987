//! The group commit: one loop per store runs all that waits, commits once, then answers everybody.
//!
//! A batch is whatever queued while the last commit was under way; the loop never waits for more. Each unit runs inside a
//! savepoint, sees what earlier units of its batch wrote, and takes only its own writes with it when it fails. That is
//! safe because nobody is answered before the commit that holds them all.

use crate::{
    StoreError, Tx,
    lite::Lite,
    stats::Counters,
    tx::{Aftermath, Hook},
    work::{Work, run_hooks},
};
use parking_lot::Mutex;
use sea_orm::DbErr;
use std::sync::Arc;
use tokio::sync::{mpsc, watch};

/// Units in one commit at most: the first of them waits for the last.
const BATCH: usize = 512;

pub(crate) enum Message {
    Unit(Box<dyn Work>),
    Close,
}

pub(crate) struct Writer {
    pub lite: Arc<Lite>,
    /// Held while a batch is open. Only readers of memory ask for it.
    pub turn: Arc<Mutex<()>>,
    pub queue: mpsc::Receiver<Message>,
    pub counters: Arc<Counters>,
    pub announcements: watch::Sender<u64>,
    /// Dropped when the writer has ended, which is how `close` learns of it.
    #[expect(dead_code, reason = "held, never sent on")]
    pub running: watch::Sender<()>,
}

/// The units of an open transaction, and what they leave to do after it.
#[derive(Default)]
struct Batch {
    units: Vec<Box<dyn Work>>,
    kept: usize,
    hooks: Vec<Hook>,
    announced: bool,
}

impl Writer {
    /// Until the store is closed or nobody holds it any more. What was queued by then is still done.
    pub async fn run(mut self) {
        while let Some(message) = self.queue.recv().await {
            match message {
                Message::Unit(unit) => self.group(unit),
                Message::Close => self.queue.close(),
            }
        }
        if let Err(error) = self.lite.script("PRAGMA wal_checkpoint(TRUNCATE)") {
            tracing::warn!(%error, "the write-ahead log was left for the next start");
        }
    }

    fn group(&mut self, first: Box<dyn Work>) {
        let mut batch = Batch::default();
        let fate = {
            let turn = Arc::clone(&self.turn);
            let _turn = turn.lock();
            self.transact(first, &mut batch)
        };
        if fate.is_ok() && batch.kept > 0 {
            self.settle(&mut batch);
        }
        for unit in batch.units {
            unit.answer(fate.clone());
        }
    }

    /// One transaction: the batch is durable when this returns `Ok`, and gone when it does not.
    fn transact(&mut self, first: Box<dyn Work>, batch: &mut Batch) -> Result<(), StoreError> {
        let committed = match self.lite.control("BEGIN IMMEDIATE") {
            Ok(()) => self.fill(first, batch).and_then(|()| self.lite.control("COMMIT")),
            Err(error) => {
                batch.units.push(first);
                Err(error)
            }
        };
        committed.map_err(|error| {
            tracing::error!(%error, units = batch.units.len(), "a batch of units was lost");
            if let Err(error) = self.lite.recover() {
                tracing::error!(%error, "and could not be rolled back");
            }
            StoreError::CommitFailed(error.to_string())
        })
    }

    /// Runs `first` and what is queued behind it. `Err` means that the transaction itself is gone.
    fn fill(&mut self, first: Box<dyn Work>, batch: &mut Batch) -> Result<(), DbErr> {
        let mut next = Some(first);
        while let Some(unit) = next {
            if !unit.unwanted() {
                self.step(unit, batch)?;
            }
            next = if batch.units.len() < BATCH { self.waiting() } else { None };
        }
        Ok(())
    }

    fn step(&self, mut unit: Box<dyn Work>, batch: &mut Batch) -> Result<(), DbErr> {
        let started = self.lite.control("SAVEPOINT unit");
        let tx = Tx::lite(Arc::clone(&self.lite), true, Arc::clone(&self.counters));
        let keep = started.is_ok() && unit.run(&tx);
        batch.units.push(unit);
        started?;
        if keep {
            let Aftermath { hooks, announced } = tx.aftermath();
            batch.kept += 1;
            batch.hooks.extend(hooks);
            batch.announced |= announced;
        } else {
            // After some errors (a full disk) SQLite rolls the whole transaction back by itself. Then there is no
            // savepoint, this fails, and with it the batch.
            self.lite.control("ROLLBACK TO unit")?;
        }
        self.lite.control("RELEASE unit")
    }

    fn waiting(&mut self) -> Option<Box<dyn Work>> {
        match self.queue.try_recv() {
            Ok(Message::Unit(unit)) => Some(unit),
            Ok(Message::Close) => {
                self.queue.close();
                self.waiting()
            }
            Err(_) => None,
        }
    }

    /// After the commit, before the answers.
    fn settle(&self, batch: &mut Batch) {
        self.counters.committed(batch.kept);
        run_hooks(std::mem::take(&mut batch.hooks));
        if batch.announced {
            self.announcements.send_modify(|count| *count += 1);
        }
    }
}
