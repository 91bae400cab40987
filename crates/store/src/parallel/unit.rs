//! One unit, from its turn to its answer.

use super::{Parallel, Setback, pauses::Pauses};
use crate::{
    StoreError, Tx,
    postgres::{Lease, Patience},
};
use futures::future::BoxFuture;
use sea_orm::DbErr;
use std::sync::Arc;
use tokio::{sync::oneshot, time::Instant};
use tracing::Instrument;

/// A unit that has its turn. It runs in a task of its own: a caller that leaves leaves no transaction open.
pub(super) struct Running<A, T, F> {
    pub engine: Arc<Parallel>,
    pub lease: Lease,
    pub patience: Patience,
    pub args: A,
    pub work: F,
    pub caller: oneshot::Sender<Result<T, StoreError>>,
}

impl Parallel {
    pub async fn unit<A, T, F>(self: &Arc<Self>, args: A, work: F) -> Result<T, StoreError>
    where
        A: Send + Sync + 'static,
        T: Send + 'static,
        F: for<'a> Fn(&'a Tx, &'a A) -> BoxFuture<'a, Result<T, DbErr>> + Send + Sync + 'static,
    {
        let patience = self.patience();
        let lease = self.pool.lease(&patience).await?;
        let patience = patience.begun(Instant::now());
        let (caller, answer) = oneshot::channel();
        let running = Running { engine: Arc::clone(self), lease, patience, args, work, caller };
        tokio::spawn(running.run().in_current_span());
        answer.await.map_err(|_| StoreError::Closed)?
    }
}

impl<A, T, F> Running<A, T, F>
where
    A: Send + Sync + 'static,
    T: Send + 'static,
    F: for<'a> Fn(&'a Tx, &'a A) -> BoxFuture<'a, Result<T, DbErr>> + Send + Sync + 'static,
{
    async fn run(mut self) {
        let answer = self.answer().await;
        // The session is free before anybody acts upon the answer.
        drop(self.lease);
        // A caller that left meanwhile has left: what began commits.
        let _ = self.caller.send(answer);
    }

    async fn answer(&mut self) -> Result<T, StoreError> {
        let mut pauses = Pauses::default();
        loop {
            let again = match self.attempt().await {
                Ok(value) => return Ok(value),
                Err(Setback::Final(error)) => return Err(error),
                Err(Setback::Again(again)) => again,
            };
            if self.caller.is_closed() || !pauses.pause(&again, &self.lease, &self.patience).await {
                return Err(again.into());
            }
            self.engine.counters.rerun();
        }
    }
}
