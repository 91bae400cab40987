//! A request sent twice is one request (I5): its key is kept in the unit of its effect.
//!
//! A key is who calls, which method, and the request's own identifier. Beside it stand a fingerprint of what was asked,
//! so that a key used again for something else is noticed, and the resource that came of it, so that the second answer
//! is the resource as it stands then.

mod fingerprint;

pub use fingerprint::Fingerprint;

use ambient::Timestamp;
use row::{ActiveModel, Column, Entity};
use sea_orm::{
    ActiveValue::Set,
    ColumnTrait, DbErr, EntityTrait, QueryFilter, QueryOrder, QuerySelect, QueryTrait,
    sea_query::{Expr, ExprTrait, OnConflict},
};
use std::time::Duration;
use store::Tx;

/// How long a key is kept: longer than any retry or replay. The contract states it.
pub const KEPT: Duration = Duration::from_secs(30 * 24 * 60 * 60);

mod row {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
    #[sea_orm(table_name = "once_key")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub caller: String,
        #[sea_orm(primary_key, auto_increment = false)]
        pub method: String,
        #[sea_orm(primary_key, auto_increment = false)]
        pub request_id: String,
        pub fingerprint: Vec<u8>,
        pub resource: String,
        pub expires_ms: Option<i64>,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

/// What makes two requests the same request.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Key {
    pub caller: String,
    pub method: String,
    pub request_id: String,
}

impl Key {
    pub fn new(caller: impl Into<String>, method: impl Into<String>, request_id: impl Into<String>) -> Self {
        Self { caller: caller.into(), method: method.into(), request_id: request_id.into() }
    }
}

/// What a claim found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Claim {
    /// The first time: the key is ours now, the effect belongs in this unit.
    Fresh,
    /// The same request came before; `resource` is what came of it.
    Replay { resource: String },
    /// The key came before with other content; `field` is the first that differs.
    Conflict { field: String },
}

/// Claims a key for [`KEPT`], in the unit of its effect.
pub async fn claim(
    tx: &Tx,
    key: &Key,
    fingerprint: &Fingerprint,
    resource: &str,
    now: Timestamp,
) -> Result<Claim, DbErr> {
    put(tx, key, fingerprint, resource, Some(now.plus(KEPT))).await
}

/// Claims a key that is never forgotten: an order's.
pub async fn claim_for_ever(tx: &Tx, key: &Key, fingerprint: &Fingerprint, resource: &str) -> Result<Claim, DbErr> {
    put(tx, key, fingerprint, resource, None).await
}

/// What [`claim`] would find, without claiming: `None` when the key is free.
pub async fn look(tx: &Tx, key: &Key, fingerprint: &Fingerprint) -> Result<Option<Claim>, DbErr> {
    let id = (key.caller.clone(), key.method.clone(), key.request_id.clone());
    let found = Entity::find_by_id(id).one(tx).await?;
    Ok(found.map(|row| match fingerprint.differs_from(&row.fingerprint) {
        Some(field) => Claim::Conflict { field },
        None => Claim::Replay { resource: row.resource },
    }))
}

async fn put(
    tx: &Tx,
    key: &Key,
    fingerprint: &Fingerprint,
    resource: &str,
    expires: Option<Timestamp>,
) -> Result<Claim, DbErr> {
    let row = ActiveModel {
        caller: Set(key.caller.clone()),
        method: Set(key.method.clone()),
        request_id: Set(key.request_id.clone()),
        fingerprint: Set(fingerprint.bytes().to_vec()),
        resource: Set(resource.to_owned()),
        expires_ms: Set(expires.map(Timestamp::as_millis)),
    };
    let taken = OnConflict::columns([Column::Caller, Column::Method, Column::RequestId]).do_nothing().to_owned();
    loop {
        // Waits for another unit that is claiming the key, so that the look behind it sees what that one did.
        if Entity::insert(row.clone()).on_conflict(taken.clone()).exec_without_returning(tx).await? == 1 {
            return Ok(Claim::Fresh);
        }
        // A key never changes, so it need not be held. But its time may have been over, and it be forgotten since.
        if let Some(found) = look(tx, key, fingerprint).await? {
            return Ok(found);
        }
    }
}

/// Forgets up to `limit` keys whose time is over. Says how many.
pub(crate) async fn prune(tx: &Tx, now: Timestamp, limit: u64) -> Result<u64, DbErr> {
    let id = [Column::Caller, Column::Method, Column::RequestId];
    let over = Entity::find().select_only().columns(id).filter(Column::ExpiresMs.lt(now.as_millis()));
    let over = over.order_by_asc(Column::ExpiresMs).limit(limit).into_query();
    let gone = Entity::delete_many().filter(Expr::tuple(id.map(Expr::col)).in_subquery(over));
    Ok(gone.exec(tx).await?.rows_affected)
}
