//! One subscription at work: wakes, takes what is there in batches, sleeps.

use super::{
    Consumer,
    batch::{Batch, Digested},
    portion::{Names, Portion},
};
use crate::{deliveries, taken::Way};
use ambient::{Ambient, Outage};
use std::{collections::BTreeMap, sync::Arc, time::Duration};
use store::{Store, StoreError};
use tokio::{sync::watch, time::Instant};
use tokio_util::sync::CancellationToken;

/// Between the beginnings of two batches, unless a full one waits: every batch costs a commit, and nobody notices a
/// hundredth of a second.
const PACE: Duration = Duration::from_millis(10);

/// Looks without being woken, should a wake-up ever be lost.
const TICK: Duration = Duration::from_secs(30);

/// Waits between tries of a store that fails: full jitter over the first, doubling up to the last.
const BACKOFF: (Duration, Duration) = (Duration::from_millis(50), Duration::from_secs(5));

pub(super) struct Follower {
    pub names: Names,
    pub way: Way,
    pub store: Store,
    pub handler: Arc<dyn Consumer>,
    pub ambient: Ambient,
    pub digested: watch::Sender<u64>,
    pub stop: CancellationToken,
}

impl Follower {
    /// Until shutdown, or until one of the two stores is closed.
    pub async fn run(
        self,
        publishers: watch::Receiver<BTreeMap<&'static str, Store>>,
        mut rewound: watch::Receiver<u64>,
    ) {
        let Some(outbox) = self.outbox(publishers).await else { return };
        if self.begin().await.is_err() {
            return;
        }
        let mut news = outbox.announcements();
        loop {
            // Marked as seen before looking: what comes while we look is a change again, and no wake-up is lost.
            let next = Instant::now() + PACE;
            news.mark_unchanged();
            rewound.mark_unchanged();
            if self.drain(&outbox).await.is_err() {
                return;
            }
            tokio::select! {
                biased;
                () = self.stop.cancelled() => return,
                changed = news.changed() => if changed.is_err() { return },
                changed = rewound.changed() => if changed.is_err() { return },
                () = tokio::time::sleep(TICK) => {}
            }
            if self.stop.run_until_cancelled(tokio::time::sleep_until(next)).await.is_none() {
                return;
            }
        }
    }

    /// The source's store, which may be opened later than the consumer's.
    async fn outbox(&self, mut publishers: watch::Receiver<BTreeMap<&'static str, Store>>) -> Option<Store> {
        let known = publishers.wait_for(|publishers| publishers.contains_key(self.names.source));
        let known = self.stop.run_until_cancelled(known).await?.ok()?;
        known.get(self.names.source).cloned()
    }

    /// Makes itself known to the source, where that keeps a list of whom it owes.
    async fn begin(&self) -> Result<(), Ended> {
        if self.way == Way::Deliveries {
            let Names { consumer, source } = self.names;
            self.patiently(|| deliveries::subscribe(&self.store, consumer, source)).await?;
            self.digested.send_modify(|count| *count += 1);
        }
        Ok(())
    }

    /// Takes what is there. `Err` when there is no use in ever going on.
    async fn drain(&self, outbox: &Store) -> Result<(), Ended> {
        let mut after = None;
        loop {
            if self.stop.is_cancelled() {
                return Err(Ended);
            }
            let next = self.patiently(|| Portion::next(self.way, self.names, &self.store, outbox, after)).await?;
            let Some(portion) = next else { return Ok(()) };
            let batch = Arc::new(Batch::new(self.names, Arc::clone(&self.handler), portion));
            let digested = self.patiently(|| Arc::clone(&batch).digest(&self.store, self.ambient.now())).await?;
            self.digested.send_modify(|count| *count += 1);
            match digested {
                Digested::Had { events, until } if Portion::is_full(events) => after = Some(until),
                // What came since has woken us already.
                Digested::Had { .. } => return Ok(()),
                Digested::NotNow => {
                    self.pause(BACKOFF.0).await?;
                    after = None;
                }
            }
        }
    }

    /// Tries until it succeeds, with growing waits. A closed store never will.
    async fn patiently<T, F>(&self, mut attempt: impl FnMut() -> F) -> Result<T, Ended>
    where
        F: Future<Output = Result<T, StoreError>>,
    {
        let Names { consumer, source } = self.names;
        let (mut wait, mut outage) = (BACKOFF.0, Outage::default());
        loop {
            match attempt().await {
                Ok(value) => {
                    if let Some(lasted) = outage.ends(self.ambient.now()) {
                        tracing::info!(consumer, source, ?lasted, "events flow again");
                    }
                    return Ok(value);
                }
                Err(StoreError::Closed) => return Err(Ended),
                Err(error) => {
                    if outage.begins(self.ambient.now()) {
                        tracing::warn!(consumer, source, %error, "events wait while the store fails");
                    }
                    self.pause(wait).await?;
                    wait = (wait * 2).min(BACKOFF.1);
                }
            }
        }
    }

    /// Full jitter over `most`.
    async fn pause(&self, most: Duration) -> Result<(), Ended> {
        let pause = tokio::time::sleep(self.ambient.jitter(most));
        self.stop.run_until_cancelled(pause).await.ok_or(Ended)
    }
}

/// This subscription carries nothing more.
struct Ended;
