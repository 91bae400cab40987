//! Which events a consumer has had: written with their effects, so that an event delivered twice has one effect (I5).

use crate::bulk::pieces;
use row::{ActiveModel, Column, Entity};
use sea_orm::{
    ActiveValue::Set, ColumnTrait, DbErr, EntityTrait, FromQueryResult, QueryFilter, QuerySelect, sea_query::OnConflict,
};
use std::collections::BTreeSet;
use store::Tx;

mod row {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
    #[sea_orm(table_name = "inbox")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub consumer: String,
        #[sea_orm(primary_key, auto_increment = false)]
        pub event_id: String,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

/// Notes the events; says how many of them were new.
pub(crate) async fn note<'a>(tx: &Tx, consumer: &str, ids: impl Iterator<Item = &'a str>) -> Result<u64, DbErr> {
    let rows = ids.map(|id| ActiveModel { consumer: Set(consumer.to_owned()), event_id: Set(id.to_owned()) });
    let mut fresh = 0;
    for piece in pieces(rows.collect()) {
        let known = OnConflict::columns([Column::Consumer, Column::EventId]).do_nothing().to_owned();
        fresh += Entity::insert_many(piece).on_conflict(known).exec_without_returning(tx).await?;
    }
    Ok(fresh)
}

/// Those of `ids` that were noted before.
pub(crate) async fn known(tx: &Tx, consumer: &str, ids: Vec<String>) -> Result<BTreeSet<String>, DbErr> {
    #[derive(FromQueryResult)]
    struct Known {
        event_id: String,
    }
    let mut known = BTreeSet::new();
    for piece in pieces(ids) {
        let rows = Entity::find().select_only().column(Column::EventId).filter(Column::Consumer.eq(consumer));
        let rows = rows.filter(Column::EventId.is_in(piece)).into_model::<Known>().all(tx).await?;
        known.extend(rows.into_iter().map(|row| row.event_id));
    }
    Ok(known)
}

/// Forgets everything that `consumer` had.
pub(crate) async fn clear(tx: &Tx, consumer: &str) -> Result<(), DbErr> {
    Entity::delete_many().filter(Column::Consumer.eq(consumer)).exec(tx).await.map(drop)
}

/// Forgets up to `limit` events whose identifiers sort below `floor`. Says how many.
pub(crate) async fn prune(tx: &Tx, consumer: &str, floor: &str, limit: u64) -> Result<u64, DbErr> {
    use sea_orm::QueryOrder;
    let old = || Entity::find().filter(Column::Consumer.eq(consumer)).filter(Column::EventId.lt(floor));
    let rows = old().order_by_asc(Column::EventId).limit(limit).all(tx).await?;
    let Some(last) = rows.last() else { return Ok(0) };
    let mine = Entity::delete_many().filter(Column::Consumer.eq(consumer));
    let gone = mine.filter(Column::EventId.lte(last.event_id.as_str())).exec(tx).await?;
    Ok(gone.rows_affected)
}
