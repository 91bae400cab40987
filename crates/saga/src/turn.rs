//! The unit that records a turn: fence, state, log and the plan's own tables and events together (I6, I7).

use crate::{
    decide::decide,
    drive::Driven,
    engine::Inner,
    heard::{self, Pause, Rules},
    plan::{Outcome, Plan},
    rows,
    state::State,
};
use ambient::Timestamp;
use sea_orm::DbErr;
use std::sync::Arc;
use store::{StoreError, Tx};

/// A saga and what came of its present attempt, with the time and the dice of its turn.
pub struct Heard<P: Plan> {
    inner: Arc<Inner<P>>,
    saga: Driven<P::Case>,
    outcome: Outcome,
    now: Timestamp,
    dice: f64,
}

impl<P: Plan> Heard<P> {
    pub fn new(inner: &Arc<Inner<P>>, saga: Driven<P::Case>, outcome: Outcome) -> Self {
        Self { inner: inner.clone(), saga, outcome, now: inner.ambient.now(), dice: inner.ambient.dice().unit() }
    }

    pub fn id(&self) -> &str {
        &self.saga.id
    }
}

/// Records the turn; `None` when somebody else has taken the saga over.
pub async fn record<P: Plan>(
    inner: &Arc<Inner<P>>,
    heard: Arc<Heard<P>>,
) -> Result<Option<Driven<P::Case>>, StoreError> {
    inner.store.unit(heard, |tx, heard| Box::pin(heard.write(tx))).await
}

impl<P: Plan> Heard<P> {
    async fn write(&self, tx: &Tx) -> Result<Option<Driven<P::Case>>, DbErr> {
        if let Some(after) = self.write_over(tx, &self.saga).await? {
            return Ok(Some(after));
        }
        // Overtaken: by another worker, which ends this one, or by a wish, which is read here, between two steps.
        let Some(saga) = self.reread(tx).await? else { return Ok(None) };
        match self.write_over(tx, &saga).await? {
            Some(after) => Ok(Some(after)),
            None => Err(DbErr::Custom(format!("I7: saga {} moved under its own unit", saga.id))),
        }
    }

    async fn write_over(&self, tx: &Tx, saga: &Driven<P::Case>) -> Result<Option<Driven<P::Case>>, DbErr> {
        let heard = heard::Heard::Outcome(self.outcome.clone());
        let turn = self.inner.decided(&saga.case, &saga.state, heard, self.now, self.dice);
        if !rows::advance(tx, &saga.id, &saga.state, &turn.after, self.now).await? {
            return Ok(None);
        }
        rows::append(tx, &saga.id, &turn.entries, self.now).await?;
        let case = match turn.told.is_empty() {
            true => saga.case.clone(),
            false => self.inner.plan.record(tx, &saga.case, &turn.told, self.now).await?,
        };
        Ok(Some(Driven { id: saga.id.clone(), case, trace: saga.trace.clone(), state: turn.after }))
    }

    async fn reread(&self, tx: &Tx) -> Result<Option<Driven<P::Case>>, DbErr> {
        let Some(row) = rows::find(tx, &self.saga.id).await? else { return Ok(None) };
        if row.state.fence != self.saga.state.fence || !row.state.driven() {
            return Ok(None);
        }
        let case = self.inner.case(tx, &row.id).await?;
        Ok(Some(Driven { id: row.id, case, trace: row.trace, state: row.state }))
    }
}

impl<P: Plan> Inner<P> {
    /// What next, by the plan's rules for this case.
    pub fn decided(
        &self,
        case: &P::Case,
        state: &State,
        heard: heard::Heard,
        now: Timestamp,
        dice: f64,
    ) -> heard::Turn {
        let steps = self.plan.steps(case);
        let step = steps[state.step].name;
        let rules = Rules {
            steps,
            then: self.plan.then(),
            answer: &|refusal| self.plan.answer(case, refusal),
            patience: self.plan.patience(step),
            stands: self.plan.stands(step),
            pause: Pause { backoff: self.plan.backoff(step), dice },
        };
        decide(&rules, state, heard, now)
    }

    /// The case of a saga whose row is there.
    pub async fn case(&self, tx: &Tx, saga: &str) -> Result<P::Case, DbErr> {
        let loaded = self.plan.load(tx, &[saga.to_owned()]).await?;
        let (_, case) = loaded
            .into_iter()
            .next()
            .ok_or_else(|| DbErr::RecordNotFound(format!("I3: saga {saga} stands for nothing that is recorded")))?;
        Ok(case)
    }
}
