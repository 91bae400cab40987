//! Every type of column that an entity may have comes back as it went in, on every engine.

#![allow(clippy::unwrap_used, reason = "tests")]

mod common;

use outrigger_store::{
    Data, Store,
    sea_orm::{
        ColumnTrait, Condition, EntityTrait, ExprTrait, QueryFilter, QueryOrder, QuerySelect,
        sea_query::{Expr, OnConflict},
    },
    sea_orm_migration::MigrationTrait,
};

mod thing {
    use outrigger_store::sea_orm;
    use sea_orm::entity::prelude::*;

    #[sea_orm::model]
    #[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
    #[sea_orm(table_name = "thing")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub name: String,
        pub count: i64,
        pub maybe_count: Option<i64>,
        pub share: f64,
        pub maybe_share: Option<f64>,
        pub maybe_text: Option<String>,
        pub bytes: Vec<u8>,
        pub maybe_bytes: Option<Vec<u8>>,
    }

    impl ActiveModelBehavior for ActiveModel {}
}

fn things(bytes: &'static str, float: &'static str) -> Vec<Box<dyn MigrationTrait>> {
    let sql = format!(
        "CREATE TABLE thing (name TEXT PRIMARY KEY, count BIGINT NOT NULL, maybe_count BIGINT, share {float} NOT NULL, \
         maybe_share {float}, maybe_text TEXT, bytes {bytes} NOT NULL, maybe_bytes {bytes})"
    );
    vec![common::script("0001_things", Box::leak(sql.into_boxed_str()))]
}

async fn store(data: &Data) -> Store {
    let migrations = if data.place().starts_with("postgres://") {
        things("BYTEA", "DOUBLE PRECISION")
    } else {
        things("BLOB", "REAL")
    };
    data.store("test", migrations).await.unwrap()
}

fn samples() -> Vec<thing::Model> {
    let full = thing::Model {
        name: "ein Ding, 一つ, \u{1F9F5}; DROP TABLE thing --'\"".to_owned(),
        count: i64::MAX,
        maybe_count: Some(i64::MIN),
        share: 0.1 + 0.2,
        maybe_share: Some(-1e300),
        maybe_text: Some(String::new()),
        bytes: (0..=255).collect(),
        maybe_bytes: Some(Vec::new()),
    };
    let empty = thing::Model {
        name: "empty".to_owned(),
        count: 0,
        maybe_count: None,
        share: 0.0,
        maybe_share: None,
        maybe_text: None,
        bytes: Vec::new(),
        maybe_bytes: None,
    };
    // In the order of their names.
    vec![full, empty]
}

#[tokio::test(flavor = "multi_thread")]
async fn every_type_of_column_comes_back_as_it_went_in() {
    for (_kept, data) in common::engines("every_type_of_column_comes_back_as_it_went_in").await {
        let store = store(&data).await;
        let written = store.unit(samples(), |tx, samples| {
            Box::pin(async move {
                let rows = samples.iter().cloned().map(thing::ActiveModel::from);
                thing::Entity::insert_many(rows).exec_without_returning(tx).await?;
                thing::Entity::find().order_by_asc(thing::Column::Name).all(tx).await
            })
        });
        assert_eq!(written.await.unwrap(), samples());
        let read = store.read((), |tx, ()| Box::pin(thing::Entity::find_by_id("empty").one(tx)));
        assert_eq!(read.await.unwrap().as_ref(), samples().last());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_statements_that_services_use_mean_the_same() {
    for (_kept, data) in common::engines("the_statements_that_services_use_mean_the_same").await {
        let store = store(&data).await;
        let unit = store.unit(samples(), |tx, samples| {
            Box::pin(async move {
                let row = || thing::ActiveModel::from(samples[1].clone());
                let once = || {
                    let once = OnConflict::column(thing::Column::Name).do_nothing().to_owned();
                    thing::Entity::insert(row()).on_conflict(once).exec_without_returning(tx)
                };
                let inserted = (once().await?, once().await?);
                let changed = thing::Entity::update_many()
                    .col_expr(thing::Column::Count, Expr::col(thing::Column::Count).add(7))
                    .filter(Condition::all().add(thing::Column::Name.eq("empty")).add(thing::Column::Count.lt(7)))
                    .exec(tx)
                    .await?;
                let locked = thing::Entity::find_by_id("empty").lock_exclusive().one(tx).await?;
                let gone = thing::Entity::delete_many().filter(thing::Column::MaybeCount.is_null()).exec(tx).await?;
                Ok((inserted, changed.rows_affected, locked.map(|row| row.count), gone.rows_affected))
            })
        });
        assert_eq!(unit.await.unwrap(), ((1, 0), 1, Some(7), 1));
    }
}
