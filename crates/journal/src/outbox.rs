//! Events on their way out, in the publisher's own database: a change and the event that tells of it commit together
//! or not at all (I6).
//!
//! Nothing is marked as sent: every consumer keeps its own place in this list, or what it is owed of it.

use crate::{Event, bulk::pieces};
use ambient::Timestamp;
use row::{ActiveModel, Column, Entity, Model};
use sea_orm::{
    ActiveValue::{NotSet, Set},
    ColumnTrait, DbErr, EntityTrait, FromQueryResult, QueryFilter, QueryOrder, QuerySelect,
};
use store::{Store, StoreError, Tx};

mod row {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
    #[sea_orm(table_name = "outbox")]
    pub struct Model {
        #[sea_orm(primary_key)]
        pub seq: i64,
        pub event_id: String,
        pub kind: String,
        pub key: String,
        pub version: i64,
        pub payload: Vec<u8>,
        pub at_ms: i64,
        pub trace: Option<String>,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

/// An event and its place in its publisher's outbox.
#[derive(Clone, Debug)]
pub(crate) struct Entry {
    pub seq: i64,
    pub event: Event,
}

/// The oldest event that an outbox still has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, FromQueryResult)]
pub struct Oldest {
    /// On SQLite 1 when nothing was ever pruned. On PostgreSQL numbers are missing for other reasons too: see
    /// [`Bus::pruned`](crate::Bus::pruned).
    pub seq: i64,
    at_ms: i64,
}

impl Oldest {
    /// When it happened.
    pub fn at(&self) -> Timestamp {
        Timestamp::from_millis(self.at_ms)
    }
}

/// Writes an event with the change it tells of. Consumers wake after the commit.
pub async fn append(tx: &Tx, event: &Event) -> Result<(), DbErr> {
    Entity::insert(active(event)).exec_without_returning(tx).await?;
    tx.announce();
    Ok(())
}

/// Writes events, in this order, with the change they tell of.
pub async fn append_all(tx: &Tx, events: &[Event]) -> Result<(), DbErr> {
    for piece in pieces(events.iter().map(active).collect()) {
        Entity::insert_many(piece).exec_without_returning(tx).await?;
    }
    if !events.is_empty() {
        tx.announce();
    }
    Ok(())
}

/// The oldest event there is; `None` when nothing was ever published. The newest is never pruned.
pub async fn oldest(store: &Store) -> Result<Option<Oldest>, StoreError> {
    let oldest = store.read((), |tx, ()| {
        Box::pin(async move {
            let first = Entity::find().select_only().columns([Column::Seq, Column::AtMs]).order_by_asc(Column::Seq);
            first.into_model::<Oldest>().one(tx).await
        })
    });
    oldest.await
}

/// The number of the newest event; 0 when there is none.
pub(crate) async fn newest(store: &Store) -> Result<i64, StoreError> {
    #[derive(FromQueryResult)]
    struct Newest {
        seq: i64,
    }
    let newest = store.read((), |tx, ()| {
        Box::pin(async move {
            let last = Entity::find().select_only().column(Column::Seq).order_by_desc(Column::Seq);
            last.into_model::<Newest>().one(tx).await
        })
    });
    Ok(newest.await?.map_or(0, |newest| newest.seq))
}

/// Up to `limit` events after number `after`, oldest first. `source` is whose outbox this is.
pub(crate) async fn after(store: &Store, source: &str, after: i64, limit: u64) -> Result<Vec<Entry>, StoreError> {
    let rows = store.read((after, limit), |tx, (after, limit)| {
        let (after, limit) = (*after, *limit);
        Box::pin(async move {
            Entity::find().filter(Column::Seq.gt(after)).order_by_asc(Column::Seq).limit(limit).all(tx).await
        })
    });
    Ok(rows.await?.into_iter().map(|row| entry(row, source)).collect())
}

/// Deletes up to `limit` events up to number `until` that happened before `before`, oldest first, but never the newest.
/// Says how many.
pub(crate) async fn prune(tx: &Tx, until: i64, before: Timestamp, limit: u64) -> Result<u64, DbErr> {
    let oldest = Entity::find().select_only().columns([Column::Seq, Column::AtMs]).order_by_asc(Column::Seq);
    // One more than may go, so that the newest is seen to be there.
    let oldest = oldest.limit(limit + 1).into_model::<Oldest>().all(tx).await?;
    let spared = oldest.last().map_or(0, |last| last.seq);
    let old = |row: &&Oldest| row.seq <= until && row.seq < spared && row.at_ms < before.as_millis();
    let Some(last) = oldest.iter().take_while(old).last() else { return Ok(0) };
    let gone = Entity::delete_many().filter(Column::Seq.lte(last.seq)).exec(tx).await?;
    Ok(gone.rows_affected)
}

fn active(event: &Event) -> ActiveModel {
    ActiveModel {
        seq: NotSet,
        event_id: Set(event.id.clone()),
        kind: Set(event.kind.clone()),
        key: Set(event.key.clone()),
        version: Set(event.version),
        payload: Set(event.payload.clone()),
        at_ms: Set(event.at.as_millis()),
        trace: Set(event.trace.clone()),
    }
}

fn entry(row: Model, source: &str) -> Entry {
    let event = Event {
        id: row.event_id,
        source: source.to_owned(),
        kind: row.kind,
        key: row.key,
        version: row.version,
        payload: row.payload,
        at: Timestamp::from_millis(row.at_ms),
        trace: row.trace,
    };
    Entry { seq: row.seq, event }
}
