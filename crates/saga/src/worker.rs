//! What every part of an engine works with: its surroundings, its plan, and the sagas it holds.

use crate::{
    absence::Absence,
    decide::decide,
    heard::{self, Pause, Rules},
    plan::Plan,
    state::State,
};
use ambient::{Alarm, Ambient, Timestamp};
use sea_orm::DbErr;
use std::{sync::Arc, time::Duration};
use store::{Store, Tx};
use tokio::sync::Semaphore;
use tokio_util::{sync::CancellationToken, task::TaskTracker};

/// How long it may take to record a turn, before nobody is believed to be at it.
const RECORDING: Duration = Duration::from_secs(10);

/// What may be set. Durations are wall clock.
#[derive(Clone, Debug)]
pub struct Settings {
    /// How many sagas are driven at once; the others wait in the table.
    pub concurrency: usize,
    /// How long one call may take before its outcome counts as unknown.
    pub step_deadline: Duration,
    /// How many due sagas are taken up in one unit.
    pub claim: u64,
    /// How long a finished saga and its log are kept.
    pub keep: Duration,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            concurrency: 512,
            step_deadline: Duration::from_secs(5),
            claim: 50,
            keep: Duration::from_secs(90 * 24 * 3600),
        }
    }
}

/// What an engine is.
pub struct Worker<P: Plan> {
    pub ambient: Ambient,
    pub store: Store,
    pub plan: P,
    pub settings: Settings,
    /// Rings when the next saga falls due.
    pub alarm: Alarm,
    /// Rings when there may be sagas that are being driven and that no task has: see [`Worker::doubt`].
    pub strays: Alarm,
    /// The store's absence, said once.
    pub absence: Absence,
    /// One for each saga that is driven.
    pub seats: Arc<Semaphore>,
    pub tasks: TaskTracker,
    /// No further step is begun.
    pub stop: CancellationToken,
    /// Everything is dropped where it stands.
    pub abandon: CancellationToken,
}

/// A saga as the task that drives it holds it.
#[derive(Clone)]
pub struct Driven<C> {
    pub id: String,
    pub case: C,
    pub trace: Option<String>,
    pub state: State,
}

impl<P: Plan> Worker<P> {
    /// A unit that would have handed sagas to tasks was not kept, or nobody knows whether it was. What it may have left
    /// due is looked for now; what it may have left without a task, once every task has had the time to say otherwise.
    pub fn doubt(&self) {
        let now = self.ambient.now();
        self.alarm.set(now);
        self.strays.set(now.plus(self.slack()));
    }

    /// A saga that a task drives moves more often than this, as long as the store answers.
    pub fn slack(&self) -> Duration {
        self.settings.step_deadline + RECORDING
    }

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
