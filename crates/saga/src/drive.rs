//! One task a saga: makes the present attempt's call, has the turn recorded, goes on until the saga rests.

use crate::{
    plan::Plan,
    state::{State, Status},
    step::{Call, Outcome},
    turn,
    worker::{Driven, Worker},
};
use futures::FutureExt;
use std::{panic::AssertUnwindSafe, sync::Arc, time::Duration};
use store::StoreError;
use tokio::sync::OwnedSemaphorePermit;

/// The longest pause before a turn is recorded again: of a unit that failed, and while the store is away.
const LONGEST: (Duration, Duration) = (Duration::from_secs(30), Duration::from_secs(2));

/// Drives `saga` in a task of its own; the permit is its seat.
pub fn spawn<P: Plan>(worker: &Arc<Worker<P>>, saga: Driven<P::Case>, permit: OwnedSemaphorePermit) {
    let engine = worker.clone();
    worker.tasks.spawn(async move {
        let abandon = engine.abandon.clone();
        abandon.run_until_cancelled_owned(drive(engine, saga)).await;
        drop(permit);
    });
}

async fn drive<P: Plan>(worker: Arc<Worker<P>>, mut saga: Driven<P::Case>) {
    while !worker.stop.is_cancelled() {
        let outcome = call(&worker, &saga).await;
        match record(&worker, saga, outcome).await {
            Some(after) if after.state.driven() => saga = after,
            Some(after) => return rest(&worker, &after.state),
            None => return,
        }
    }
}

/// Whatever goes wrong in making a call, its outcome is then unknown: the callee may have acted.
async fn call<P: Plan>(worker: &Worker<P>, saga: &Driven<P::Case>) -> Outcome {
    let call = Call {
        saga: saga.id.clone(),
        step: worker.plan.steps(&saga.case)[saga.state.step].name,
        direction: saga.state.direction,
        attempt: saga.state.attempt,
        trace: saga.trace.clone(),
    };
    let performed = AssertUnwindSafe(worker.plan.perform(&saga.case, &call)).catch_unwind();
    match tokio::time::timeout(worker.settings.step_deadline, performed).await {
        Ok(Ok(outcome)) => outcome,
        Ok(Err(_)) => Outcome::Unknown { reason: format!("{} panicked", call.step) },
        Err(_) => Outcome::Unknown { reason: format!("{} gave no answer in time", call.step) },
    }
}

/// Records what came of a call; the store's own troubles are waited out, for what was heard must not be lost while the
/// program lives. `None`: somebody else has the saga now, or the program is ending.
async fn record<P: Plan>(worker: &Arc<Worker<P>>, saga: Driven<P::Case>, outcome: Outcome) -> Option<Driven<P::Case>> {
    let (kind, mut pause) = (worker.plan.kind(), Duration::from_millis(100));
    let turn = Arc::new(turn::Heard::new(worker, saga, outcome));
    loop {
        let longest = match turn::record(worker, turn.clone()).await {
            Ok(after) => {
                worker.absence.over(kind, worker.ambient.now());
                return after;
            }
            Err(StoreError::Closed) => return None,
            Err(error) => {
                worker.absence.met(kind, turn.id(), &error, worker.ambient.now());
                if matches!(error, StoreError::Db(_)) { LONGEST.0 } else { LONGEST.1 }
            }
        };
        tokio::select! {
            () = worker.stop.cancelled() => return None,
            () = tokio::time::sleep(pause) => pause = (pause * 2).min(longest),
        }
    }
}

fn rest<P: Plan>(worker: &Worker<P>, state: &State) {
    if let (Status::Running, Some(at)) = (state.status, state.wake_at) {
        worker.alarm.set(at);
    }
}
