//! How far a consumer has come in a publisher's outbox, where events are committed in the order of their numbers. Moved
//! in the unit that holds the effects, so that both are kept or neither is.
//!
//! Where units are committed side by side the number says nothing (see [`deliveries`](crate::deliveries)); the row is
//! then the consumer's turn: who holds it is the only one who takes.

use crate::{
    inbox,
    outbox::Entry,
    parked,
    taken::{Take, Taken, repeated},
};
use row::{ActiveModel, Column, Entity};
use sea_orm::{
    ActiveValue::Set,
    ColumnTrait, DbErr, EntityTrait, QueryFilter, QueryOrder, QuerySelect,
    sea_query::{LockBehavior, LockType, OnConflict},
};
use std::{borrow::Cow, collections::BTreeSet};
use store::{Store, StoreError, Tx};

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

/// Puts a cursor before everything, unless there is one; whether there was none.
pub(crate) async fn place(tx: &Tx, consumer: &str, source: &str) -> Result<bool, DbErr> {
    let row = ActiveModel { consumer: Set(consumer.to_owned()), source: Set(source.to_owned()), seq: Set(0) };
    let there = OnConflict::columns([Column::Consumer, Column::Source]).do_nothing().to_owned();
    Ok(Entity::insert(row).on_conflict(there).exec_without_returning(tx).await? == 1)
}

/// The number of the last event that was had; 0 before the first.
pub(crate) async fn position(store: &Store, consumer: &str, source: &str) -> Result<i64, StoreError> {
    let found = store.read((consumer, source), |tx, (consumer, source)| {
        let key = ((*consumer).to_owned(), (*source).to_owned());
        Box::pin(async move { Entity::find_by_id(key).one(tx).await })
    });
    Ok(found.await?.map_or(0, |row| row.seq))
}

/// Moves the cursor from `from` behind `entries`, which stand there, and notes them in the inbox. `repeats` says that
/// some of them were had before; which, is asked then.
pub(crate) async fn take<'a>(
    tx: &Tx,
    consumer: &str,
    source: &str,
    from: i64,
    entries: &'a [Entry],
    repeats: bool,
) -> Result<Take<'a>, DbErr> {
    let Some(last) = entries.last() else { return Ok(Take::All(Taken::default())) };
    if !advance(tx, consumer, source, from, last.seq).await? {
        return Ok(Take::NotNow);
    }
    let ids = || entries.iter().map(|entry| entry.event.id.as_str());
    let mut had = BTreeSet::new();
    if repeats {
        let known = inbox::known(tx, consumer, ids().map(str::to_owned).collect()).await?;
        had = repeated(ids(), |_, id| known.contains(id));
    }
    let fresh = ids().enumerate().filter(|(place, _)| !had.contains(place)).map(|(_, id)| id);
    if inbox::note(tx, consumer, fresh).await? != (entries.len() - had.len()) as u64 {
        return Ok(Take::Repeats);
    }
    let held = parked::keys(tx, consumer, source).await?;
    Ok(Take::All(Taken { entries: Cow::Borrowed(entries), had, held }))
}

/// Moves the cursor from `from` to `to`; false when it is not at `from`, for someone else has moved it.
async fn advance(tx: &Tx, consumer: &str, source: &str, from: i64, to: i64) -> Result<bool, DbErr> {
    let cursor = Entity::update_many().col_expr(Column::Seq, to.into()).filter(Column::Consumer.eq(consumer));
    let moved = cursor.filter(Column::Source.eq(source)).filter(Column::Seq.eq(from)).exec(tx).await?;
    Ok(moved.rows_affected == 1)
}

/// Sends a consumer back to the beginning of all its sources.
pub(crate) async fn restart(tx: &Tx, consumer: &str) -> Result<(), DbErr> {
    let all = Entity::update_many().col_expr(Column::Seq, 0i64.into()).filter(Column::Consumer.eq(consumer));
    all.exec(tx).await.map(drop)
}

/// Takes the consumer's turn until the unit ends; false when another has it, or when there is none.
pub(crate) async fn turn(tx: &Tx, consumer: &str, source: &str) -> Result<bool, DbErr> {
    let row = Entity::find_by_id((consumer.to_owned(), source.to_owned()));
    let row = row.lock_with_behavior(LockType::Update, LockBehavior::SkipLocked);
    Ok(row.one(tx).await?.is_some())
}

/// Waits for all turns of the consumer, takes them until the unit ends, and says of which sources they are.
pub(crate) async fn turns(tx: &Tx, consumer: &str) -> Result<Vec<String>, DbErr> {
    let rows = Entity::find().filter(Column::Consumer.eq(consumer)).order_by_asc(Column::Source).lock_exclusive();
    Ok(rows.all(tx).await?.into_iter().map(|row| row.source).collect())
}
