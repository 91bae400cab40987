//! The unit that records a turn: fence, state, log and the plan's own tables and events together (I6, I7).

use crate::{
    heard,
    plan::Plan,
    rows,
    step::Outcome,
    worker::{Driven, Worker},
};
use ambient::Timestamp;
use sea_orm::DbErr;
use std::sync::Arc;
use store::{StoreError, Tx};

/// A saga and what came of its present attempt, with the time and the dice of its turn.
pub struct Heard<P: Plan> {
    worker: Arc<Worker<P>>,
    saga: Driven<P::Case>,
    outcome: Outcome,
    now: Timestamp,
    dice: f64,
}

impl<P: Plan> Heard<P> {
    pub fn new(worker: &Arc<Worker<P>>, saga: Driven<P::Case>, outcome: Outcome) -> Self {
        Self { worker: worker.clone(), saga, outcome, now: worker.ambient.now(), dice: worker.ambient.dice().unit() }
    }

    pub fn id(&self) -> &str {
        &self.saga.id
    }
}

/// Records the turn; `None` when somebody else has taken the saga over.
pub async fn record<P: Plan>(
    worker: &Arc<Worker<P>>,
    heard: Arc<Heard<P>>,
) -> Result<Option<Driven<P::Case>>, StoreError> {
    worker.store.unit(heard, |tx, heard| Box::pin(heard.write(tx))).await
}

impl<P: Plan> Heard<P> {
    async fn write(&self, tx: &Tx) -> Result<Option<Driven<P::Case>>, DbErr> {
        if let Some(after) = self.write_over(tx, &self.saga).await? {
            return Ok(Some(after));
        }
        let Some(saga) = self.reread(tx).await? else { return Ok(None) };
        if !self.saga.state.differs_by_a_wish(&saga.state) {
            // This very turn was recorded, and word of its commit was lost. It goes on from there, as after a crash.
            return Ok(Some(saga));
        }
        // Overtaken by a wish, which is read here, between two steps.
        match self.write_over(tx, &saga).await? {
            Some(after) => Ok(Some(after)),
            None => Err(DbErr::Custom(format!("I7: saga {} moved under its own unit", saga.id))),
        }
    }

    async fn write_over(&self, tx: &Tx, saga: &Driven<P::Case>) -> Result<Option<Driven<P::Case>>, DbErr> {
        let heard = heard::Heard::Outcome(self.outcome.clone());
        let turn = self.worker.decided(&saga.case, &saga.state, heard, self.now, self.dice);
        if !rows::advance(tx, &saga.id, &saga.state, &turn.after, self.now).await? {
            return Ok(None);
        }
        rows::append(tx, &saga.id, &turn.entries, self.now).await?;
        let case = match turn.told.is_empty() {
            true => saga.case.clone(),
            false => self.worker.plan.record(tx, &saga.case, &turn.told, self.now).await?,
        };
        Ok(Some(Driven { id: saga.id.clone(), case, trace: saga.trace.clone(), state: turn.after }))
    }

    /// The saga as it stands, while it is this worker's.
    async fn reread(&self, tx: &Tx) -> Result<Option<Driven<P::Case>>, DbErr> {
        let Some(row) = rows::find(tx, &self.saga.id).await? else { return Ok(None) };
        if row.state.fence != self.saga.state.fence {
            return Ok(None);
        }
        let case = self.worker.case(tx, &row.id).await?;
        Ok(Some(Driven { id: row.id, case, trace: row.trace, state: row.state }))
    }
}

#[cfg(test)]
#[path = "turn_tests.rs"]
mod tests;
