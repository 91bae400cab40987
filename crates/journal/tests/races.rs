//! What keys, barriers and gates promise when the same thing is asked many times at the same moment: one effect, and
//! everybody is told of that one.

#![allow(clippy::unwrap_used, reason = "tests")]

mod common;

use common::{Home, START, ambient, count, linger, open, places};
use outrigger_journal::{
    Claim, Fingerprint, Key, Stamp,
    barrier::{self, Passage, Step, Undo},
    gate::{self, Call, Ended, Refusal},
    once,
};
use std::collections::BTreeMap;
use store::{
    BoxFuture, Store, StoreError, Tx,
    sea_orm::{ConnectionTrait, DbErr},
};

const MANY: usize = 40;

/// Runs `unit` many times at the same moment, each with its number; what came of each.
async fn at_once<T, F>(store: &Store, unit: F) -> Vec<Result<T, StoreError>>
where
    T: Send + 'static,
    F: for<'a> Fn(&'a Tx, &'a usize) -> BoxFuture<'a, Result<T, DbErr>> + Copy + Send + Sync + 'static,
{
    let all = (0..MANY).map(|n| {
        let store = store.clone();
        tokio::spawn(async move { store.unit(n, unit).await })
    });
    let mut ended = Vec::new();
    for one in all.collect::<Vec<_>>() {
        ended.push(one.await.unwrap());
    }
    ended
}

/// An effect, of which there must be one. Slow, so that the others come in the middle.
async fn effect(tx: &Tx, n: usize) -> Result<(), DbErr> {
    linger(tx, 0.02).await?;
    let sql = format!("INSERT INTO had (source, id, key, version) VALUES ('', '{n}', '', {n})");
    tx.execute_unprepared(&sql).await.map(drop)
}

/// The number of the one whose effect was had.
async fn whose(store: &Store) -> i64 {
    assert_eq!(count(store, "SELECT COUNT(*) AS n FROM had").await, 1, "one effect");
    count(store, "SELECT version AS n FROM had").await
}

fn tally<T: std::fmt::Debug>(answers: &[T]) -> BTreeMap<String, usize> {
    let mut tally = BTreeMap::new();
    for answer in answers {
        *tally.entry(format!("{answer:?}")).or_insert(0) += 1;
    }
    tally
}

async fn claim(tx: &Tx, n: usize) -> Result<Claim, DbErr> {
    let print = Fingerprint::new().field("lines", "a");
    once::claim(tx, &Key::new("edge", "PlaceOrder", "r"), &print, &format!("order-{n}"), START).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_claimed_by_many_at_once_has_one_effect_and_all_are_told_of_it() {
    for Home { data, .. } in &places().await {
        let store = open(data, "orders").await;
        let answers = at_once(&store, |tx, n| {
            Box::pin(async move {
                let claim = claim(tx, *n).await?;
                if claim == Claim::Fresh {
                    effect(tx, *n).await?;
                }
                Ok(claim)
            })
        });
        let answers: Vec<Claim> = answers.await.into_iter().map(Result::unwrap).collect();
        let resource = format!("order-{}", whose(&store).await);
        let tally = tally(&answers);
        assert_eq!((tally["Fresh"], tally[&format!("{:?}", Claim::Replay { resource })]), (1, MANY - 1));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_claim_that_is_rolled_back_leaves_the_key_to_the_next() {
    for Home { data, .. } in &places().await {
        let store = open(data, "orders").await;
        let answers = at_once(&store, |tx, n| {
            Box::pin(async move {
                let claim = claim(tx, *n).await?;
                if claim == Claim::Fresh {
                    effect(tx, *n).await?;
                }
                // Of those who may claim it, only two in three go through with it.
                if n.is_multiple_of(3) { Err(DbErr::Custom("no".to_owned())) } else { Ok(claim) }
            })
        });
        let answers: Vec<Claim> = answers.await.into_iter().filter_map(Result::ok).collect();
        assert_eq!(answers.iter().filter(|claim| **claim == Claim::Fresh).count(), 1);
        assert_ne!(whose(&store).await % 3, 0);
    }
}

const fn pay(attempt: i32) -> Step {
    Step { saga: String::new(), step: String::new(), attempt }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_step_delivered_many_times_at_once_passes_once() {
    for Home { data, .. } in &places().await {
        let store = open(data, "payments").await;
        let passages = at_once(&store, |tx, n| {
            Box::pin(async move {
                let passage = barrier::forward(tx, &pay(1), START).await?;
                if passage == Passage::Fresh {
                    effect(tx, *n).await?;
                    barrier::settle(tx, &pay(1), "paid").await?;
                }
                Ok(passage)
            })
        });
        let passages: Vec<Passage> = passages.await.into_iter().map(Result::unwrap).collect();
        whose(&store).await;
        let tally = tally(&passages);
        let again = Passage::Again { outcome: Some("paid".to_owned()) };
        assert_eq!((tally["Fresh"], tally[&format!("{again:?}")]), (1, MANY - 1));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn of_a_step_and_its_undo_at_the_same_moment_one_is_first_and_the_other_knows_it() {
    for Home { data, .. } in &places().await {
        let store = open(data, "payments").await;
        // Rounds, each with a saga of its own; evens go forward, odds undo.
        let step = |n: usize| Step { saga: format!("s{}", n / 4), step: "pay".to_owned(), attempt: 1 };
        let told = at_once(&store, move |tx, n| {
            Box::pin(async move {
                if n % 2 == 1 {
                    return barrier::undo(tx, &Step { attempt: 0, ..step(*n) }, START).await.map(Err);
                }
                let passage = barrier::forward(tx, &step(*n), START).await?;
                linger(tx, 0.005).await?;
                if passage == Passage::Fresh {
                    barrier::settle(tx, &step(*n), "paid").await?;
                }
                Ok(Ok(passage))
            })
        });
        let told: Vec<Result<Passage, Undo>> = told.await.into_iter().map(Result::unwrap).collect();
        for round in told.chunks(4) {
            let firsts = round.iter().filter_map(|told| match told {
                Err(Undo::First { attempt, outcome }) => Some((*attempt, outcome.as_deref())),
                _ => None,
            });
            let first = firsts.collect::<Vec<_>>();
            let passed = round.contains(&Ok(Passage::Fresh));
            let undone = if passed { (Some(1), Some("paid")) } else { (None, None) };
            assert_eq!(first, [undone], "{round:?}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn attempts_at_the_same_moment_never_go_backwards() {
    for Home { data, .. } in &places().await {
        let store = open(data, "payments").await;
        let passages = at_once(&store, |tx, n| {
            Box::pin(async move {
                let attempt = i32::try_from(*n).unwrap() / 4 + 1;
                let passage = barrier::forward(tx, &pay(attempt), START).await?;
                if passage == Passage::Fresh {
                    let sql = format!("INSERT INTO had (source, id, key, version) VALUES ('', '', '', {attempt})");
                    tx.execute_unprepared(&sql).await?;
                    linger(tx, 0.002).await?;
                }
                Ok(passage)
            })
        });
        passages.await.into_iter().for_each(|passage| drop(passage.unwrap()));
        let passed = common::had(&store, "").await;
        assert!(passed.is_sorted_by(|a, b| a < b), "{passed:?}");
        assert_eq!(passed.last(), Some(&(MANY as i64 / 4)));
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum No {
    Empty,
    Undone,
    Stale,
}

impl Refusal for No {
    const UNDONE: Self = Self::Undone;
    const STALE: Self = Self::Stale;

    fn encode(&self) -> String {
        format!("{self:?}")
    }

    fn decode(text: &str) -> Option<Self> {
        [Self::Empty, Self::Undone, Self::Stale].into_iter().find(|no| no.encode() == text)
    }
}

/// A call that every caller decides as its number is: evens refuse.
async fn admit(tx: &Tx, n: usize, place: gate::Place) -> Result<Result<(), Ended<No>>, DbErr> {
    let key = Key::new("orders", "Reserve", "r");
    let call = Call { key, print: Fingerprint::new(), stamp: Stamp::take(&ambient(), None) };
    let admitted = gate::admit(tx, &call, &place, || if n.is_multiple_of(2) { Err(No::Empty) } else { Ok(()) }).await?;
    if admitted.is_ok() {
        effect(tx, n).await?;
    } else {
        linger(tx, 0.005).await?;
    }
    Ok(admitted)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_made_many_times_at_once_is_decided_once_in_a_saga_and_outside() {
    for Home { data, .. } in &places().await {
        for service in ["inventory", "shipping"] {
            let store = open(data, service).await;
            let answers = if service == "inventory" {
                at_once(&store, |tx, n| Box::pin(admit(tx, *n, gate::Place::in_saga(pay(1))))).await
            } else {
                at_once(&store, |tx, n| Box::pin(admit(tx, *n, gate::Place::own("A1", "reserve")))).await
            };
            let answers: Vec<Result<(), Ended<No>>> = answers.into_iter().map(Result::unwrap).collect();
            let first = |answer: &&Result<(), Ended<No>>| {
                matches!(answer, Ok(()) | Err(Ended::Refused { replayed: false, .. }))
            };
            let first: Vec<_> = answers.iter().filter(first).collect();
            assert_eq!(first.len(), 1, "{answers:?}");
            let (again, effects) = match first[0] {
                Ok(()) => (Err(Ended::Replay), 1),
                _ => (Err(Ended::Refused { refusal: No::Empty, replayed: true }), 0),
            };
            assert_eq!(answers.iter().filter(|answer| **answer == again).count(), MANY - 1, "{answers:?}");
            assert_eq!(count(&store, "SELECT COUNT(*) AS n FROM had").await, effects);
        }
    }
}
