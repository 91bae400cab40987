//! Lets holds expire: a task that sleeps until the earliest is due, then works in batches, a unit each.

use crate::store::expiry::{self, Sweep, Swept};
use ambient::{Alarm, Ambient, Outage};
use journal::Stamp;
use std::{sync::Arc, time::Duration};
use store::{Store, StoreError};
use tokio_util::sync::CancellationToken;

/// Holds of one unit.
const BATCH: usize = 200;
/// At least this long between two sweeps, so that holds which expire close together go together.
const PAUSE: Duration = Duration::from_millis(50);
/// After a failure of the store.
const LATER: Duration = Duration::from_secs(1);

/// Until `stop`. Whoever writes a hold sets `alarm`; it is set at the start for those of an earlier run.
pub async fn run(store: Store, ambient: Ambient, alarm: Arc<Alarm>, stop: CancellationToken) {
    let mut outage = Outage::default();
    alarm.set(ambient.now());
    while let Some(()) = stop.run_until_cancelled(alarm.rings()).await {
        let soonest = ambient.now().plus(PAUSE);
        let swept = match sweep(&store, &ambient).await {
            Ok(swept) => swept,
            Err(StoreError::Closed) => return,
            Err(error) => {
                if outage.begins(ambient.now()) {
                    tracing::error!(%error, "no hold expires while the store fails; tried again every {LATER:?}");
                }
                alarm.set(ambient.now().plus(LATER));
                continue;
            }
        };
        if let Some(lasted) = outage.ends(ambient.now()) {
            tracing::info!(?lasted, "holds expire again");
        }
        match swept {
            Swept { expired: BATCH, .. } => alarm.set(ambient.now()),
            Swept { next: Some(at), .. } => alarm.set(at.max(soonest)),
            Swept { next: None, .. } => {}
        }
    }
}

async fn sweep(store: &Store, ambient: &Ambient) -> Result<Swept, StoreError> {
    let ask = Sweep { stamp: Stamp::take(ambient, fabric::trace::current()), most: BATCH };
    let swept = store.unit(ask, |tx, ask| Box::pin(expiry::sweep(tx, ask))).await?;
    if swept.expired > 0 {
        tracing::debug!(holds = swept.expired, "holds expired");
    }
    Ok(swept)
}
