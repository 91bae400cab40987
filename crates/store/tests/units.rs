//! What units of work promise, on every engine.

mod common;

use common::{Kept, add, count, count_up, engines, exec, insert, open, places};
use outrigger_store::{Data, StoreError, sea_orm::DbErr};
use std::{
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};
use tokio::{sync::Notify, task::JoinSet};

#[tokio::test(flavor = "multi_thread")]
async fn units_that_violate_a_key_take_nobody_with_them() {
    for (kept, data) in engines("units_that_violate_a_key_take_nobody_with_them").await {
        let store = open(&data).await;
        let mut tasks = JoinSet::new();
        for n in 0..4_000 {
            let store = store.clone();
            // Every fortieth comes again under its neighbour's name.
            let name = if n % 40 == 39 { format!("c{}", n - 1) } else { format!("c{n}") };
            tasks.spawn(async move { add(&store, name).await });
        }
        let results = tasks.join_all().await;
        let failed = results.iter().filter(|result| matches!(result, Err(StoreError::Db(_)))).count();
        assert_eq!((failed, results.len() - failed), (100, 3_900));
        assert_eq!(count(&store).await, 3_900);
        let stats = store.stats();
        assert_eq!(stats.units, 3_900);
        match kept {
            Kept::Server(_) => assert_eq!(stats.commits, 3_900),
            _ => assert!(stats.commits < 2_000, "units were not grouped: {stats:?}"),
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn two_thousand_tasks_count_one_row_up_and_lose_no_step() {
    for (_kept, data) in engines("two_thousand_tasks_count_one_row_up_and_lose_no_step").await {
        let store = open(&data).await;
        add(&store, "row").await.unwrap();
        let mut tasks = JoinSet::new();
        for _ in 0..2_000 {
            let store = store.clone();
            // Each sees what the one before it wrote.
            tasks.spawn(async move { store.unit((), |tx, ()| Box::pin(count_up(tx, "row"))).await.unwrap() });
        }
        let mut seen = tasks.join_all().await;
        seen.sort_unstable();
        assert_eq!(seen, (1..=2_000).collect::<Vec<i64>>());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_unit_that_panics_fails_alone() {
    for (_kept, data) in engines("a_unit_that_panics_fails_alone").await {
        let store = open(&data).await;
        let panicking = store.unit((), |tx, ()| {
            Box::pin(async move {
                insert(tx, "half").await?;
                panic!("on purpose")
            })
        });
        let (panicked, fine) = tokio::join!(async { panicking.await as Result<(), _> }, add(&store, "fine"));
        assert!(matches!(panicked, Err(StoreError::Panicked(message)) if message == "on purpose"));
        assert!(fine.is_ok());
        assert_eq!(count(&store).await, 1);
    }
}

#[tokio::test]
async fn a_commit_that_fails_fails_every_unit_of_its_batch_and_nobody_after() {
    let mut migrations = common::counters();
    let child = "CREATE TABLE child (parent TEXT REFERENCES counter (name) DEFERRABLE INITIALLY DEFERRED)";
    migrations.push(common::script("0002_child", child));
    let store = Data::memory().store("test", migrations).await.unwrap();
    // Looked at only by the commit: the one way to make it fail without breaking the disk.
    let dangling = store.unit((), |tx, ()| Box::pin(exec(tx, "INSERT INTO child VALUES ('nobody')", Vec::new())));
    let (dangling, innocent) = tokio::join!(dangling, add(&store, "innocent"));
    assert!(matches!(dangling, Err(StoreError::CommitFailed(_))), "{dangling:?}");
    assert!(matches!(innocent, Err(StoreError::CommitFailed(_))), "{innocent:?}");
    assert_eq!((count(&store).await, store.stats().units), (0, 0));
    add(&store, "innocent").await.unwrap();
    assert_eq!(count(&store).await, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_unit_that_awaits_anything_but_its_tx_is_refused() {
    for (_kept, data) in places() {
        let store = open(&data).await;
        let waiting = store.unit((), |tx, ()| {
            Box::pin(async move {
                insert(tx, "half").await?;
                std::future::pending().await
            })
        });
        assert!(matches!(waiting.await as Result<(), _>, Err(StoreError::Suspended)));
        assert_eq!(count(&store).await, 0);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failed_statement_fails_its_unit_even_when_the_unit_goes_on() {
    for (_kept, data) in engines("a_failed_statement_fails_its_unit_even_when_the_unit_goes_on").await {
        let store = open(&data).await;
        add(&store, "there").await.unwrap();
        let stubborn = store.unit((), |tx, ()| {
            Box::pin(async move {
                insert(tx, "new").await?;
                let _ = insert(tx, "there").await;
                Ok(())
            })
        });
        assert!(matches!(stubborn.await, Err(StoreError::Db(_))));
        assert_eq!(count(&store).await, 1);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_read_cannot_write() {
    for (_kept, data) in engines("a_read_cannot_write").await {
        let store = open(&data).await;
        assert!(matches!(store.read((), |tx, ()| Box::pin(insert(tx, "sneaked"))).await, Err(StoreError::Db(_))));
        assert_eq!(count(&store).await, 0);
    }
}

#[tokio::test]
async fn a_unit_whose_caller_left_before_it_began_never_runs() {
    let store = open(&Data::memory()).await;
    // The writer is a task of this thread: as long as we do not wait, nothing begins.
    let mut abandoned = Box::pin(add(&store, "abandoned"));
    assert!(futures::poll!(&mut abandoned).is_pending());
    drop(abandoned);
    add(&store, "kept").await.unwrap();
    assert_eq!(count(&store).await, 1);
    assert_eq!(store.stats().units, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn hooks_run_after_the_commit_and_only_when_there_was_one() {
    for (_kept, data) in engines("hooks_run_after_the_commit_and_only_when_there_was_one").await {
        let store = open(&data).await;
        let ran = Arc::new(AtomicU32::new(0));
        for fails in [false, true] {
            let args = (Arc::clone(&ran), fails);
            let unit = store.unit(args, |tx, (ran, fails)| {
                Box::pin(async move {
                    insert(tx, "once").await?;
                    let ran = Arc::clone(ran);
                    tx.on_commit(Box::new(move || _ = ran.fetch_add(1, Ordering::SeqCst)));
                    if *fails { Err(DbErr::Custom("no".to_owned())) } else { Ok(()) }
                })
            });
            assert_eq!(unit.await.is_err(), fails);
        }
        assert_eq!(ran.load(Ordering::SeqCst), 1);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hook_that_panics_harms_nobody() {
    for (_kept, data) in engines("a_hook_that_panics_harms_nobody").await {
        let store = open(&data).await;
        let unit = store.unit((), |tx, ()| {
            Box::pin(async move {
                tx.on_commit(Box::new(|| panic!("on purpose")));
                insert(tx, "kept").await
            })
        });
        assert!(unit.await.is_ok());
        assert!(add(&store, "another").await.is_ok());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_listens_learns_of_every_announcement_that_was_committed() {
    for (_kept, data) in engines("whoever_listens_learns_of_every_announcement_that_was_committed").await {
        let store = open(&data).await;
        let mut news = store.announcements();
        add(&store, "quiet").await.unwrap();
        assert!(!news.has_changed().unwrap());
        let loud = store.unit((), |tx, ()| {
            Box::pin(async move {
                tx.announce();
                insert(tx, "loud").await
            })
        });
        loud.await.unwrap();
        // The announcement is made before the answer.
        assert!(news.has_changed().unwrap());
        news.changed().await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_read_never_sees_half_a_batch() {
    for (_kept, data) in engines("a_read_never_sees_half_a_batch").await {
        let store = open(&data).await;
        let writer = {
            let store = store.clone();
            tokio::spawn(async move {
                for n in 0..200 {
                    let pair = store.unit(n, |tx, n| {
                        Box::pin(async move {
                            insert(tx, &format!("left{n}")).await?;
                            insert(tx, &format!("right{n}")).await
                        })
                    });
                    pair.await.unwrap();
                }
            })
        };
        while !writer.is_finished() {
            assert_eq!(count(&store).await % 2, 0);
            tokio::task::yield_now().await;
        }
        writer.await.unwrap();
        assert_eq!(count(&store).await, 400);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn close_does_what_is_queued_and_refuses_what_comes_later() {
    for (_kept, data) in engines("close_does_what_is_queued_and_refuses_what_comes_later").await {
        let store = open(&data).await;
        let mut tasks = JoinSet::new();
        for n in 0..100 {
            let store = store.clone();
            tasks.spawn(async move { add(&store, format!("c{n}")).await });
        }
        tokio::task::yield_now().await;
        store.close().await;
        store.close().await;
        let done = tasks.join_all().await.into_iter().filter(Result::is_ok).count();
        assert!(matches!(add(&store, "late").await, Err(StoreError::Closed)));
        assert!(matches!(store.read((), |_, ()| Box::pin(async { Ok(()) })).await, Err(StoreError::Closed)));
        drop(store);
        let again = open(&data).await;
        assert_eq!(count(&again).await, i64::try_from(done).unwrap());
    }
}

#[tokio::test(start_paused = true)]
async fn in_memory_a_paused_clock_stands_still_while_units_run() {
    let store = open(&Data::memory()).await;
    let start = tokio::time::Instant::now();
    let patience = tokio::time::timeout(Duration::from_millis(1), async {
        for n in 0..1_000 {
            add(&store, format!("c{n}")).await.unwrap();
        }
    });
    patience.await.unwrap();
    assert_eq!(start.elapsed(), Duration::ZERO);
}

#[tokio::test]
async fn in_memory_what_was_committed_outlives_the_tasks_of_the_store() {
    let data = Data::memory();
    let store = open(&data).await;
    add(&store, "committed").await.unwrap();
    drop(store);
    assert_eq!(count(&open(&data).await).await, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn hooks_may_use_the_runtime() {
    for (_kept, data) in engines("hooks_may_use_the_runtime").await {
        let store = open(&data).await;
        let woken = Arc::new(Notify::new());
        let unit = store.unit(Arc::clone(&woken), |tx, woken| {
            let woken = Arc::clone(woken);
            Box::pin(async move {
                tx.on_commit(Box::new(move || drop(tokio::spawn(async move { woken.notify_one() }))));
                Ok(())
            })
        });
        unit.await.unwrap();
        woken.notified().await;
    }
}
