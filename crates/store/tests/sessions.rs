//! Sessions with PostgreSQL that break, meet each other or are left in the middle, and what units make of it.

#![allow(clippy::unwrap_used, reason = "tests")]

mod common;

use common::{add, count, count_up, exec, insert, number, on_postgres, open, wire::Wire};
use outrigger_store::{Data, Postgres, Store, StoreError, sea_orm::ConnectionTrait};
use servers::Database;
use std::{
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering::SeqCst},
    },
    time::Duration,
};
use tokio::{
    sync::Barrier,
    task::JoinSet,
    time::{Instant, timeout},
};

tokio::task_local! {
    static DEADLINE: Instant;
}

fn deadline() -> Option<Instant> {
    DEADLINE.try_with(|deadline| *deadline).ok()
}

/// Sessions of stores that are in a transaction just now.
const OPEN: &str = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() \
    AND application_name = 'outrigger/test' AND xact_start IS NOT NULL";

const END_ALL: &str = "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity \
    WHERE datname = current_database() AND application_name = 'outrigger/test'";

#[tokio::test(flavor = "multi_thread")]
async fn units_that_lock_two_rows_in_opposite_order_both_succeed() {
    let Some((_database, store)) = on_postgres("units_that_lock_two_rows_in_opposite_order_both_succeed").await else {
        return;
    };
    add(&store, "left").await.unwrap();
    add(&store, "right").await.unwrap();
    for _ in 0..5 {
        let (both, runs) = (Arc::new(Barrier::new(2)), Arc::new(AtomicU32::new(0)));
        let crossing = |first: &'static str, second: &'static str| {
            store.unit((Arc::clone(&both), Arc::clone(&runs)), move |tx, (both, runs)| {
                Box::pin(async move {
                    count_up(tx, first).await?;
                    // Only at the first attempt: each has one row, and wants the other's.
                    if runs.fetch_add(1, SeqCst) < 2 {
                        both.wait().await;
                    }
                    count_up(tx, second).await
                })
            })
        };
        let (there, back) = tokio::join!(crossing("left", "right"), crossing("right", "left"));
        assert!(there.is_ok() && back.is_ok(), "{there:?} {back:?}");
        // Or both, if the server looks for deadlocks from both ends at once.
        assert!(runs.load(SeqCst) >= 3, "one of them was undone and run again");
    }
    let sum = "SELECT CAST(SUM(value) AS BIGINT) AS n FROM counter";
    assert_eq!(store.read((), |tx, ()| Box::pin(number(tx, sum))).await.unwrap(), 2 + 20);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_unit_that_is_undone_every_time_gives_up() {
    let Some((_database, store)) = on_postgres("a_unit_that_is_undone_every_time_gives_up").await else { return };
    let refusing = "DO $$ BEGIN RAISE EXCEPTION 'never' USING ERRCODE = '40001'; END $$";
    let hopeless = store.unit((), move |tx, ()| Box::pin(tx.execute_unprepared(refusing))).await;
    assert!(matches!(&hopeless, Err(StoreError::CommitFailed(why)) if why.contains("never")), "{hopeless:?}");
    assert!(hopeless.unwrap_err().is_unavailable());
    add(&store, "fine").await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_that_is_ended_in_the_middle_of_a_unit_costs_one_more_run() {
    let test = "a_session_that_is_ended_in_the_middle_of_a_unit_costs_one_more_run";
    let Some((_database, store)) = on_postgres(test).await else { return };
    let runs = Arc::new(AtomicU32::new(0));
    let unit = store.unit(Arc::clone(&runs), |tx, runs| {
        Box::pin(async move {
            insert(tx, "one").await?;
            if runs.fetch_add(1, SeqCst) == 0 {
                tx.execute_unprepared("SELECT pg_terminate_backend(pg_backend_pid())").await?;
            }
            insert(tx, "two").await
        })
    });
    unit.await.unwrap();
    assert_eq!((runs.load(SeqCst), count(&store).await), (2, 2));
}

#[tokio::test(flavor = "multi_thread")]
async fn sessions_that_are_ended_while_idle_are_replaced_without_a_word() {
    let test = "sessions_that_are_ended_while_idle_are_replaced_without_a_word";
    let Some((database, store)) = on_postgres(test).await else { return };
    for n in 0..5 {
        add(&store, format!("c{n}")).await.unwrap();
        database.tell(&[END_ALL]).unwrap();
        assert_eq!(count(&store).await, n + 1);
        database.tell(&[END_ALL]).unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn units_go_on_while_their_sessions_are_ended_at_random() {
    let Some((database, store)) = on_postgres("units_go_on_while_their_sessions_are_ended_at_random").await else {
        return;
    };
    let mut tasks = JoinSet::new();
    for n in 0..400 {
        let store = store.clone();
        tasks.spawn(async move { add(&store, format!("c{n}")).await });
    }
    for _ in 0..20 {
        database.tell(&[END_ALL]).unwrap();
    }
    let failed: Vec<_> = tasks.join_all().await.into_iter().filter_map(Result::err).collect();
    assert!(failed.is_empty(), "{failed:?}");
    assert_eq!((count(&store).await, store.stats().units), (400, 400));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_lock_that_is_lost_is_taken_again() {
    let Some((database, store)) = on_postgres("the_lock_that_is_lost_is_taken_again").await else { return };
    let end = "SELECT count(pg_terminate_backend(pid, 1000)) FROM pg_stat_activity \
        WHERE datname = current_database() AND application_name LIKE 'outrigger/owner %'";
    for n in 0..3 {
        assert_eq!(database.tell(&[end]).unwrap().trim(), "1");
        database.tell(&[END_ALL]).unwrap();
        add(&store, format!("c{n}")).await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_caller_that_leaves_in_the_middle_leaves_no_transaction_open() {
    let test = "a_caller_that_leaves_in_the_middle_leaves_no_transaction_open";
    let Some((database, store)) = on_postgres(test).await else { return };
    let slowly = || {
        store.unit((), |tx, ()| {
            Box::pin(async move {
                tx.execute_unprepared("SELECT pg_sleep(0.3)").await?;
                insert(tx, "begun").await
            })
        })
    };
    assert!(timeout(Duration::from_millis(100), slowly()).await.is_err());
    // What has begun commits, whoever waits for it.
    while count(&store).await == 0 {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    let sleep = "SELECT pg_sleep(30), 1::BIGINT AS n";
    let read = store.read((), |tx, ()| Box::pin(number(tx, sleep)));
    assert!(timeout(Duration::from_millis(100), read).await.is_err());
    // A read that nobody waits for ends, too: the server looks every second whether its client is there.
    while database.tell(&[OPEN]).unwrap().trim() != "0" {
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    add(&store, "another").await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_begins_after_its_deadline_or_lasts_much_beyond_it() {
    let Some(database) = Database::new("nothing_begins_after_its_deadline_or_lasts_much_beyond_it") else { return };
    let settings = Postgres { connections: 1, deadline, ..Postgres::new(database.url()) };
    let store = open(&Data::postgres(settings).await.unwrap()).await;
    let now = Instant::now();
    let late = DEADLINE.scope(now, add(&store, "late")).await;
    assert!(matches!(late, Err(StoreError::Expired)), "{late:?}");
    // In the middle of a statement: the server stops it.
    let slow = store.unit((), |tx, ()| Box::pin(tx.execute_unprepared("SELECT pg_sleep(30)")));
    let slow = DEADLINE.scope(now + Duration::from_millis(300), slow).await;
    assert!(matches!(slow, Err(StoreError::Expired)), "{slow:?}");
    // Waiting for its turn: the one connection is busy.
    let busy = tokio::spawn({
        let store = store.clone();
        async move { store.unit((), |tx, ()| Box::pin(tx.execute_unprepared("SELECT pg_sleep(1)"))).await }
    });
    tokio::time::sleep(Duration::from_millis(100)).await;
    let begun = Instant::now();
    let waiting = DEADLINE.scope(begun + Duration::from_millis(200), add(&store, "waiting")).await;
    assert!(matches!(waiting, Err(StoreError::Expired)), "{waiting:?}");
    assert!(begun.elapsed() < Duration::from_millis(800));
    busy.await.unwrap().unwrap();
    assert_eq!(count(&store).await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_network_that_swallows_everything_holds_nobody_for_ever() {
    let Some(database) = Database::new("a_network_that_swallows_everything_holds_nobody_for_ever") else { return };
    let wire = Wire::before(&database.url()).await;
    let settings = Postgres { deadline, ..Postgres::new(wire.url()) };
    let store = open(&Data::postgres(settings).await.unwrap()).await;
    add(&store, "before").await.unwrap();
    wire.swallow(true);
    let begun = Instant::now();
    let gone = DEADLINE.scope(begun + Duration::from_secs(1), add(&store, "lost")).await;
    assert!(matches!(gone, Err(StoreError::Unavailable(_))), "{gone:?}");
    assert!(begun.elapsed() < Duration::from_secs(2));
    let read = store.read((), |tx, ()| Box::pin(number(tx, "SELECT 1::BIGINT AS n")));
    let gone = DEADLINE.scope(Instant::now() + Duration::from_secs(1), read).await;
    assert!(matches!(gone, Err(StoreError::Unavailable(_))), "{gone:?}");
    wire.swallow(false);
    while add(&store, "after").await.is_err() {}
    assert_eq!(count(&store).await, 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_statement_that_its_unit_gave_up_fails_the_unit() {
    let Some((_database, store)) = on_postgres("a_statement_that_its_unit_gave_up_fails_the_unit").await else {
        return;
    };
    let impatient = store.unit((), |tx, ()| {
        Box::pin(async move {
            insert(tx, "half").await?;
            let _ = timeout(Duration::from_millis(50), tx.execute_unprepared("SELECT pg_sleep(1)")).await;
            Ok(())
        })
    });
    assert!(matches!(impatient.await, Err(StoreError::Suspended)));
    assert_eq!(count(&store).await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_read_keeps_to_one_snapshot() {
    let Some((_database, store)) = on_postgres("a_read_keeps_to_one_snapshot").await else { return };
    add(&store, "first").await.unwrap();
    let counts = store.read(store.clone(), |tx, store| {
        Box::pin(async move {
            let sql = "SELECT COUNT(*) AS n FROM counter";
            let before = number(tx, sql).await?;
            add(store, "meanwhile").await.unwrap();
            Ok((before, number(tx, sql).await?))
        })
    });
    assert_eq!(counts.await.unwrap(), (1, 1));
    assert_eq!(count(&store).await, 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn many_readers_and_writers_share_few_connections() {
    let Some((database, store)) = on_postgres("many_readers_and_writers_share_few_connections").await else { return };
    let mut tasks = JoinSet::new();
    for n in 0..200 {
        let store: Store = store.clone();
        tasks.spawn(async move {
            add(&store, format!("c{n}")).await.unwrap();
            count(&store).await
        });
    }
    tasks.join_all().await;
    let sessions = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() \
        AND application_name = 'outrigger/test'";
    assert!(database.tell(&[sessions]).unwrap().trim().parse::<u32>().unwrap() <= 8);
    let marks = database.tell(&["SELECT count(*) FROM test.unit_mark"]).unwrap();
    assert!(marks.trim().parse::<u32>().unwrap() <= 8);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_check_constraint_refuses_is_the_units_error() {
    let Some((_database, store)) = on_postgres("what_a_check_constraint_refuses_is_the_units_error").await else {
        return;
    };
    let table = "CREATE TABLE purse (owner TEXT PRIMARY KEY, cents BIGINT NOT NULL CHECK (cents >= 0))";
    store.unit((), move |tx, ()| Box::pin(tx.execute_unprepared(table))).await.unwrap();
    let overdraw = store.unit((), |tx, ()| Box::pin(exec(tx, "INSERT INTO purse VALUES ($1, -1)", vec!["me".into()])));
    let refused = overdraw.await.unwrap_err();
    assert!(matches!(&refused, StoreError::Db(_)), "{refused}");
    assert!(!refused.is_unavailable());
}
