//! Commits whose answer is lost, on PostgreSQL: what was kept is never done again, and what was not is never called done.

#![allow(clippy::unwrap_used, reason = "tests")]

mod common;

use common::{
    add, count, open,
    wire::{Mischief, Wire},
};
use outrigger_store::{Data, Postgres, Store, StoreError, sea_orm::ConnectionTrait};
use servers::Database;
use std::{
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering::SeqCst},
    },
    time::Duration,
};

/// A store behind a wire.
async fn behind_a_wire(test: &str) -> Option<(Database, Wire, Store)> {
    let database = Database::new(test)?;
    let wire = Wire::before(&database.url()).await;
    let data = Data::postgres(Postgres { connections: 2, ..Postgres::new(wire.url()) }).await.unwrap();
    let store = open(&data).await;
    Some((database, wire, store))
}

/// Adds one and says how often the unit ran and how often its hook did.
async fn add_counting(store: &Store, name: &str) -> (Result<(), StoreError>, u32, u32) {
    let counts = (Arc::new(AtomicU32::new(0)), Arc::new(AtomicU32::new(0)));
    let args = (name.to_owned(), Arc::clone(&counts.0), Arc::clone(&counts.1));
    let unit = store.unit(args, |tx, (name, runs, hooks)| {
        Box::pin(async move {
            runs.fetch_add(1, SeqCst);
            let hooks = Arc::clone(hooks);
            tx.on_commit(Box::new(move || _ = hooks.fetch_add(1, SeqCst)));
            common::insert(tx, name).await.map(drop)
        })
    });
    let result = unit.await;
    (result, counts.0.load(SeqCst), counts.1.load(SeqCst))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_commit_that_was_kept_is_answered_though_its_answer_was_lost() {
    let test = "a_commit_that_was_kept_is_answered_though_its_answer_was_lost";
    let Some((_database, wire, store)) = behind_a_wire(test).await else { return };
    for n in 0..5 {
        wire.next_commit(Mischief::AnswerLost);
        let (result, runs, hooks) = add_counting(&store, &format!("c{n}")).await;
        assert!(result.is_ok(), "{result:?}");
        assert_eq!((runs, hooks), (1, 1));
    }
    assert_eq!(count(&store).await, 5);
    assert_eq!(store.stats().units, 5);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_commit_that_never_arrived_is_done_again() {
    let Some((_database, wire, store)) = behind_a_wire("a_commit_that_never_arrived_is_done_again").await else {
        return;
    };
    for n in 0..5 {
        wire.next_commit(Mischief::LostOnTheWay);
        let (result, runs, hooks) = add_counting(&store, &format!("c{n}")).await;
        assert!(result.is_ok(), "{result:?}");
        assert_eq!((runs, hooks), (2, 1));
    }
    assert_eq!(count(&store).await, 5);
    assert_eq!(store.stats().units, 5);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_commit_that_arrives_after_it_was_given_up_changes_nothing() {
    let test = "a_commit_that_arrives_after_it_was_given_up_changes_nothing";
    let Some((database, wire, store)) = behind_a_wire(test).await else { return };
    let table = store.unit((), |tx, ()| Box::pin(tx.execute_unprepared("CREATE TABLE done (name TEXT)")));
    table.await.unwrap();
    // Without a key of its own, so that nothing but the mark can keep it from being done twice.
    wire.next_commit(Mischief::Late);
    let unit = store.unit((), |tx, ()| Box::pin(tx.execute_unprepared("INSERT INTO done VALUES ('once')")));
    unit.await.unwrap();
    wire.deliver().await;
    while database.tell(&[OPEN]).unwrap().trim() != "0" {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    assert_eq!(database.tell(&["SELECT count(*) FROM test.done"]).unwrap().trim(), "1");
}

/// Transactions that are still open in this database, but for the one that asks.
const OPEN: &str = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() \
    AND xact_start IS NOT NULL AND pid <> pg_backend_pid()";

#[tokio::test(flavor = "multi_thread")]
async fn a_commit_under_way_is_waited_for() {
    let Some((database, wire, store)) = behind_a_wire("a_commit_under_way_is_waited_for").await else { return };
    // A check that the commit makes at its very end, and that takes its time.
    let slow = "CREATE FUNCTION slow() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM pg_sleep(0.8); RETURN NULL; END $$; \
        CREATE CONSTRAINT TRIGGER slow AFTER INSERT ON counter DEFERRABLE INITIALLY DEFERRED \
        FOR EACH ROW EXECUTE FUNCTION slow()";
    store.unit((), move |tx, ()| Box::pin(tx.execute_unprepared(slow))).await.unwrap();
    wire.next_commit(Mischief::CutDuring);
    let (result, runs, hooks) = add_counting(&store, "slow").await;
    assert!(result.is_ok(), "{result:?}");
    assert_eq!((runs, hooks), (1, 1));
    assert_eq!(database.tell(&["SELECT count(*) FROM test.counter"]).unwrap().trim(), "1");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_commit_whose_fate_cannot_be_learnt_is_called_unknown_and_nothing_else() {
    let test = "a_commit_whose_fate_cannot_be_learnt_is_called_unknown_and_nothing_else";
    let Some((database, wire, store)) = behind_a_wire(test).await else { return };
    add(&store, "before").await.unwrap();
    wire.next_commit(Mischief::AnswerLostForLong);
    let (result, runs, hooks) = add_counting(&store, "lost").await;
    assert!(matches!(&result, Err(StoreError::Unknown(_))), "{result:?}");
    assert!(result.unwrap_err().is_unavailable());
    assert_eq!((runs, hooks), (1, 0));
    // It was kept, as it happens.
    assert_eq!(database.tell(&["SELECT count(*) FROM test.counter"]).unwrap().trim(), "2");
    wire.swallow(false);
    while add(&store, "after").await.is_err() {}
    assert_eq!(count(&store).await, 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_lost_the_database_to_another_commits_nothing_more() {
    let Some((database, store)) =
        common::on_postgres("whoever_lost_the_database_to_another_commits_nothing_more").await
    else {
        return;
    };
    add(&store, "first").await.unwrap();
    // What another process does when it opens the store, having taken a lock that this one does not know it lost.
    database.tell(&["DELETE FROM test.unit_mark"]).unwrap();
    let deposed = add(&store, "second").await;
    assert!(matches!(&deposed, Err(StoreError::Unavailable(why)) if why.contains("taken it over")), "{deposed:?}");
    assert_eq!(count(&store).await, 1);
    // The lock is ours after all, so the next one goes on.
    add(&store, "third").await.unwrap();
    assert_eq!(count(&store).await, 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_unit_that_wrote_nothing_writes_no_mark_either() {
    let Some((database, store)) = common::on_postgres("a_unit_that_wrote_nothing_writes_no_mark_either").await else {
        return;
    };
    add(&store, "one").await.unwrap();
    let marks = || database.tell(&["SELECT sum(unit) FROM test.unit_mark"]).unwrap();
    let before = marks();
    for _ in 0..10 {
        let sql = "SELECT COUNT(*) AS n FROM counter";
        store.unit((), move |tx, ()| Box::pin(common::number(tx, sql))).await.unwrap();
    }
    assert_eq!(marks(), before);
    assert_eq!(store.stats().units, 11);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deferred_constraint_fails_its_commit_and_nobody_elses() {
    let Some((_database, store)) = common::on_postgres("a_deferred_constraint_fails_its_commit_and_nobody_elses").await
    else {
        return;
    };
    let child = "CREATE TABLE child (parent TEXT REFERENCES counter (name) DEFERRABLE INITIALLY DEFERRED)";
    store.unit((), move |tx, ()| Box::pin(tx.execute_unprepared(child))).await.unwrap();
    let dangling = store.unit((), |tx, ()| Box::pin(tx.execute_unprepared("INSERT INTO child VALUES ('nobody')")));
    let (dangling, innocent) = tokio::join!(dangling, add(&store, "innocent"));
    assert!(matches!(dangling, Err(StoreError::CommitFailed(_))), "{dangling:?}");
    assert!(innocent.is_ok());
}
