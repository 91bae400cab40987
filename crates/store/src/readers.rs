//! Reads beside the writer: a snapshot of what is committed, on the caller's own thread.
//!
//! A file has connections of its own for them (WAL: readers and the writer do not wait for each other). Memory has only
//! the writer's connection, so a read waits for the running batch to end and can never see half of it.

use crate::{StoreError, Tx, lite::Lite, stats::Counters, work::finish};
use futures::future::BoxFuture;
use parking_lot::Mutex;
use sea_orm::DbErr;
use std::{path::PathBuf, sync::Arc};

/// Connections kept open when idle; more are opened, and closed again, when more read at once.
const IDLE: usize = 4;

pub(crate) enum Readers {
    File { path: PathBuf, idle: Mutex<Vec<Arc<Lite>>> },
    Memory { lite: Arc<Lite>, turn: Arc<Mutex<()>> },
}

impl Readers {
    pub fn file(path: PathBuf) -> Self {
        Self::File { path, idle: Mutex::default() }
    }

    pub fn read<A, T, F>(&self, counters: &Arc<Counters>, args: &A, work: F) -> Result<T, StoreError>
    where
        F: for<'a> FnOnce(&'a Tx, &'a A) -> BoxFuture<'a, Result<T, DbErr>>,
    {
        match self {
            Self::Memory { lite, turn } => {
                let _turn = turn.lock();
                let tx = Tx::lite(Arc::clone(lite), false, Arc::clone(counters));
                finish(&tx, work(&tx, args))
            }
            Self::File { path, idle } => {
                let free = idle.lock().pop();
                let lite = free.map_or_else(|| Lite::reader(path).map(Arc::new), Ok)?;
                lite.control("BEGIN")?;
                let tx = Tx::lite(Arc::clone(&lite), false, Arc::clone(counters));
                let result = finish(&tx, work(&tx, args));
                // One that cannot end its snapshot is not used again, nor one whose read panicked: it is dropped.
                lite.control("COMMIT")?;
                let mut idle = idle.lock();
                if idle.len() < IDLE {
                    idle.push(lite);
                }
                result
            }
        }
    }

    /// Closes the idle connections, so that the writer's is the last and leaves one tidy file.
    pub fn close(&self) {
        if let Self::File { idle, .. } = self {
            idle.lock().clear();
        }
    }
}
