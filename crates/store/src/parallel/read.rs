//! A read: one snapshot, in its caller's own task. A caller that leaves in the middle costs the session, nothing else.

use super::{Again, Parallel, pauses::Pauses};
use crate::{
    StoreError, Tx,
    postgres::{Lease, Patience, Session, Trouble},
};
use futures::future::BoxFuture;
use sea_orm::DbErr;
use std::sync::Arc;
use tokio::time::{Instant, timeout_at};

impl Parallel {
    pub async fn read<A, T, F>(&self, args: &A, work: F) -> Result<T, StoreError>
    where
        F: for<'a> FnOnce(&'a Tx, &'a A) -> BoxFuture<'a, Result<T, DbErr>>,
    {
        let patience = self.patience();
        let mut lease = self.pool.lease(&patience).await?;
        let patience = patience.begun(Instant::now());
        let session = self.snapshot(&mut lease, &patience).await?;
        let tx = Tx::postgres(session, false, Arc::clone(&self.counters));
        let done = work(&tx, args).await;
        let failure = tx.failure();
        let (mut session, _) = tx.into_session();
        // Nothing was written, so this decides nothing.
        if !session.is_lost() && session.control("COMMIT".to_owned()).await.is_ok() {
            lease.keep(session);
        }
        match (done, failure) {
            (Ok(value), None) => Ok(value),
            (Err(error), None) => Err(error.into()),
            (done, Some(failure)) => Err(meaning(done.err(), failure, &patience)),
        }
    }

    async fn snapshot(&self, lease: &mut Lease, patience: &Patience) -> Result<Session, StoreError> {
        let mut pauses = Pauses::default();
        loop {
            if patience.is_over() {
                return Err(StoreError::Expired);
            }
            let opening = self.opening("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY", patience);
            let again = match timeout_at(patience.absence(), lease.begin(&opening)).await {
                Ok(Ok(session)) => return Ok(session),
                Ok(Err(error)) => Again::Absent(error.to_string()),
                Err(_) if patience.is_over() => return Err(StoreError::Expired),
                Err(_) => Again::Absent("it does not answer".to_owned()),
            };
            if !pauses.pause(&again, lease, patience).await {
                return Err(again.into());
            }
        }
    }
}

/// What the first statement that failed means for the read; `own` is what the closure made of it.
fn meaning(own: Option<DbErr>, failure: DbErr, patience: &Patience) -> StoreError {
    match Trouble::of_statement(&failure) {
        Trouble::Gone => StoreError::Unavailable(failure.to_string()),
        Trouble::Cancelled if patience.is_over() => StoreError::Expired,
        Trouble::Contended | Trouble::Cancelled => StoreError::CommitFailed(failure.to_string()),
        Trouble::Refused => StoreError::Db(own.unwrap_or(failure)),
    }
}
