//! Rows as both engines keep them: every value comes back as it went in.

use super::{ledger, operation, payment};
use crate::{NAME, domain::GATEWAY_ACCOUNT, migrations};
use sea_orm::{DbErr, EntityTrait, IntoActiveModel, QueryOrder};
use servers::Database;
use store::{Data, Postgres, Store, Tx};

const TEXT: &str = "größer ≥ \u{1F6F6} 'quoted' \"\\ \n";

fn full() -> payment::Model {
    payment::Model {
        id: TEXT.into(),
        order_id: TEXT.into(),
        method: 1,
        token: TEXT.repeat(1_000),
        currency: "GBP".into(),
        amount: i64::MAX,
        authorised: i64::MAX,
        captured: i64::MAX,
        refunded: i64::MAX,
        promised: 0,
        state: i64::MIN,
        decline_reason: TEXT.into(),
        withdrawn: 1,
        running: Some(TEXT.into()),
        queued: i64::MAX,
        version: i64::MAX,
        created_at: i64::MIN,
        updated_at: 0,
    }
}

fn empty() -> payment::Model {
    let nothing = payment::Model { authorised: 0, captured: 0, refunded: 0, withdrawn: 0, queued: 0, ..full() };
    payment::Model { id: String::new(), amount: 1, decline_reason: String::new(), running: None, ..nothing }
}

fn asked() -> operation::Model {
    operation::Model {
        key: TEXT.into(),
        payment_id: TEXT.into(),
        order_id: TEXT.into(),
        kind: i64::MAX,
        amount: i64::MIN,
        currency: String::new(),
        stage: 5,
        reason: TEXT.into(),
        cancel: 1,
        undoing: 0,
        position: i64::MAX,
        saga: Some(TEXT.into()),
        step: Some(String::new()),
        attempt: Some(i64::MAX),
        note: TEXT.into(),
        trace: Some(TEXT.into()),
        created_at: i64::MIN,
    }
}

fn unasked() -> operation::Model {
    operation::Model { key: String::new(), saga: None, step: None, attempt: None, trace: None, ..asked() }
}

fn booked() -> ledger::Model {
    ledger::Model {
        entry: i64::MAX,
        movement: TEXT.into(),
        account: GATEWAY_ACCOUNT.into(),
        amount: i64::MIN,
        currency: "GBP".into(),
        payment_id: String::new(),
        order_id: TEXT.into(),
        at: i64::MAX,
    }
}

async fn stores(test: &str) -> Vec<(Store, Option<Database>)> {
    let memory = Data::memory().store(NAME, migrations()).await.unwrap();
    let mut stores = vec![(memory, None)];
    if let Some(database) = Database::new(test) {
        let data = Data::postgres(Postgres::new(database.url())).await.unwrap();
        stores.push((data.store(NAME, migrations()).await.unwrap(), Some(database)));
    }
    stores
}

#[tokio::test(flavor = "multi_thread")]
async fn every_row_comes_back_as_it_went_in() {
    for (store, _database) in stores("every row of payments comes back as it went in").await {
        let back = store.unit((), |tx, ()| Box::pin(round_trip(tx))).await.unwrap();
        assert_eq!(back, (vec![empty(), full()], vec![unasked(), asked()], vec![booked()]));
    }
}

type Rows = (Vec<payment::Model>, Vec<operation::Model>, Vec<ledger::Model>);

async fn round_trip(tx: &Tx) -> Result<Rows, DbErr> {
    let payments = [full(), empty()].map(IntoActiveModel::into_active_model);
    payment::Entity::insert_many(payments).exec_without_returning(tx).await?;
    let operations = [asked(), unasked()].map(IntoActiveModel::into_active_model);
    operation::Entity::insert_many(operations).exec_without_returning(tx).await?;
    ledger::Entity::insert(booked().into_active_model()).exec_without_returning(tx).await?;
    Ok((
        payment::Entity::find().order_by_asc(payment::Column::Id).all(tx).await?,
        operation::Entity::find().order_by_asc(operation::Column::Key).all(tx).await?,
        ledger::Entity::find().all(tx).await?,
    ))
}

#[tokio::test(flavor = "multi_thread")]
async fn identifiers_sort_by_their_bytes() {
    for (store, _database) in stores("identifiers of payments sort by their bytes").await {
        let ids = ["B", "a", "Z/1", "Z-1", "Z1", "_", "ä", "z"];
        let sorted = store.unit(ids, |tx, ids| {
            Box::pin(async move {
                let rows = ids.map(|id| payment::Model { id: id.into(), ..empty() }.into_active_model());
                payment::Entity::insert_many(rows).exec_without_returning(tx).await?;
                payment::Entity::find().order_by_asc(payment::Column::Id).all(tx).await
            })
        });
        let sorted: Vec<String> = sorted.await.unwrap().into_iter().map(|row| row.id).collect();
        let mut expected = ids.to_vec();
        expected.sort_unstable();
        assert_eq!(sorted, expected);
    }
}
