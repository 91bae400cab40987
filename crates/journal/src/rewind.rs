//! A consumer sent back to the beginning of everything it follows.

use crate::{cursor, deliveries, inbox, parked, taken::Way};
use sea_orm::{ConnectionTrait, DbErr};
use store::{BoxFuture, Store, StoreError, Tx};

/// Sends a consumer back to the beginning of all its sources, in one unit with `clear`, which empties its tables: it
/// then has every event again that the outboxes still hold (see [`Bus::pruned`](crate::Bus::pruned)).
///
/// While a [`Bus`](crate::Bus) carries the consumer's events, use [`Bus::rewind`](crate::Bus::rewind): it wakes it too.
pub async fn rewind<F>(store: &Store, consumer: &'static str, clear: F) -> Result<(), StoreError>
where
    F: for<'a> Fn(&'a Tx) -> BoxFuture<'a, Result<(), DbErr>> + Send + Sync + 'static,
{
    let args = (consumer, clear);
    store.unit(args, |tx, (consumer, clear)| Box::pin(async move { restart(tx, consumer, clear(tx)).await })).await
}

async fn restart(tx: &Tx, consumer: &str, clear: BoxFuture<'_, Result<(), DbErr>>) -> Result<(), DbErr> {
    // First, for it takes the consumer's turns: what is being digested at this moment is cleared with the rest.
    match Way::of(tx.get_database_backend()) {
        Way::Cursor => cursor::restart(tx, consumer).await?,
        Way::Deliveries => deliveries::restart(tx, consumer).await?,
    }
    inbox::clear(tx, consumer).await?;
    parked::clear(tx, consumer).await?;
    clear.await
}
