//! One attempt at a unit: begin, run the closure, commit, and know what became of it.

use super::{Again, Setback, unit::Running};
use crate::{
    StoreError, Tx,
    postgres::{Fate, Session, Trouble, failed},
    tx::Aftermath,
    work::message,
};
use futures::{FutureExt, future::BoxFuture};
use sea_orm::DbErr;
use std::{panic::AssertUnwindSafe, sync::Arc, time::Duration};
use tokio::time::{Instant, sleep, timeout, timeout_at};

/// No unit takes longer, whatever it does: it holds locks, and others wait for them.
const UNIT: Duration = Duration::from_secs(60);

/// Between questions for the fate of a commit while the database does not answer.
const ASKING: Duration = Duration::from_millis(100);

/// How long the fate of a commit is asked for. Long: a lost answer is worse than a late one.
const FATE: Duration = Duration::from_secs(15);

impl<A, T, F> Running<A, T, F>
where
    A: Send + Sync + 'static,
    T: Send + 'static,
    F: for<'a> Fn(&'a Tx, &'a A) -> BoxFuture<'a, Result<T, DbErr>> + Send + Sync + 'static,
{
    pub(super) async fn attempt(&mut self) -> Result<T, Setback> {
        let session = self.begin().await?;
        let tx = Tx::postgres(session, true, Arc::clone(&self.engine.counters));
        let done = self.closure(&tx).await;
        let failure = tx.failure();
        let (session, aftermath) = tx.into_session();
        match (done, failure) {
            (Ok(value), None) if !session.is_lost() => self.commit(session, value, aftermath).await,
            // It left a statement half heard.
            (Ok(_), None) => Err(Setback::Final(StoreError::Suspended)),
            (Ok(_), Some(failure)) => Err(self.undo(session, StoreError::Db(failure.clone()), Some(failure)).await),
            (Err(error), failure) => Err(self.undo(session, error, failure).await),
        }
    }

    async fn begin(&mut self) -> Result<Session, Setback> {
        if self.patience.is_over() {
            return Err(Setback::Final(StoreError::Expired));
        }
        let opening = self.engine.opening("BEGIN", &self.patience);
        let begun = timeout_at(self.patience.absence(), self.lease.begin_unit(&opening)).await;
        let reason = match begun {
            Ok(Ok(session)) => return Ok(session),
            Ok(Err(error)) => error.to_string(),
            Err(_) if self.patience.is_over() => return Err(Setback::Final(StoreError::Expired)),
            Err(_) => "it does not answer".to_owned(),
        };
        Err(Setback::Again(Again::Absent(reason)))
    }

    async fn closure(&self, tx: &Tx) -> Result<T, StoreError> {
        let work = AssertUnwindSafe(async { (self.work)(tx, &self.args).await }).catch_unwind();
        match timeout(UNIT, work).await {
            Ok(Ok(result)) => result.map_err(StoreError::Db),
            Ok(Err(panic)) => Err(StoreError::Panicked(message(&*panic))),
            Err(_) => Err(StoreError::CommitFailed(format!("the unit took longer than {UNIT:?}"))),
        }
    }

    /// Rolls back, and says what the failure means. `failure` is the first statement's, `error` the unit's own word.
    async fn undo(&mut self, mut session: Session, error: StoreError, failure: Option<DbErr>) -> Setback {
        if !session.is_lost() && session.control("ROLLBACK".to_owned()).await.is_ok() {
            self.lease.keep(session);
        }
        let trouble = failure.as_ref().map(Trouble::of_statement);
        let reason = failure.as_ref().map(ToString::to_string).unwrap_or_default();
        match trouble {
            Some(Trouble::Gone) => Setback::Again(Again::Absent(reason)),
            Some(Trouble::Contended) => Setback::Again(Again::Contended(reason)),
            Some(Trouble::Cancelled) if self.patience.is_over() => Setback::Final(StoreError::Expired),
            // It took longer than any statement may: too much is going on, or somebody who is gone still holds a lock.
            Some(Trouble::Cancelled) => Setback::Final(StoreError::CommitFailed(reason)),
            Some(Trouble::Refused) | None => Setback::Final(error),
        }
    }

    async fn commit(&mut self, mut session: Session, value: T, aftermath: Aftermath) -> Result<T, Setback> {
        let (unit, commit) = self.lease.commit();
        let Err(error) = session.control(commit).await else {
            self.lease.keep(session);
            self.engine.settle(aftermath);
            return Ok(value);
        };
        let deposed = self.lease.is_deposed(&error);
        match Trouble::of(&error) {
            Trouble::Gone => {
                drop(session);
                self.fate(unit, value, aftermath, error.to_string()).await
            }
            _ if deposed => Err(Setback::Final(StoreError::Unavailable(DEPOSED.to_owned()))),
            _ => {
                let refused = StoreError::CommitFailed(error.to_string());
                Err(self.undo(session, refused, Some(failed(error))).await)
            }
        }
    }

    /// The answer to the commit was lost: asks until it is known.
    async fn fate(&mut self, unit: i64, value: T, aftermath: Aftermath, mut reason: String) -> Result<T, Setback> {
        let until = Instant::now() + FATE;
        tracing::warn!(%reason, "a commit was not answered; asking what became of it");
        while Instant::now() < until {
            match timeout_at(until, self.lease.settle(unit)).await {
                Ok(Ok(Fate::Kept)) => {
                    self.engine.settle(aftermath);
                    return Ok(value);
                }
                Ok(Ok(Fate::Gone)) => return Err(Setback::Again(Again::Absent(reason))),
                Ok(Ok(Fate::Deposed)) => {
                    reason = DEPOSED.to_owned();
                    break;
                }
                Ok(Err(error)) => reason = error.to_string(),
                Err(_) => break,
            }
            sleep(ASKING).await;
        }
        // It may have been kept, so whoever looks for news must look.
        self.engine.announce();
        Err(Setback::Final(StoreError::Unknown(reason)))
    }
}

const DEPOSED: &str = "another process has taken it over";
