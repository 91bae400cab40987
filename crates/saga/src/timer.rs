//! Wakes what is due: one task that sleeps until the earliest due time, then takes sagas up in batches, as seats allow.

use crate::{
    drive,
    plan::Plan,
    rows,
    worker::{Driven, Worker},
};
use ambient::Timestamp;
use sea_orm::DbErr;
use std::{collections::HashMap, sync::Arc, time::Duration};
use store::{StoreError, Tx};
use tokio::sync::OwnedSemaphorePermit;

/// How often finished sagas are looked over for those that may be forgotten.
const SWEEP: Duration = Duration::from_secs(3600);
/// How many are forgotten in one unit.
const SWEEP_BATCH: u64 = 200;
/// How long to wait for other units to let go of sagas that are due.
const HELD_PAUSE: Duration = Duration::from_millis(20);
/// How long to wait when the store fails.
const STORE_PAUSE: Duration = Duration::from_secs(1);

/// What was driven when the program ended falls due at once; the rest keeps its time.
pub async fn recover<P: Plan>(worker: &Arc<Worker<P>>) -> Result<(), StoreError> {
    take_back(worker, Timestamp::from_millis(i64::MAX)).await
}

/// What is being driven and has not moved since `since` falls due at once.
async fn take_back<P: Plan>(worker: &Arc<Worker<P>>, since: Timestamp) -> Result<(), StoreError> {
    let (kind, now) = (worker.plan.kind(), worker.ambient.now());
    let args = (kind, since, now);
    let found =
        worker.store.unit(args, |tx, (kind, since, now)| Box::pin(rows::orphans_due(tx, kind, *since, *now))).await?;
    if found > 0 {
        tracing::info!(kind, sagas = found, "sagas that were under way are taken up again");
    }
    worker.alarm.set(now);
    Ok(())
}

/// Sagas of which it is not known whether a task has them: those that do not move have none.
async fn take_back_strays<P: Plan>(worker: &Arc<Worker<P>>) -> Result<(), StoreError> {
    let slack = i64::try_from(worker.slack().as_millis()).unwrap_or(i64::MAX);
    let since = worker.ambient.now().as_millis().saturating_sub(slack);
    take_back(worker, Timestamp::from_millis(since)).await
}

/// Until the engine stops.
pub async fn run<P: Plan>(worker: Arc<Worker<P>>) {
    let mut sweep = tokio::time::interval(SWEEP);
    loop {
        let done = tokio::select! {
            biased;
            () = worker.stop.cancelled() => return,
            () = worker.alarm.rings() => take_up_due(&worker).await,
            () = worker.strays.rings() => take_back_strays(&worker).await,
            _ = sweep.tick() => forget_old(&worker).await,
        };
        match done {
            Ok(()) => worker.absence.over(worker.plan.kind(), worker.ambient.now()),
            Err(StoreError::Closed) => return,
            Err(error) => {
                worker.absence.met(worker.plan.kind(), "", &error, worker.ambient.now());
                // Whether the unit was kept is not known: sagas that it took up have no task.
                worker.doubt();
                let stopped = worker.stop.cancelled();
                let _ = tokio::time::timeout(STORE_PAUSE, stopped).await;
            }
        }
    }
}

/// Takes up everything that is due, batch by batch, and sets the alarm for what falls due next.
async fn take_up_due<P: Plan>(worker: &Arc<Worker<P>>) -> Result<(), StoreError> {
    loop {
        let Some(mut seats) = seats(worker).await else { return Ok(()) };
        let now = worker.ambient.now();
        let claim = Claim { worker: worker.clone(), limit: seats.len() as u64, now };
        let (claimed, next) = worker.store.unit(claim, |tx, claim| Box::pin(claim.take(tx))).await?;
        // Whoever holds them says when they are due: nothing is gained by asking at once.
        let held = claimed.is_empty() && next.is_some_and(|at| at <= now);
        for saga in claimed {
            let seat = seats.pop().expect("no more are claimed than there are seats");
            drive::spawn(worker, saga, seat);
        }
        match next {
            _ if held => {
                worker.alarm.set(worker.ambient.now().plus(HELD_PAUSE));
                return Ok(());
            }
            Some(at) if at <= worker.ambient.now() => {}
            Some(at) => {
                worker.alarm.set(at);
                return Ok(());
            }
            None => return Ok(()),
        }
    }
}

/// Waits for one free seat and takes what else is free, up to a batch. `None` when the engine stops.
async fn seats<P: Plan>(worker: &Arc<Worker<P>>) -> Option<Vec<OwnedSemaphorePermit>> {
    let first = tokio::select! {
        () = worker.stop.cancelled() => return None,
        first = worker.seats.clone().acquire_owned() => first.expect("the seats are never closed"),
    };
    let mut seats = vec![first];
    while (seats.len() as u64) < worker.settings.claim {
        match worker.seats.clone().try_acquire_owned() {
            Ok(seat) => seats.push(seat),
            Err(_) => break,
        }
    }
    Some(seats)
}

struct Claim<P: Plan> {
    worker: Arc<Worker<P>>,
    limit: u64,
    now: Timestamp,
}

impl<P: Plan> Claim<P> {
    async fn take(&self, tx: &Tx) -> Result<(Vec<Driven<P::Case>>, Option<Timestamp>), DbErr> {
        let plan = &self.worker.plan;
        let rows = rows::claim(tx, plan.kind(), self.limit, self.now).await?;
        let next = rows::next_due(tx, plan.kind()).await?;
        if rows.is_empty() {
            return Ok((Vec::new(), next));
        }
        let ids: Vec<String> = rows.iter().map(|row| row.id.clone()).collect();
        let mut cases: HashMap<String, P::Case> = plan.load(tx, &ids).await?.into_iter().collect();
        let mut taken = Vec::with_capacity(rows.len());
        for row in rows {
            match cases.remove(&row.id) {
                Some(case) => taken.push(Driven { id: row.id, case, trace: row.trace, state: row.state }),
                // One that is broken must not keep the others from being driven.
                None => tracing::error!(saga = row.id, "I3: this saga stands for nothing that is recorded"),
            }
        }
        Ok((taken, next))
    }
}

async fn forget_old<P: Plan>(worker: &Arc<Worker<P>>) -> Result<(), StoreError> {
    let keep = i64::try_from(worker.settings.keep.as_millis()).unwrap_or(i64::MAX);
    let before = Timestamp::from_millis(worker.ambient.now().as_millis().saturating_sub(keep));
    loop {
        let gone = worker
            .store
            .unit((worker.plan.kind(), before), |tx, (kind, before)| {
                Box::pin(rows::forget(tx, kind, *before, SWEEP_BATCH))
            })
            .await?;
        if gone < SWEEP_BATCH || worker.stop.is_cancelled() {
            return Ok(());
        }
    }
}
