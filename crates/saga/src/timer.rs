//! Wakes what is due: one task that sleeps until the earliest due time, then takes sagas up in batches, as seats allow.

use crate::{
    drive::{self, Driven},
    engine::Inner,
    plan::Plan,
    rows,
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
/// How long to wait when the store fails.
const STORE_PAUSE: Duration = Duration::from_secs(1);

/// What was driven when the program ended falls due at once; the rest keeps its time.
pub async fn recover<P: Plan>(inner: &Arc<Inner<P>>) -> Result<(), StoreError> {
    let now = inner.ambient.now();
    let found = inner
        .store
        .unit((inner.plan.kind(), now), |tx, (kind, now)| Box::pin(rows::orphans_due(tx, kind, *now)))
        .await?;
    if found > 0 {
        tracing::info!(kind = inner.plan.kind(), sagas = found, "sagas that were under way are taken up again");
    }
    inner.alarm.set(now);
    Ok(())
}

/// Until the engine stops.
pub async fn run<P: Plan>(inner: Arc<Inner<P>>) {
    let mut sweep = tokio::time::interval(SWEEP);
    loop {
        let done = tokio::select! {
            biased;
            () = inner.stop.cancelled() => return,
            () = inner.alarm.rings() => take_up_due(&inner).await,
            _ = sweep.tick() => forget_old(&inner).await,
        };
        if let Err(error) = done {
            tracing::error!(kind = inner.plan.kind(), %error, "due sagas could not be taken up; tried again");
            inner.alarm.set(inner.ambient.now().plus(STORE_PAUSE));
        }
    }
}

/// Takes up everything that is due, batch by batch, and sets the alarm for what falls due next.
async fn take_up_due<P: Plan>(inner: &Arc<Inner<P>>) -> Result<(), StoreError> {
    loop {
        let Some(mut seats) = seats(inner).await else { return Ok(()) };
        let claim = Claim { inner: inner.clone(), limit: seats.len() as u64, now: inner.ambient.now() };
        let (claimed, next) = inner.store.unit(claim, |tx, claim| Box::pin(claim.take(tx))).await?;
        for saga in claimed {
            let seat = seats.pop().expect("no more are claimed than there are seats");
            drive::spawn(inner, saga, seat);
        }
        match next {
            Some(at) if at <= inner.ambient.now() => {}
            Some(at) => {
                inner.alarm.set(at);
                return Ok(());
            }
            None => return Ok(()),
        }
    }
}

/// Waits for one free seat and takes what else is free, up to a batch. `None` when the engine stops.
async fn seats<P: Plan>(inner: &Arc<Inner<P>>) -> Option<Vec<OwnedSemaphorePermit>> {
    let first = tokio::select! {
        () = inner.stop.cancelled() => return None,
        first = inner.seats.clone().acquire_owned() => first.expect("the seats are never closed"),
    };
    let mut seats = vec![first];
    while (seats.len() as u64) < inner.settings.claim {
        match inner.seats.clone().try_acquire_owned() {
            Ok(seat) => seats.push(seat),
            Err(_) => break,
        }
    }
    Some(seats)
}

struct Claim<P: Plan> {
    inner: Arc<Inner<P>>,
    limit: u64,
    now: Timestamp,
}

impl<P: Plan> Claim<P> {
    async fn take(&self, tx: &Tx) -> Result<(Vec<Driven<P::Case>>, Option<Timestamp>), DbErr> {
        let plan = &self.inner.plan;
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

async fn forget_old<P: Plan>(inner: &Arc<Inner<P>>) -> Result<(), StoreError> {
    let keep = i64::try_from(inner.settings.keep.as_millis()).unwrap_or(i64::MAX);
    let before = Timestamp::from_millis(inner.ambient.now().as_millis().saturating_sub(keep));
    loop {
        let gone = inner
            .store
            .unit((inner.plan.kind(), before), |tx, (kind, before)| {
                Box::pin(rows::forget(tx, kind, *before, SWEEP_BATCH))
            })
            .await?;
        if gone < SWEEP_BATCH || inner.stop.is_cancelled() {
            return Ok(());
        }
    }
}
