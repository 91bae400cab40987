//! The one bounded queue of all spans. Putting one in never waits: when it is full, the span is dropped and counted.

use crate::{metrics::exporting, record::Record};
use parking_lot::Mutex;
use std::{
    collections::VecDeque,
    sync::atomic::{AtomicBool, Ordering},
};
use tokio::sync::Notify;

/// Spans that wait for their export.
#[derive(Debug)]
pub struct Queue {
    waiting: Mutex<VecDeque<Box<Record>>>,
    capacity: usize,
    /// So many make an export that does not wait for more.
    batch: usize,
    full: Notify,
    closed: AtomicBool,
}

impl Queue {
    pub fn new(capacity: usize, batch: usize) -> Self {
        let waiting = Mutex::new(VecDeque::with_capacity(capacity));
        Self { waiting, capacity, batch, full: Notify::new(), closed: AtomicBool::new(false) }
    }

    /// Takes a span, or drops it.
    pub fn push(&self, record: Box<Record>) {
        let mut waiting = self.waiting.lock();
        if waiting.len() >= self.capacity || self.closed.load(Ordering::Relaxed) {
            drop(waiting);
            exporting::dropped(exporting::QUEUE_FULL, 1);
            return;
        }
        waiting.push_back(record);
        // Once a batch, not once a span: waking a task costs more than a span does.
        let wake = waiting.len() == self.batch;
        drop(waiting);
        if wake {
            self.full.notify_one();
        }
    }

    /// Up to a batch, oldest first; empty when nothing waits.
    #[allow(clippy::vec_box)] // a span is moved by its pointer, from its beginning to its export
    pub fn take(&self) -> Vec<Box<Record>> {
        let mut waiting = self.waiting.lock();
        let most = self.batch.min(waiting.len());
        waiting.drain(..most).collect()
    }

    /// Returns when a whole batch waits.
    pub async fn filled(&self) {
        if self.waiting.lock().len() < self.batch {
            self.full.notified().await;
        }
    }

    /// Drops what waits, and all that comes.
    pub fn close(&self) {
        self.closed.store(true, Ordering::Relaxed);
        let left = std::mem::take(&mut *self.waiting.lock()).len();
        exporting::dropped(exporting::CLOSED, left as u64);
    }
}
