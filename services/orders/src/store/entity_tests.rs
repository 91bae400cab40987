//! Rows as both engines keep them: every value comes back as it went in.

use super::{charge, history, line, orders, return_line, returns, secret};
use crate::{NAME, migrations};
use sea_orm::{ActiveModelBehavior, ActiveModelTrait, DbErr, EntityTrait, IntoActiveModel, ModelTrait};
use servers::Database;
use std::fmt::Debug;
use store::{Data, Postgres, Store, Tx};

const TEXT: &str = "größer ≥ \u{1F6F6} 'quoted' \"\\ \n";

fn full() -> orders::Model {
    orders::Model {
        id: TEXT.into(),
        customer_id: TEXT.into(),
        email: TEXT.repeat(1_000),
        method: "CARD".into(),
        token: TEXT.into(),
        failure_action: "HOLD".into(),
        retry_for: Some(i64::MAX),
        currency: "GBP".into(),
        total: i64::MAX,
        trace: Some(TEXT.into()),
        state: "PAYING".into(),
        cause: TEXT.into(),
        reason: TEXT.into(),
        sequence: i64::MAX,
        taken: 1,
        payment_id: TEXT.into(),
        shipment_id: TEXT.into(),
        returned_total: i64::MAX,
        cancel_actor: Some(TEXT.into()),
        cancel_reason: Some(String::new()),
        parked_step: Some(TEXT.into()),
        parked_at: Some(i64::MIN),
        waiver_actor: Some(String::new()),
        waiver_note: Some(TEXT.into()),
        waiver_at: Some(i64::MAX),
        created_at: i64::MIN,
        updated_at: 0,
    }
}

fn empty() -> orders::Model {
    orders::Model {
        id: String::new(),
        retry_for: None,
        total: 1,
        trace: None,
        returned_total: 0,
        cancel_actor: None,
        cancel_reason: None,
        parked_step: None,
        parked_at: None,
        waiver_actor: None,
        waiver_note: None,
        waiver_at: None,
        ..full()
    }
}

async fn stores(test: &str) -> Vec<(Store, Option<Database>)> {
    let memory = Data::memory().store(NAME, migrations()).await.expect("it opens");
    let mut stores = vec![(memory, None)];
    if let Some(database) = Database::new(test) {
        let data = Data::postgres(Postgres::new(database.url())).await.expect("the database is there");
        stores.push((data.store(NAME, migrations()).await.expect("it opens"), Some(database)));
    }
    stores
}

#[tokio::test(flavor = "multi_thread")]
async fn every_row_comes_back_as_it_went_in() {
    for (store, _database) in stores("every row of orders comes back as it went in").await {
        store.unit((), |tx, ()| Box::pin(round_trips(tx))).await.expect("both ways");
    }
}

async fn round_trips(tx: &Tx) -> Result<(), DbErr> {
    let text = || TEXT.to_owned();
    round_trip(tx, full()).await?;
    round_trip(tx, empty()).await?;
    let goods = line::Model {
        order_id: text(),
        line: i64::MAX,
        sku: text(),
        title: String::new(),
        quantity: i64::MAX,
        unit_price: i64::MAX,
        returned: i64::MAX,
    };
    round_trip(tx, goods).await?;
    let amount = i64::MIN;
    round_trip(tx, charge::Model { order_id: text(), line: 0, code: String::new(), title: text(), amount }).await?;
    let change = history::Model {
        order_id: text(),
        sequence: i64::MAX,
        from_state: String::new(),
        state: text(),
        cause: text(),
        reason: text(),
        actor: String::new(),
        at: i64::MIN,
    };
    round_trip(tx, change).await?;
    let given_back = returns::Model {
        id: text(),
        order_id: text(),
        payment_id: text(),
        currency: "GBP".into(),
        refund: i64::MAX,
        reason: String::new(),
        done: 1,
        created_at: i64::MIN,
    };
    round_trip(tx, given_back).await?;
    let line = i64::MAX;
    round_trip(tx, return_line::Model { return_id: text(), line, sku: text(), quantity: line, unit_price: line })
        .await?;
    round_trip(tx, secret::Model { name: text(), high: i64::MIN, low: i64::MAX }).await
}

async fn round_trip<M, A>(tx: &Tx, row: M) -> Result<(), DbErr>
where
    M: ModelTrait + IntoActiveModel<A> + Clone + Debug + PartialEq + Send + Sync,
    A: ActiveModelTrait<Entity = M::Entity> + ActiveModelBehavior + Send,
    M::Entity: EntityTrait<Model = M, ActiveModel = A>,
{
    M::Entity::insert(row.clone().into_active_model()).exec_without_returning(tx).await?;
    let back = M::Entity::find().all(tx).await?;
    assert!(back.contains(&row), "{back:?} has no {row:?}");
    Ok(())
}
