//! The door: what a service holds of its sagas of one kind.

use crate::{
    absence::Absence,
    after, drive,
    heard::Entry,
    plan::Plan,
    rows,
    state::State,
    step::Step,
    timer,
    worker::{Driven, Settings, Worker},
};
use ambient::{Alarm, Ambient, Timestamp};
use parking_lot::Mutex;
use sea_orm::DbErr;
use std::sync::Arc;
use store::{Store, StoreError, Tx};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

/// The sagas of one kind in one service. Cloning shares it.
pub struct Engine<P: Plan>(pub(crate) Arc<Worker<P>>);

impl<P: Plan> Clone for Engine<P> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

/// Room to drive one saga at once, straight from memory. It is taken before the unit that records the saga, for the
/// unit itself must not depend on anything that changes between two runs of it.
#[derive(Clone)]
pub struct Seat(Option<Arc<Mutex<Option<OwnedSemaphorePermit>>>>);

/// A saga that is to begin.
#[derive(Clone, Debug)]
pub struct New<C> {
    /// Its identifier.
    pub id: String,
    /// What it is about.
    pub case: C,
    /// The trace in which it begins.
    pub trace: Option<String>,
    /// The time.
    pub now: Timestamp,
}

impl<P: Plan> Engine<P> {
    /// An engine over `store`, whose migrations include [`crate::migrations`]. Nothing is driven before
    /// [`start`](Self::start).
    pub fn new(ambient: &Ambient, store: Store, plan: P, settings: Settings) -> Self {
        Self(Arc::new(Worker {
            ambient: ambient.clone(),
            store,
            plan,
            alarm: Alarm::new(ambient.clone()),
            strays: Alarm::new(ambient.clone()),
            absence: Absence::default(),
            seats: Arc::new(Semaphore::new(settings.concurrency.max(1))),
            tasks: TaskTracker::new(),
            stop: CancellationToken::new(),
            abandon: CancellationToken::new(),
            settings,
        }))
    }

    /// Takes up what was running when the program last ended, and drives from now on whatever falls due. To be called
    /// once, before the first saga is begun.
    pub async fn start(&self) -> Result<(), StoreError> {
        timer::recover(&self.0).await?;
        let engine = self.0.clone();
        self.0.tasks.spawn(timer::run(engine));
        Ok(())
    }

    /// The plan.
    pub fn plan(&self) -> &P {
        &self.0.plan
    }

    /// Room for a new saga, or the knowledge that there is none and it has to wait in the table.
    pub fn seat(&self) -> Seat {
        let permit = self.0.seats.clone().try_acquire_owned().ok();
        Seat(permit.map(|permit| Arc::new(Mutex::new(Some(permit)))))
    }

    /// Records a saga and its first attempt in the caller's unit. It is driven as soon as that is durable, without
    /// another look at the table if it has a seat.
    pub async fn begin(&self, tx: &Tx, seat: &Seat, new: &New<P::Case>) -> Result<(), DbErr> {
        let worker = &self.0;
        let steps = worker.plan.steps(&new.case);
        let state = State::begun(seat.0.is_none().then_some(new.now));
        rows::insert(tx, worker.plan.kind(), &new.id, new.trace.clone(), &state, new.now).await?;
        rows::append(tx, &new.id, &[first_attempt(steps, &state)], new.now).await?;
        let seat = seat.clone();
        let driven = Driven { id: new.id.clone(), case: new.case.clone(), trace: new.trace.clone(), state };
        after::commit(tx, worker, move |worker| match seat.0.and_then(|seat| seat.lock().take()) {
            Some(permit) => drive::spawn(worker, driven, permit),
            None => worker.alarm.set(worker.ambient.now()),
        });
        Ok(())
    }

    /// True while a saga of this kind has a move of its own to make, now or at its time. One that waits for the world
    /// or for a person has none.
    pub async fn is_busy(&self) -> Result<bool, StoreError> {
        self.0.store.read(self.0.plan.kind(), |tx, kind| Box::pin(rows::any_running(tx, kind))).await
    }

    /// Begins no further step, and returns once those under way are recorded.
    pub async fn shutdown(&self) {
        self.0.stop.cancel();
        self.0.tasks.close();
        self.0.tasks.wait().await;
    }

    /// Drops everything where it stands, as a crash would: for tests that ask what the next start makes of it.
    pub async fn abandon(&self) {
        self.0.abandon.cancel();
        self.shutdown().await;
    }
}

fn first_attempt(steps: &'static [Step], state: &State) -> Entry {
    Entry {
        seq: state.seq,
        direction: state.direction,
        step: steps[0].name,
        attempt: state.attempt,
        entry: "begun",
        detail: String::new(),
    }
}
