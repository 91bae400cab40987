//! An alarm that many may set and one waits for: what a task needs that wakes at the earliest of many due times.

use crate::{Ambient, Timestamp};
use parking_lot::Mutex;
use std::sync::Arc;
use tokio::sync::Notify;

/// Rings once at the earliest of the times it was set to, and is then unset.
///
/// A task that works off rows with due times sleeps in [`rings`](Self::rings); whoever writes such a row calls
/// [`set`](Self::set). No polling, and nothing is missed: a time that has passed rings at once.
#[derive(Debug)]
pub struct Alarm {
    ambient: Ambient,
    earliest: Mutex<Option<Timestamp>>,
    moved: Notify,
}

impl Alarm {
    /// Unset: it waits for ever until somebody sets it.
    pub fn new(ambient: Ambient) -> Self {
        Self { ambient, earliest: Mutex::new(None), moved: Notify::new() }
    }

    /// Ring at `at`, unless it is to ring earlier anyway.
    pub fn set(&self, at: Timestamp) {
        let mut earliest = self.earliest.lock();
        if earliest.is_none_or(|set| at < set) {
            *earliest = Some(at);
            self.moved.notify_one();
        }
    }

    /// Sets it when the promise is dropped: for a unit of work whose end may not be told. One that comes to nothing has
    /// somebody look for nothing, once.
    pub fn promise(self: &Arc<Self>, at: Timestamp) -> Promise {
        Promise { alarm: Arc::clone(self), at }
    }

    /// Waits until it rings. For one waiter; giving the wait up loses nothing.
    pub async fn rings(&self) {
        loop {
            let set = *self.earliest.lock();
            let Some(at) = set else {
                self.moved.notified().await;
                continue;
            };
            tokio::select! {
                biased;
                () = self.moved.notified() => {}
                () = tokio::time::sleep_until(self.ambient.instant(at)) => {
                    *self.earliest.lock() = None;
                    return;
                }
            }
        }
    }
}

/// See [`Alarm::promise`].
#[derive(Debug)]
pub struct Promise {
    alarm: Arc<Alarm>,
    at: Timestamp,
}

impl Drop for Promise {
    fn drop(&mut self) {
        self.alarm.set(self.at);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[tokio::test(start_paused = true)]
    async fn it_rings_at_the_earliest_time_however_late_that_is_set() {
        let ambient = Ambient::seeded(1, Timestamp::from_millis(0));
        let alarm = Arc::new(Alarm::new(ambient.clone()));
        alarm.set(Timestamp::from_millis(60_000));
        let sooner = alarm.clone();
        tokio::spawn(async move {
            tokio::time::sleep(Duration::from_secs(1)).await;
            sooner.set(Timestamp::from_millis(5_000));
        });
        alarm.rings().await;
        assert_eq!(ambient.now().as_millis(), 5_000);
    }

    #[tokio::test(start_paused = true)]
    async fn it_is_unset_once_it_rang_and_a_past_time_rings_at_once() {
        let ambient = Ambient::seeded(1, Timestamp::from_millis(0));
        let alarm = Alarm::new(ambient.clone());
        alarm.set(Timestamp::from_millis(-1));
        alarm.rings().await;
        assert_eq!(ambient.now().as_millis(), 0);
        assert!(tokio::time::timeout(Duration::from_secs(3_600), alarm.rings()).await.is_err());
    }
}
