//! How long the journal remembers, and the forgetting.

use crate::{barrier, deliveries, inbox, once, outbox, taken::Way};
use ambient::Timestamp;
use sea_orm::ConnectionTrait;
use std::time::Duration;
use store::{Store, StoreError};

/// Rows that one unit deletes: other units wait for it.
const BATCH: u64 = 500;

const DAY: Duration = Duration::from_secs(24 * 60 * 60);
const ALPHABET: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";

/// How long the journal remembers. Keys have their own time, stated when they are claimed
/// ([`once::KEPT`](crate::once::KEPT)).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Retention {
    /// Events that every consumer has had, and which events those were. 90 days: how far back a projection can be
    /// rebuilt.
    pub events: Duration,
    /// Steps of sagas. 400 days: longer than an order stays open, for a step that is forgotten cannot be undone.
    pub steps: Duration,
    /// Between two rounds of forgetting.
    pub every: Duration,
}

impl Default for Retention {
    fn default() -> Self {
        Self { events: 90 * DAY, steps: 400 * DAY, every: Duration::from_secs(60 * 60) }
    }
}

/// To whom an outbox still owes events.
#[derive(Clone, Debug)]
pub(crate) struct Owed {
    /// Every consumer with a cursor has passed this number.
    pub passed: i64,
    /// Who is owed by rows of its own.
    pub consumers: Vec<&'static str>,
}

impl Retention {
    /// Forgets old events of an outbox, of those that every consumer has had.
    pub(crate) async fn outbox(&self, store: &Store, owed: &Owed, now: Timestamp) -> Result<u64, StoreError> {
        let before = earlier(now, self.events);
        rounds(|| {
            store.unit((owed.clone(), before), |tx, (owed, before)| {
                Box::pin(async move {
                    match Way::of(tx.get_database_backend()) {
                        Way::Cursor => outbox::prune(tx, owed.passed, *before, BATCH).await,
                        Way::Deliveries => deliveries::prune(tx, &owed.consumers, *before, BATCH).await,
                    }
                })
            })
        })
        .await
    }

    /// Forgets which old events `consumer` has had.
    pub(crate) async fn inbox(&self, store: &Store, consumer: &'static str, now: Timestamp) -> Result<u64, StoreError> {
        let floor = floor(earlier(now, self.events));
        rounds(|| {
            let args = (consumer, floor.clone());
            store.unit(args, |tx, (consumer, floor)| Box::pin(inbox::prune(tx, consumer, floor, BATCH)))
        })
        .await
    }

    /// Forgets keys whose time is over, and old steps.
    pub(crate) async fn keys(&self, store: &Store, now: Timestamp) -> Result<u64, StoreError> {
        let before = earlier(now, self.steps);
        let keys = rounds(|| store.unit(now, |tx, now| Box::pin(once::prune(tx, *now, BATCH)))).await?;
        let steps = rounds(|| {
            let args = (floor(before), before);
            store.unit(args, |tx, (floor, before)| Box::pin(barrier::prune(tx, floor, *before, BATCH)))
        });
        Ok(keys + steps.await?)
    }
}

/// Small units, one after the other, until one finds less than it could delete.
async fn rounds<F>(mut round: impl FnMut() -> F) -> Result<u64, StoreError>
where
    F: Future<Output = Result<u64, StoreError>>,
{
    let mut total = 0;
    loop {
        let gone = round().await?;
        total += gone;
        if gone < BATCH {
            return Ok(total);
        }
        tokio::task::yield_now().await;
    }
}

fn earlier(now: Timestamp, by: Duration) -> Timestamp {
    Timestamp::from_millis(now.as_millis().saturating_sub(i64::try_from(by.as_millis()).unwrap_or(i64::MAX)))
}

/// Sorts above all identifiers made before `at` and below those made since: their first ten characters are the
/// milliseconds, in base 32.
fn floor(at: Timestamp) -> String {
    let millis = at.as_millis().max(0).cast_unsigned();
    (0..10).rev().map(|digit| char::from(ALPHABET[(millis >> (digit * 5)) as usize & 31])).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use ambient::Ambient;

    #[test]
    fn the_floor_divides_identifiers_by_their_time() {
        let at = Timestamp::from_millis(1_700_000_000_000);
        let before = Ambient::seeded(1, Timestamp::from_millis(at.as_millis() - 10_000)).id();
        let after = Ambient::seeded(1, Timestamp::from_millis(at.as_millis() + 10_000)).id();
        assert!(before < floor(at) && floor(at) < after, "{before} {} {after}", floor(at));
    }
}
