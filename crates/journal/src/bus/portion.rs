//! What one batch is made of, by the way events come: read before the unit, which then moves the cursor behind them; or
//! claimed by the unit itself.

use crate::{
    cursor, deliveries,
    outbox::{self, Entry},
    taken::{Take, Way},
};
use sea_orm::DbErr;
use store::{Store, StoreError, Tx};

/// Events in one unit at most.
const BATCH: u64 = 256;

/// Who follows whom.
#[derive(Clone, Copy, Debug)]
pub(super) struct Names {
    pub consumer: &'static str,
    pub source: &'static str,
}

pub(super) enum Portion {
    Read {
        /// Where the cursor must stand.
        from: i64,
        entries: Vec<Entry>,
    },
    Claim,
}

impl Portion {
    /// The next one for the consumer in `store`; `None` when there is surely nothing. `after` is where the cursor
    /// stands, if that is known.
    pub async fn next(
        way: Way,
        names: Names,
        store: &Store,
        outbox: &Store,
        after: Option<i64>,
    ) -> Result<Option<Self>, StoreError> {
        if way == Way::Deliveries {
            return Ok(Some(Self::Claim));
        }
        let from = match after {
            Some(after) => after,
            None => cursor::position(store, names.consumer, names.source).await?,
        };
        let entries = outbox::after(outbox, names.source, from, BATCH).await?;
        Ok((!entries.is_empty()).then_some(Self::Read { from, entries }))
    }

    /// Takes the events, within the unit. `repeats` says that some of them were had before.
    pub async fn take(&self, tx: &Tx, names: Names, repeats: bool) -> Result<Take<'_>, DbErr> {
        match self {
            Self::Read { from, entries } => {
                cursor::take(tx, names.consumer, names.source, *from, entries, repeats).await
            }
            Self::Claim => deliveries::take(tx, names.consumer, names.source, BATCH).await,
        }
    }

    /// Whether a portion of this many events is a full one: then more may wait.
    pub const fn is_full(events: usize) -> bool {
        events as u64 == BATCH
    }
}
