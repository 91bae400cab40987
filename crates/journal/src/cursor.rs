//! How far a consumer has come in a publisher's outbox. Moved in the unit that holds the effects, so that both are kept
//! or neither is.

use crate::{inbox, parked};
use row::{ActiveModel, Column, Entity};
use sea_orm::{ActiveValue::Set, ColumnTrait, DbErr, EntityTrait, QueryFilter, sea_query::OnConflict};
use store::{BoxFuture, Store, StoreError, Tx};

mod row {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
    #[sea_orm(table_name = "cursor")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub consumer: String,
        #[sea_orm(primary_key, auto_increment = false)]
        pub source: String,
        pub seq: i64,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

/// Puts a cursor before everything, unless there is one.
pub(crate) async fn place(tx: &Tx, consumer: &str, source: &str) -> Result<(), DbErr> {
    let row = ActiveModel { consumer: Set(consumer.to_owned()), source: Set(source.to_owned()), seq: Set(0) };
    let there = OnConflict::columns([Column::Consumer, Column::Source]).do_nothing().to_owned();
    Entity::insert(row).on_conflict(there).exec_without_returning(tx).await.map(drop)
}

/// The number of the last event that was had; 0 before the first.
pub(crate) async fn position(store: &Store, consumer: &str, source: &str) -> Result<i64, StoreError> {
    let found = store.read((consumer, source), |tx, (consumer, source)| {
        let key = ((*consumer).to_owned(), (*source).to_owned());
        Box::pin(async move { Entity::find_by_id(key).one(tx).await })
    });
    Ok(found.await?.map_or(0, |row| row.seq))
}

/// Moves the cursor from `from` to `to`; false when it is not at `from`, for someone else has moved it.
pub(crate) async fn advance(tx: &Tx, consumer: &str, source: &str, from: i64, to: i64) -> Result<bool, DbErr> {
    let cursor = Entity::update_many().col_expr(Column::Seq, to.into()).filter(Column::Consumer.eq(consumer));
    let moved = cursor.filter(Column::Source.eq(source)).filter(Column::Seq.eq(from)).exec(tx).await?;
    Ok(moved.rows_affected == 1)
}

/// Sends a consumer back to the beginning of all its sources, in one unit with `clear`, which empties its tables: it
/// then has every event again that the outboxes still hold (see [`outbox::oldest`](crate::outbox::oldest)).
///
/// While a [`Bus`](crate::Bus) carries the consumer's events, use [`Bus::rewind`](crate::Bus::rewind): it wakes it too.
pub async fn rewind<F>(store: &Store, consumer: &'static str, clear: F) -> Result<(), StoreError>
where
    F: for<'a> Fn(&'a Tx) -> BoxFuture<'a, Result<(), DbErr>> + Send + Sync + 'static,
{
    let args = (consumer, clear);
    store.unit(args, |tx, (consumer, clear)| Box::pin(async move { restart(tx, consumer, clear(tx)).await })).await
}

async fn restart(tx: &Tx, consumer: &str, clear: BoxFuture<'_, Result<(), DbErr>>) -> Result<(), DbErr> {
    Entity::update_many().col_expr(Column::Seq, 0i64.into()).filter(Column::Consumer.eq(consumer)).exec(tx).await?;
    inbox::clear(tx, consumer).await?;
    parked::clear(tx, consumer).await?;
    clear.await
}
