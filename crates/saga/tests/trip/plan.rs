//! The plan itself.

use super::Outside;
use ambient::Timestamp;
use outrigger_saga::{Answer, Backoff, Call, Direction, Loaded, Outcome, Plan, Refusal, Step, Then, Told};
use sea_orm::{ConnectionTrait, DbErr};
use std::{
    collections::VecDeque,
    sync::{Arc, atomic::Ordering},
    time::Duration,
};
use store::{BoxFuture, Tx};

pub const STEPS: &[Step] = &[own("pay"), own("reserve"), own("ship")];
pub const RETRYING: &[Step] = &[own("pay"), own("retried")];

const fn own(name: &'static str) -> Step {
    Step { name, undo: true }
}

/// What a call answers.
#[derive(Clone, Copy)]
pub enum Reply {
    Done,
    Refused,
    RefusedForAPerson,
    Unknown,
    /// Nothing at all, until the step's deadline.
    Silent,
    Panic,
}

pub struct Trip(pub Arc<Outside>);

/// Which steps a case has.
#[derive(Clone)]
pub struct Case {
    pub id: String,
    pub steps: &'static [Step],
}

impl Plan for Trip {
    type Case = Case;

    fn kind(&self) -> &'static str {
        "trip"
    }

    fn steps(&self, case: &Case) -> &'static [Step] {
        case.steps
    }

    fn then(&self) -> Then {
        Then::Finish
    }

    fn answer(&self, _: &Case, refusal: &Refusal) -> Answer {
        let until = refusal.since.plus(Duration::from_millis(300));
        match (refusal.cause.as_str(), refusal.step) {
            ("PERSON", _) => Answer::Park,
            (_, "retried") if refusal.now < until => Answer::Retry { until },
            _ => Answer::Undo,
        }
    }

    fn patience(&self, _: &str) -> Option<Duration> {
        None
    }

    fn backoff(&self, _: &str) -> Backoff {
        Backoff { initial: Duration::from_millis(200), max: Duration::from_secs(30) }
    }

    fn perform<'a>(&'a self, _: &'a Case, call: &'a Call) -> BoxFuture<'a, Outcome> {
        Box::pin(async move {
            let id = call.request_id();
            let number = {
                let mut calls = self.0.calls.lock();
                calls.push(id.clone());
                calls.len() - 1
            };
            let hang = self.0.hang_at.lock().take_if(|at| *at == number).is_some();
            if hang {
                self.0.hangs.notify_one();
                self.0.answer.notified().await;
            }
            let reply = self.0.scripts.lock().get_mut(&id).and_then(VecDeque::pop_front).unwrap_or(Reply::Done);
            reply.outcome().await
        })
    }

    fn record<'a>(
        &'a self,
        tx: &'a Tx,
        case: &'a Case,
        told: &'a [Told],
        _: Timestamp,
    ) -> BoxFuture<'a, Result<Case, DbErr>> {
        Box::pin(async move {
            for told in told {
                write(tx, &case.id, &line(told)).await?;
            }
            let failing = self.0.failing.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| left.checked_sub(1));
            match failing {
                Ok(_) => Err(DbErr::Custom("the disk is full".into())),
                Err(_) => Ok(case.clone()),
            }
        })
    }

    fn load<'a>(&'a self, _: &'a Tx, sagas: &'a [String]) -> BoxFuture<'a, Loaded<Case>> {
        let case = |id: &String| {
            let steps = if id.starts_with("retrying") { RETRYING } else { STEPS };
            (id.clone(), Case { id: id.clone(), steps })
        };
        Box::pin(async move { Ok(sagas.iter().map(case).collect()) })
    }
}

impl Reply {
    async fn outcome(self) -> Outcome {
        let refused = |cause: &str| Outcome::Refused { cause: cause.to_owned(), reason: String::new() };
        match self {
            Self::Done => Outcome::Done { output: String::new() },
            Self::Refused => refused("NO"),
            Self::RefusedForAPerson => refused("PERSON"),
            Self::Unknown => Outcome::Unknown { reason: String::new() },
            Self::Silent => std::future::pending().await,
            Self::Panic => panic!("a plan that panics in a call"),
        }
    }
}

fn line(told: &Told) -> String {
    match told {
        Told::Stepped { step, .. } => format!("stepped {step}"),
        Told::Undoing { at, .. } => format!("undoing {at}"),
        Told::Undone { step, .. } => format!("undone {step}"),
        Told::Unwound { .. } => "unwound".into(),
        Told::Stood { step } => format!("stood {step}"),
        Told::Parked { step, .. } => format!("parked {step}"),
        Told::Resumed { step, direction: Direction::Forward, .. } => format!("resumed {step}"),
        Told::Resumed { step, direction: Direction::Undo, .. } => format!("resumed undoing {step}"),
        Told::Ended { step, .. } => format!("ended {step}"),
        Told::Finished => "finished".into(),
    }
}

async fn write(tx: &Tx, saga: &str, told: &str) -> Result<(), DbErr> {
    let sql = format!("INSERT INTO book (saga, told) VALUES ('{saga}', '{told}')");
    tx.execute_unprepared(&sql).await.map(drop)
}
