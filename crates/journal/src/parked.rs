//! Events that a consumer could not digest, and those of the same key behind them, so that the rest could go on.

use crate::{Event, bulk::pieces, outbox::Entry};
use ambient::Timestamp;
use row::{ActiveModel, Column, Entity, Model};
use sea_orm::{
    ActiveValue::{NotSet, Set},
    ColumnTrait, DbErr, EntityTrait, FromQueryResult, PaginatorTrait, QueryFilter, QueryOrder, QuerySelect,
};
use std::collections::BTreeSet;
use store::{Store, StoreError, Tx};

mod row {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
    #[sea_orm(table_name = "parked")]
    pub struct Model {
        #[sea_orm(primary_key)]
        pub id: i64,
        pub consumer: String,
        pub source: String,
        pub seq: i64,
        pub event_id: String,
        pub kind: String,
        pub key: String,
        pub version: i64,
        pub payload: Vec<u8>,
        pub at_ms: i64,
        pub trace: Option<String>,
        pub reason: String,
        pub parked_ms: i64,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

/// An event that waits for a person.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Parked {
    /// Its number among the parked; they are listed by it.
    pub id: i64,
    /// Who could not digest it.
    pub consumer: String,
    pub event: Event,
    /// What the consumer said, or which event it stands behind.
    pub reason: String,
    pub since: Timestamp,
}

/// How many events are parked in this store.
pub async fn count(store: &Store) -> Result<u64, StoreError> {
    store.read((), |tx, ()| Box::pin(async move { Entity::find().count(tx).await })).await
}

/// How many events from `source` are parked for `consumer`, who is kept in `store`.
pub(crate) async fn of(store: &Store, consumer: &str, source: &str) -> Result<u64, StoreError> {
    let parked = store.read((consumer, source), |tx, (consumer, source)| {
        let of = Entity::find().filter(Column::Consumer.eq(*consumer)).filter(Column::Source.eq(*source));
        Box::pin(async move { of.count(tx).await })
    });
    parked.await
}

/// Up to `limit` parked events after number `after`, oldest first.
pub async fn list(store: &Store, after: i64, limit: u64) -> Result<Vec<Parked>, StoreError> {
    let rows = store.read((after, limit), |tx, (after, limit)| {
        let (after, limit) = (*after, *limit);
        Box::pin(async move {
            Entity::find().filter(Column::Id.gt(after)).order_by_asc(Column::Id).limit(limit).all(tx).await
        })
    });
    Ok(rows.await?.into_iter().map(parked).collect())
}

/// The keys of which `consumer` has parked events from `source`.
pub(crate) async fn keys(tx: &Tx, consumer: &str, source: &str) -> Result<BTreeSet<String>, DbErr> {
    #[derive(FromQueryResult)]
    struct Held {
        key: String,
    }
    let held = Entity::find().select_only().column(Column::Key).distinct().filter(Column::Consumer.eq(consumer));
    let held = held.filter(Column::Source.eq(source)).into_model::<Held>().all(tx).await?;
    Ok(held.into_iter().map(|row| row.key).collect())
}

/// Parks events, each with its reason.
pub(crate) async fn park(tx: &Tx, consumer: &str, events: &[(&Entry, String)], now: Timestamp) -> Result<(), DbErr> {
    let rows = events.iter().map(|(entry, reason)| ActiveModel {
        id: NotSet,
        consumer: Set(consumer.to_owned()),
        source: Set(entry.event.source.clone()),
        seq: Set(entry.seq),
        event_id: Set(entry.event.id.clone()),
        kind: Set(entry.event.kind.clone()),
        key: Set(entry.event.key.clone()),
        version: Set(entry.event.version),
        payload: Set(entry.event.payload.clone()),
        at_ms: Set(entry.event.at.as_millis()),
        trace: Set(entry.event.trace.clone()),
        reason: Set(reason.clone()),
        parked_ms: Set(now.as_millis()),
    });
    for piece in pieces(rows.collect()) {
        Entity::insert_many(piece).exec_without_returning(tx).await?;
    }
    Ok(())
}

/// Forgets the parked events of `consumer`: it is about to have them again.
pub(crate) async fn clear(tx: &Tx, consumer: &str) -> Result<(), DbErr> {
    Entity::delete_many().filter(Column::Consumer.eq(consumer)).exec(tx).await.map(drop)
}

fn parked(row: Model) -> Parked {
    let event = Event {
        id: row.event_id,
        source: row.source,
        kind: row.kind,
        key: row.key,
        version: row.version,
        payload: row.payload,
        at: Timestamp::from_millis(row.at_ms),
        trace: row.trace,
    };
    let since = Timestamp::from_millis(row.parked_ms);
    Parked { id: row.id, consumer: row.consumer, event, reason: row.reason, since }
}
