//! Units side by side: the PostgreSQL engine as a store sees it.
//!
//! A unit is a transaction of its own (READ COMMITTED) on one of a few sessions; the server makes the commits of many durable
//! together by itself. A unit that was undone because it and another stood in each other's way is run again, and so is one
//! whose connection broke before its commit was sent. When the connection breaks with the commit, the unit's mark says what
//! became of it (`postgres::mark`).

mod attempt;
mod pauses;
mod read;
mod unit;

use crate::{
    StoreError,
    postgres::{Patience, Pool},
    stats::Counters,
    tx::Aftermath,
    work::run_hooks,
};
use parking_lot::Mutex;
use std::sync::Arc;
use tokio::{sync::watch, time::Instant};

pub(crate) struct Parallel {
    pool: Arc<Pool>,
    /// The deadline of whoever calls.
    deadline: fn() -> Option<Instant>,
    counters: Arc<Counters>,
    /// None once closed.
    announce: Mutex<Option<watch::Sender<u64>>>,
}

impl Parallel {
    pub fn new(
        pool: Arc<Pool>,
        deadline: fn() -> Option<Instant>,
        counters: Arc<Counters>,
    ) -> (Arc<Self>, watch::Receiver<u64>) {
        let (announce, announcements) = watch::channel(0);
        (Arc::new(Self { pool, deadline, counters, announce: Mutex::new(Some(announce)) }), announcements)
    }

    /// Does what was waiting, then lets go of everything.
    pub async fn close(&self) {
        self.pool.close().await;
        self.announce.lock().take();
    }

    fn patience(&self) -> Patience {
        Patience::from(Instant::now(), (self.deadline)())
    }

    /// After a unit's commit, before its answer.
    fn settle(&self, aftermath: Aftermath) {
        self.counters.committed(1);
        run_hooks(aftermath.hooks);
        if aftermath.announced {
            self.announce();
        }
    }

    fn announce(&self) {
        if let Some(announce) = &*self.announce.lock() {
            announce.send_modify(|count| *count += 1);
        }
    }

    /// A transaction's first words: its kind, and how long its statements may take.
    fn opening(&self, begin: &str, patience: &Patience) -> String {
        match patience.less_than(self.pool.statement_timeout()) {
            Some(left) => format!("{begin}; SET LOCAL statement_timeout = {}", left.as_millis().max(1)),
            None => begin.to_owned(),
        }
    }
}

/// Why an attempt came to nothing, and what follows.
enum Setback {
    /// This is the answer.
    Final(StoreError),
    /// Nothing was kept: it may be tried again.
    Again(Again),
}

/// What to wait for before trying again.
enum Again {
    /// The database: it is not there, for this reason.
    Absent(String),
    /// Others, who were in the way.
    Contended(String),
}

impl From<Again> for StoreError {
    fn from(again: Again) -> Self {
        match again {
            Again::Absent(reason) => Self::Unavailable(reason),
            Again::Contended(reason) => Self::CommitFailed(reason),
        }
    }
}
