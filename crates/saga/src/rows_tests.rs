//! Rows as both engines keep them: every value comes back as it went in, and what two hold at once is had by one.

use super::{log, saga};
use crate::{
    heard::Entry,
    rows,
    state::{Direction, State},
};
use ambient::Timestamp;
use sea_orm::{DbErr, EntityTrait, IntoActiveModel};
use servers::Database;
use std::collections::BTreeSet;
use store::{Data, Postgres, Store, Tx};

const TEXT: &str = "größer ≥ \u{1F6F6} 'quoted' \"\\ \n";

async fn stores(test: &str) -> Vec<(Store, Option<Database>)> {
    let memory = Data::memory().store("sagas", crate::migrations()).await.expect("it opens");
    let mut stores = vec![(memory, None)];
    if let Some(database) = Database::new(test) {
        let data = Data::postgres(Postgres::new(database.url())).await.expect("the database is there");
        stores.push((data.store("sagas", crate::migrations()).await.expect("it opens"), Some(database)));
    }
    stores
}

fn full() -> saga::Model {
    saga::Model {
        id: TEXT.into(),
        kind: "k".into(),
        status: "parked".into(),
        direction: "undo".into(),
        step: i64::MAX,
        attempt: i64::MIN,
        reached: 0,
        tries: -1,
        refused_at: Some(i64::MAX),
        unknown_at: Some(0),
        wish: Some(TEXT.into()),
        cause: Some(String::new()),
        wake_at: Some(i64::MIN),
        fence: 1,
        seq: 2,
        trace: Some("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01".into()),
        created_at: 3,
        updated_at: i64::MAX,
    }
}

fn empty() -> saga::Model {
    saga::Model {
        id: String::new(),
        refused_at: None,
        unknown_at: None,
        wish: None,
        cause: None,
        wake_at: None,
        trace: None,
        ..full()
    }
}

fn entry() -> log::Model {
    log::Model {
        saga: TEXT.into(),
        seq: i64::MAX,
        at: i64::MIN,
        direction: String::new(),
        step: TEXT.into(),
        attempt: 0,
        entry: "begun".into(),
        detail: TEXT.repeat(1_000),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_row_comes_back_as_it_went_in() {
    for (store, _database) in stores("every row of a saga comes back as it went in").await {
        let back = store.unit((), |tx, ()| Box::pin(round_trip(tx))).await.expect("both ways");
        assert_eq!(back, (vec![empty(), full()], vec![entry()]));
    }
}

async fn round_trip(tx: &Tx) -> Result<(Vec<saga::Model>, Vec<log::Model>), DbErr> {
    use sea_orm::QueryOrder;
    let rows = [full(), empty()].map(IntoActiveModel::into_active_model);
    saga::Entity::insert_many(rows).exec_without_returning(tx).await?;
    log::Entity::insert(entry().into_active_model()).exec_without_returning(tx).await?;
    let sagas = saga::Entity::find().order_by_asc(saga::Column::Id).all(tx).await?;
    Ok((sagas, log::Entity::find().all(tx).await?))
}

async fn begin(store: &Store, ids: std::ops::Range<usize>, due: Option<Timestamp>) {
    let args = (ids, due);
    let begun = store.unit(args, |tx, (ids, due)| {
        Box::pin(async move {
            for id in ids.clone() {
                let (id, state) = (format!("s{id:04}"), State::begun(*due));
                let first = Entry {
                    seq: 1,
                    direction: Direction::Forward,
                    step: "pay",
                    attempt: 1,
                    entry: "begun",
                    detail: String::new(),
                };
                rows::insert(tx, "k", &id, None, &state, Timestamp::from_millis(1)).await?;
                rows::append(tx, &id, &[first], Timestamp::from_millis(1)).await?;
            }
            Ok(())
        })
    });
    begun.await.expect("they are there");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn claims_side_by_side_have_each_saga_once() {
    for (store, _database) in stores("claims side by side have each saga once").await {
        begin(&store, 0..500, Some(Timestamp::from_millis(5))).await;
        let claims = (0..4).map(|_| {
            let store = store.clone();
            tokio::spawn(async move {
                let mut had = Vec::new();
                loop {
                    let now = Timestamp::from_millis(5);
                    let claimed = store.unit(now, |tx, now| Box::pin(rows::claim(tx, "k", 7, *now)));
                    let claimed = claimed.await.expect("claimed");
                    if claimed.is_empty() {
                        return had;
                    }
                    assert!(claimed.iter().all(|row| row.state.fence == 2 && row.state.driven()), "I7");
                    had.extend(claimed.into_iter().map(|row| row.id));
                }
            })
        });
        let had: Vec<String> = futures::future::try_join_all(claims).await.expect("no panic").concat();
        let each: BTreeSet<&String> = had.iter().collect();
        assert_eq!((had.len(), each.len()), (500, 500), "I7");
        let left = store.unit((), |tx, ()| Box::pin(rows::next_due(tx, "k"))).await.expect("asked");
        assert_eq!(left, None);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_writers_over_one_state_only_one_is_heard() {
    for (store, _database) in stores("of writers over one state only one is heard").await {
        begin(&store, 0..1, None).await;
        let writers = (0..20).map(|n| {
            let store = store.clone();
            tokio::spawn(async move {
                let before = State::begun(None);
                let after = State { attempt: n, seq: 2, ..before.clone() };
                let args = (before, after);
                let written = store.unit(args, |tx, (before, after)| {
                    Box::pin(rows::advance(tx, "s0000", before, after, Timestamp::from_millis(2)))
                });
                written.await.expect("written or not")
            })
        });
        let written = futures::future::try_join_all(writers).await.expect("no panic");
        assert_eq!(written.into_iter().filter(|written| *written).count(), 1, "I7");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_done_is_forgotten_with_its_log_and_nothing_else_is() {
    for (store, _database) in stores("what is done is forgotten with its log").await {
        begin(&store, 0..12, None).await;
        let left = store.unit((), |tx, ()| {
            Box::pin(async move {
                for id in 0..10 {
                    assert!(rows::finish(tx, &format!("s{id:04}"), Timestamp::from_millis(id)).await?);
                    assert!(!rows::finish(tx, &format!("s{id:04}"), Timestamp::from_millis(id)).await?);
                }
                assert_eq!(rows::forget(tx, "k", Timestamp::from_millis(8), 5).await?, 5);
                assert_eq!(rows::forget(tx, "k", Timestamp::from_millis(8), 5).await?, 3);
                assert!(rows::any_running(tx, "k").await?);
                assert_eq!(rows::orphans_due(tx, "k", Timestamp::from_millis(0), Timestamp::from_millis(9)).await?, 0);
                assert_eq!(rows::orphans_due(tx, "k", Timestamp::from_millis(1), Timestamp::from_millis(9)).await?, 2);
                assert_eq!(rows::next_due(tx, "k").await?, Some(Timestamp::from_millis(9)));
                Ok((saga::Entity::find().all(tx).await?.len(), log::Entity::find().all(tx).await?.len()))
            })
        });
        assert_eq!(left.await.expect("forgotten"), (4, 4));
    }
}
