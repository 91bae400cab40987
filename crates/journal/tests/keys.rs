//! What keys and barriers promise: a request or a step has its effect once, and an undo that overtakes it wins.

#![allow(clippy::unwrap_used, reason = "tests")]

mod common;

use ambient::Timestamp;
use common::{Home, START, ambient, open, places};
use outrigger_journal::{
    Claim, Fingerprint, Key,
    barrier::{self, Passage, Step, Undo},
    once,
};
use std::collections::BTreeMap;
use store::Store;

fn asked(lines: &str) -> Fingerprint {
    Fingerprint::new().field("customer_id", "C1").field("lines", lines).field("note", "")
}

async fn claim(store: &Store, request: &str, print: Fingerprint, resource: &str) -> Claim {
    let args = (Key::new("edge", "PlaceOrder", request), print, resource.to_owned());
    let unit = store.unit(args, |tx, (key, print, resource)| {
        Box::pin(async move { once::claim(tx, key, print, resource, START).await })
    });
    unit.await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_is_fresh_once_then_a_replay_and_with_other_content_a_conflict() {
    for Home { data, .. } in &places().await {
        let store = open(data, "orders").await;
        assert_eq!(claim(&store, "r1", asked("a"), "order-1").await, Claim::Fresh);
        let replay = Claim::Replay { resource: "order-1".to_owned() };
        assert_eq!(claim(&store, "r1", asked("a"), "order-2").await, replay);
        let conflict = Claim::Conflict { field: "lines".to_owned() };
        assert_eq!(claim(&store, "r1", asked("b"), "order-3").await, conflict);
        assert_eq!(claim(&store, "r2", asked("b"), "order-4").await, Claim::Fresh);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn of_a_hundred_that_claim_one_key_at_once_one_is_fresh() {
    for Home { data, .. } in &places().await {
        let store = open(data, "orders").await;
        let claims = (0..100).map(|n| {
            let store = store.clone();
            tokio::spawn(async move { claim(&store, "r", asked("a"), &format!("order-{n}")).await })
        });
        let mut answers = BTreeMap::new();
        for claim in claims.collect::<Vec<_>>() {
            *answers.entry(format!("{:?}", claim.await.unwrap())).or_insert(0) += 1;
        }
        assert_eq!(answers.len(), 2);
        assert_eq!(answers["Fresh"], 1);
    }
}

#[tokio::test]
async fn keys_of_other_callers_and_methods_are_other_keys() {
    for Home { data, .. } in &places().await {
        let store = open(data, "orders").await;
        for key in [Key::new("a", "M", "r"), Key::new("b", "M", "r"), Key::new("a", "N", "r")] {
            let claim = store
                .unit(key, |tx, key| Box::pin(async move { once::claim_for_ever(tx, key, &asked("a"), "x").await }));
            assert_eq!(claim.await.unwrap(), Claim::Fresh);
        }
        let looked = store
            .read(Key::new("a", "M", "r"), |tx, key| Box::pin(async move { once::look(tx, key, &asked("b")).await }));
        assert_eq!(looked.await.unwrap(), Some(Claim::Conflict { field: "lines".to_owned() }));
        let looked = store
            .read(Key::new("c", "M", "r"), |tx, key| Box::pin(async move { once::look(tx, key, &asked("b")).await }));
        assert_eq!(looked.await.unwrap(), None);
    }
}

fn pay(attempt: i32) -> Step {
    Step { saga: ambient().id(), step: "pay".to_owned(), attempt }
}

async fn forward(store: &Store, attempt: i32) -> Passage {
    let unit = store.unit(pay(attempt), |tx, step| Box::pin(barrier::forward(tx, step, START)));
    unit.await.unwrap()
}

async fn settle(store: &Store, attempt: i32, outcome: &'static str) {
    let args = (pay(attempt), outcome);
    store.unit(args, |tx, (step, outcome)| Box::pin(barrier::settle(tx, step, outcome))).await.unwrap();
}

async fn undo(store: &Store, attempt: i32) -> Undo {
    let later = Timestamp::from_millis(START.as_millis() + 1);
    let args = (pay(attempt), later);
    store.unit(args, |tx, (step, later)| Box::pin(barrier::undo(tx, step, *later))).await.unwrap()
}

fn again(outcome: Option<&str>) -> Passage {
    Passage::Again { outcome: outcome.map(str::to_owned) }
}

fn first(attempt: Option<i32>, outcome: Option<&str>) -> Undo {
    Undo::First { attempt, outcome: outcome.map(str::to_owned) }
}

#[tokio::test]
async fn a_step_delivered_twice_passes_once_and_remembers_what_came_of_it() {
    for Home { data, .. } in &places().await {
        let store = open(data, "payments").await;
        assert_eq!(forward(&store, 1).await, Passage::Fresh);
        assert_eq!(forward(&store, 1).await, again(None));
        settle(&store, 1, "authorised").await;
        assert_eq!(forward(&store, 1).await, again(Some("authorised")));
    }
}

#[tokio::test]
async fn a_later_attempt_passes_and_makes_the_earlier_stale() {
    for Home { data, .. } in &places().await {
        let store = open(data, "payments").await;
        assert_eq!(forward(&store, 1).await, Passage::Fresh);
        settle(&store, 1, "declined").await;
        assert_eq!(forward(&store, 2).await, Passage::Fresh);
        assert_eq!(forward(&store, 2).await, again(None));
        assert_eq!(forward(&store, 1).await, Passage::Stale);
        settle(&store, 1, "too late").await;
        assert_eq!(forward(&store, 2).await, again(None));
        assert_eq!(undo(&store, 0).await, first(Some(2), None));
    }
}

#[tokio::test]
async fn an_undo_that_overtakes_its_action_wins() {
    for Home { data, .. } in &places().await {
        let store = open(data, "payments").await;
        assert_eq!(undo(&store, 0).await, first(None, None));
        assert_eq!(forward(&store, 1).await, Passage::Undone);
        assert_eq!(forward(&store, 2).await, Passage::Undone);
        assert_eq!(undo(&store, 0).await, Undo::Again);
    }
}

#[tokio::test]
async fn an_undo_says_what_there_is_to_undo_once() {
    for Home { data, .. } in &places().await {
        let store = open(data, "payments").await;
        forward(&store, 1).await;
        settle(&store, 1, "authorised").await;
        assert_eq!(undo(&store, 0).await, first(Some(1), Some("authorised")));
        assert_eq!(undo(&store, 0).await, Undo::Again);
        assert_eq!(forward(&store, 1).await, Passage::Undone);
        assert_eq!(forward(&store, 2).await, Passage::Undone);
    }
}

#[tokio::test]
async fn an_undo_of_one_attempt_leaves_later_ones_their_way() {
    for Home { data, .. } in &places().await {
        let store = open(data, "payments").await;
        assert_eq!(undo(&store, 1).await, first(None, None));
        assert_eq!(forward(&store, 1).await, Passage::Undone);
        assert_eq!(forward(&store, 2).await, Passage::Fresh);
        assert_eq!(undo(&store, 1).await, Undo::Again);
        assert_eq!(undo(&store, 0).await, first(Some(2), None));
    }
}
