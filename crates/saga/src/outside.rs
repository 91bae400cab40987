//! What others have to say to a saga: a wish to turn round, a person's answer, the world's own word. Each runs in the
//! caller's unit, together with whatever the caller writes there.

use crate::{
    after,
    engine::Engine,
    heard::{Heard, Turn},
    plan::Plan,
    rows,
    state::{Direction, State, Status},
    worker::Worker,
};
use ambient::Timestamp;
use sea_orm::{ConnectionTrait, DbBackend, DbErr};
use std::sync::Arc;
use store::Tx;

/// What became of a wish to turn round.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wished {
    /// It turned round at once.
    Turning,
    /// It is kept, and read before the next step.
    Kept,
    /// It was on its way back already.
    Already,
    /// It had ended, or there never was one.
    Over,
}

/// A person's answer to a parked saga.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Resolution {
    /// Try the step again.
    Retry,
    /// Undo what was done, for this cause.
    Undo {
        /// For machines.
        cause: String,
    },
    /// Leave everything as it is.
    End,
}

/// Everything here runs in the caller's unit: `case` is the case as the caller read it there, and what is given back is
/// the case after the plan's `record`. Whoever reads a case to decide on it holds its saga first.
impl<P: Plan> Engine<P> {
    /// Holds a saga until the unit ends, so that what is read of its case from now on stays as it is: a saga's row
    /// comes before the rows of what it is about, here as in every turn. SQLite has one writer: there is nothing to do,
    /// and nothing is asked of it.
    pub async fn hold(&self, tx: &Tx, saga: &str) -> Result<(), DbErr> {
        match tx.get_database_backend() {
            DbBackend::Sqlite => Ok(()),
            _ => rows::find(tx, saga).await.map(drop),
        }
    }

    /// Wishes the saga undone. What follows from it is recorded in the same unit if it turns at once.
    pub async fn wish(
        &self,
        tx: &Tx,
        (saga, case): (&str, &P::Case),
        (cause, reason, actor): (&str, &str, &str),
        now: Timestamp,
    ) -> Result<(Wished, P::Case), DbErr> {
        let Some(state) = self.state(tx, saga).await? else { return Ok((Wished::Over, case.clone())) };
        let wished = match (state.status, state.direction) {
            (Status::Done, _) => return Ok((Wished::Over, case.clone())),
            (Status::Running | Status::Waiting, Direction::Undo) => return Ok((Wished::Already, case.clone())),
            _ if state.wish.is_some() => return Ok((Wished::Kept, case.clone())),
            _ if state.driven() => Wished::Kept,
            _ => Wished::Turning,
        };
        let heard = Heard::Wish { cause: cause.to_owned(), reason: reason.to_owned(), actor: actor.to_owned() };
        let case = self.hear(tx, (saga, case), &state, heard, now).await?;
        Ok((wished, case))
    }

    /// A person's answer to a parked saga. `None` when it waits for nobody.
    pub async fn resolve(
        &self,
        tx: &Tx,
        (saga, case): (&str, &P::Case),
        resolution: Resolution,
        (actor, note): (&str, &str),
        now: Timestamp,
    ) -> Result<Option<P::Case>, DbErr> {
        let state = match self.state(tx, saga).await? {
            Some(state) if state.status == Status::Parked => state,
            _ => return Ok(None),
        };
        let (actor, note) = (actor.to_owned(), note.to_owned());
        let heard = match resolution {
            Resolution::Retry => Heard::Retry { actor, note },
            Resolution::Undo { cause } => Heard::Wish { cause, reason: note, actor },
            Resolution::End => Heard::Finished,
        };
        self.hear(tx, (saga, case), &state, heard, now).await.map(Some)
    }

    /// The world says that the last step is done, whatever its caller heard: what was wished is decided by that, and
    /// whoever drove the saga loses it. `None` when the last step was never begun, or the saga had ended.
    pub async fn proven(
        &self,
        tx: &Tx,
        (saga, case): (&str, &P::Case),
        now: Timestamp,
    ) -> Result<Option<P::Case>, DbErr> {
        let last = self.0.plan.steps(case).len() - 1;
        match self.state(tx, saga).await? {
            // Nobody doubted it, and nothing was wished.
            Some(State { status: Status::Waiting, .. }) => Ok(Some(case.clone())),
            Some(state) if state.status != Status::Done && state.reached == last => {
                self.hear(tx, (saga, case), &state, Heard::Proven, now).await.map(Some)
            }
            _ => Ok(None),
        }
    }

    /// Ends the saga: what it waited for has come. False when it had ended before.
    pub async fn finish(&self, tx: &Tx, saga: &str, now: Timestamp) -> Result<bool, DbErr> {
        rows::finish(tx, saga, now).await
    }

    /// What a waiting saga waits for will not come: a person has to look. `None` when it was not waiting.
    pub async fn forsaken(
        &self,
        tx: &Tx,
        (saga, case): (&str, &P::Case),
        (cause, reason): (&str, &str),
        now: Timestamp,
    ) -> Result<Option<P::Case>, DbErr> {
        match self.state(tx, saga).await? {
            Some(state) if state.status == Status::Waiting => {
                let heard = Heard::Forsaken { cause: cause.to_owned(), reason: reason.to_owned() };
                self.hear(tx, (saga, case), &state, heard, now).await.map(Some)
            }
            _ => Ok(None),
        }
    }

    /// Where the saga stands, held until the unit ends; `None` when there is none, or it was forgotten.
    pub async fn state(&self, tx: &Tx, saga: &str) -> Result<Option<State>, DbErr> {
        Ok(rows::find(tx, saga).await?.map(|row| row.state))
    }

    async fn hear(
        &self,
        tx: &Tx,
        (saga, case): (&str, &P::Case),
        state: &State,
        heard: Heard,
        now: Timestamp,
    ) -> Result<P::Case, DbErr> {
        let worker = &self.0;
        let turn = worker.decided(case, state, heard, now, 0.0);
        if !rows::advance(tx, saga, state, &turn.after, now).await? {
            return Err(DbErr::Custom(format!("I7: saga {saga} moved under its own unit")));
        }
        rows::append(tx, saga, &turn.entries, now).await?;
        wake_after(tx, worker, &turn);
        match turn.told.is_empty() {
            true => Ok(case.clone()),
            false => worker.plan.record(tx, case, &turn.told, now).await,
        }
    }
}

fn wake_after<P: Plan>(tx: &Tx, worker: &Arc<Worker<P>>, turn: &Turn) {
    if let Some(at) = turn.after.wake_at {
        after::commit(tx, worker, move |worker| worker.alarm.set(at));
    }
}
