//! The simulated carrier: a task that sleeps until the earliest parcel is due, then moves parcels on in batches, a unit each.
//! Due times stand in the rows, so a restart forgets none.

use crate::store::carrier::{self, Moved, Round};
use ambient::{Alarm, Ambient, Outage};
use journal::Stamp;
use std::{sync::Arc, time::Duration};
use store::{Store, StoreError};
use tokio_util::sync::CancellationToken;

/// Parcels of one unit.
const BATCH: usize = 200;
/// At least this long between two rounds, so that parcels which are due close together go together.
const PAUSE: Duration = Duration::from_millis(20);
/// After a failure of the store.
const LATER: Duration = Duration::from_secs(1);

/// The carrier at work.
pub struct Carrier {
    pub store: Store,
    pub ambient: Ambient,
    /// Set by whoever records a parcel.
    pub alarm: Arc<Alarm>,
    /// How long a parcel is on its way.
    pub deliver_after: Duration,
}

impl Carrier {
    /// Until `stop`. Parcels of an earlier run are looked for first.
    pub async fn run(self, stop: CancellationToken) {
        let mut outage = Outage::default();
        self.alarm.set(self.ambient.now());
        while let Some(()) = stop.run_until_cancelled(self.alarm.rings()).await {
            let soonest = self.ambient.now().plus(PAUSE);
            let moved = match self.round().await {
                Ok(moved) => moved,
                Err(StoreError::Closed) => return,
                Err(error) => {
                    if outage.begins(self.ambient.now()) {
                        tracing::error!(%error, "no parcel moves on while the store fails; tried again every {LATER:?}");
                    }
                    self.alarm.set(self.ambient.now().plus(LATER));
                    continue;
                }
            };
            if let Some(lasted) = outage.ends(self.ambient.now()) {
                tracing::info!(?lasted, "parcels move on again");
            }
            match moved {
                Moved { parcels: BATCH, .. } => self.alarm.set(self.ambient.now()),
                Moved { next: Some(at), .. } => self.alarm.set(at.max(soonest)),
                Moved { next: None, .. } => {}
            }
        }
    }

    async fn round(&self) -> Result<Moved, StoreError> {
        let stamp = Stamp::take(&self.ambient, fabric::trace::current());
        let ask = Round { delivery: stamp.now.plus(self.deliver_after), stamp, most: BATCH };
        self.store.unit(ask, |tx, ask| Box::pin(carrier::round(tx, ask))).await
    }
}
