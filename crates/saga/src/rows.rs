//! The only queries of this crate. Every write of a known saga names its fence and its latest entry: whoever was
//! overtaken changes nothing.

use crate::{
    heard::Entry,
    state::{Direction, State, Status},
};
use ambient::Timestamp;
use sea_orm::{
    ActiveValue::{self, NotSet, Set},
    ColumnTrait, DbErr, EntityTrait, ExprTrait, FromQueryResult, PaginatorTrait, QueryFilter, QueryOrder, QuerySelect,
    sea_query::{Expr, LockBehavior, LockType},
};
use store::Tx;

pub mod saga {
    //! One row a saga.
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
    #[sea_orm(table_name = "saga")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: String,
        pub kind: String,
        pub status: String,
        pub direction: String,
        pub step: i64,
        pub attempt: i64,
        pub reached: i64,
        pub tries: i64,
        pub refused_at: Option<i64>,
        pub unknown_at: Option<i64>,
        pub wish: Option<String>,
        pub cause: Option<String>,
        pub wake_at: Option<i64>,
        pub fence: i64,
        pub seq: i64,
        pub trace: Option<String>,
        pub created_at: i64,
        pub updated_at: i64,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

pub mod log {
    //! One row an entry.
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
    #[sea_orm(table_name = "saga_log")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub saga: String,
        #[sea_orm(primary_key, auto_increment = false)]
        pub seq: i64,
        pub at: i64,
        pub direction: String,
        pub step: String,
        pub attempt: i64,
        pub entry: String,
        pub detail: String,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

/// A saga as its row says.
pub struct Row {
    pub id: String,
    pub trace: Option<String>,
    pub state: State,
}

/// The row of a new saga.
pub async fn insert(
    tx: &Tx,
    kind: &str,
    id: &str,
    trace: Option<String>,
    state: &State,
    now: Timestamp,
) -> Result<(), DbErr> {
    let row = saga::ActiveModel {
        id: Set(id.to_owned()),
        kind: Set(kind.to_owned()),
        status: Set(state.status.name().to_owned()),
        direction: Set(state.direction.name().to_owned()),
        step: Set(index(state.step)),
        attempt: Set(state.attempt),
        reached: Set(index(state.reached)),
        tries: Set(state.tries),
        refused_at: Set(None),
        unknown_at: Set(None),
        wish: Set(None),
        cause: Set(None),
        wake_at: Set(state.wake_at.map(Timestamp::as_millis)),
        fence: Set(state.fence),
        seq: Set(state.seq),
        trace: Set(trace),
        created_at: Set(now.as_millis()),
        updated_at: Set(now.as_millis()),
    };
    saga::Entity::insert(row).exec_without_returning(tx).await.map(drop)
}

/// Writes `after` over `before`; false when somebody else was faster (I7). Only what differs is written: an index whose
/// columns are not named is not touched.
pub async fn advance(tx: &Tx, id: &str, before: &State, after: &State, now: Timestamp) -> Result<bool, DbErr> {
    let millis = |at: &Option<Timestamp>| at.map(Timestamp::as_millis);
    let changed = saga::ActiveModel {
        status: differing(&before.status, &after.status, |status| status.name().to_owned()),
        direction: differing(&before.direction, &after.direction, |direction| direction.name().to_owned()),
        step: differing(&before.step, &after.step, |step| index(*step)),
        attempt: differing(&before.attempt, &after.attempt, |attempt| *attempt),
        reached: differing(&before.reached, &after.reached, |step| index(*step)),
        tries: differing(&before.tries, &after.tries, |tries| *tries),
        refused_at: differing(&before.refused_at, &after.refused_at, millis),
        unknown_at: differing(&before.unknown_at, &after.unknown_at, millis),
        wish: differing(&before.wish, &after.wish, Clone::clone),
        cause: differing(&before.cause, &after.cause, Clone::clone),
        wake_at: differing(&before.wake_at, &after.wake_at, millis),
        fence: differing(&before.fence, &after.fence, |fence| *fence),
        seq: Set(after.seq),
        updated_at: Set(now.as_millis()),
        ..Default::default()
    };
    let written = saga::Entity::update_many()
        .set(changed)
        .filter(saga::Column::Id.eq(id))
        .filter(saga::Column::Fence.eq(before.fence))
        .filter(saga::Column::Seq.eq(before.seq))
        .exec(tx)
        .await?;
    Ok(written.rows_affected == 1)
}

/// Adds to the log.
pub async fn append(tx: &Tx, id: &str, entries: &[Entry], now: Timestamp) -> Result<(), DbErr> {
    if entries.is_empty() {
        return Ok(());
    }
    let rows = entries.iter().map(|entry| log::ActiveModel {
        saga: Set(id.to_owned()),
        seq: Set(entry.seq),
        at: Set(now.as_millis()),
        direction: Set(entry.direction.name().to_owned()),
        step: Set(entry.step.to_owned()),
        attempt: Set(entry.attempt),
        entry: Set(entry.entry.to_owned()),
        detail: Set(entry.detail.clone()),
    });
    log::Entity::insert_many(rows).exec_without_returning(tx).await.map(drop)
}

/// One saga, held until the unit ends where units run side by side: it is decided on.
pub async fn find(tx: &Tx, id: &str) -> Result<Option<Row>, DbErr> {
    saga::Entity::find_by_id(id.to_owned()).lock_exclusive().one(tx).await?.map(row).transpose()
}

/// Takes over up to `limit` sagas that are due at `now`: raises their fences and gives them back, the longest due
/// first. Those that another unit holds at this moment are passed over: whoever holds them says when they are due next.
pub async fn claim(tx: &Tx, kind: &str, limit: u64, now: Timestamp) -> Result<Vec<Row>, DbErr> {
    let due = saga::Entity::find()
        .filter(saga::Column::Kind.eq(kind))
        .filter(saga::Column::WakeAt.lte(now.as_millis()))
        .order_by_asc(saga::Column::WakeAt)
        .limit(limit)
        .lock_with_behavior(LockType::Update, LockBehavior::SkipLocked)
        .all(tx)
        .await?;
    if due.is_empty() {
        return Ok(Vec::new());
    }
    saga::Entity::update_many()
        .col_expr(saga::Column::Fence, Expr::col(saga::Column::Fence).add(1))
        .col_expr(saga::Column::WakeAt, Expr::value(Option::<i64>::None))
        .filter(saga::Column::Id.is_in(due.iter().map(|saga| saga.id.clone())))
        .exec(tx)
        .await?;
    due.into_iter().map(|saga| row(saga::Model { fence: saga.fence + 1, wake_at: None, ..saga })).collect()
}

/// Ends a saga, whoever drove it; false when it had ended.
pub async fn finish(tx: &Tx, id: &str, now: Timestamp) -> Result<bool, DbErr> {
    let ended = saga::Entity::update_many()
        .col_expr(saga::Column::Status, Expr::value(Status::Done.name()))
        .col_expr(saga::Column::WakeAt, Expr::value(Option::<i64>::None))
        .col_expr(saga::Column::Fence, Expr::col(saga::Column::Fence).add(1))
        .col_expr(saga::Column::Seq, Expr::col(saga::Column::Seq).add(1))
        .col_expr(saga::Column::UpdatedAt, Expr::value(now.as_millis()))
        .filter(saga::Column::Id.eq(id))
        .filter(saga::Column::Status.ne(Status::Done.name()))
        .exec(tx)
        .await?;
    Ok(ended.rows_affected == 1)
}

/// When the next saga is due.
pub async fn next_due(tx: &Tx, kind: &str) -> Result<Option<Timestamp>, DbErr> {
    #[derive(FromQueryResult)]
    struct Due {
        wake_at: Option<i64>,
    }
    let next = saga::Entity::find()
        .select_only()
        .column(saga::Column::WakeAt)
        .filter(saga::Column::Kind.eq(kind))
        .filter(saga::Column::WakeAt.is_not_null())
        .order_by_asc(saga::Column::WakeAt)
        .into_model::<Due>()
        .one(tx)
        .await?;
    Ok(next.and_then(|due| due.wake_at).map(Timestamp::from_millis))
}

/// True while some saga has a move of its own to make, now or at its time.
pub async fn any_running(tx: &Tx, kind: &str) -> Result<bool, DbErr> {
    #[derive(FromQueryResult)]
    struct Running {
        #[allow(dead_code)]
        id: String,
    }
    let one = saga::Entity::find()
        .select_only()
        .column(saga::Column::Id)
        .filter(saga::Column::Kind.eq(kind))
        .filter(Expr::cust("status = 'running'"))
        .into_model::<Running>()
        .one(tx)
        .await?;
    Ok(one.is_some())
}

/// How many sagas have a move of their own to make.
pub async fn running(tx: &Tx, kind: &str) -> Result<u64, DbErr> {
    let running = saga::Entity::find().filter(saga::Column::Kind.eq(kind)).filter(Expr::cust("status = 'running'"));
    running.count(tx).await
}

/// Whatever is being driven and has not moved since `since` is due now: no task has it any more, or one that is late.
/// Its fence rises with it, so that the late one changes nothing.
pub async fn orphans_due(tx: &Tx, kind: &str, since: Timestamp, now: Timestamp) -> Result<u64, DbErr> {
    let found = saga::Entity::update_many()
        .col_expr(saga::Column::Fence, Expr::col(saga::Column::Fence).add(1))
        .col_expr(saga::Column::WakeAt, Expr::value(now.as_millis()))
        .filter(saga::Column::Kind.eq(kind))
        .filter(Expr::cust("status = 'running'"))
        .filter(saga::Column::WakeAt.is_null())
        .filter(saga::Column::UpdatedAt.lte(since.as_millis()))
        .exec(tx)
        .await?;
    Ok(found.rows_affected)
}

/// Forgets up to `limit` sagas that were done before `before`, with their logs. How many it was.
pub async fn forget(tx: &Tx, kind: &str, before: Timestamp, limit: u64) -> Result<u64, DbErr> {
    #[derive(FromQueryResult)]
    struct Old {
        id: String,
    }
    let old: Vec<String> = saga::Entity::find()
        .select_only()
        .column(saga::Column::Id)
        .filter(saga::Column::Kind.eq(kind))
        .filter(saga::Column::UpdatedAt.lt(before.as_millis()))
        .filter(Expr::cust("status = 'done'"))
        .limit(limit)
        .into_model::<Old>()
        .all(tx)
        .await?
        .into_iter()
        .map(|old| old.id)
        .collect();
    if old.is_empty() {
        return Ok(0);
    }
    log::Entity::delete_many().filter(log::Column::Saga.is_in(old.clone())).exec(tx).await?;
    Ok(saga::Entity::delete_many().filter(saga::Column::Id.is_in(old)).exec(tx).await?.rows_affected)
}

fn row(saga: saga::Model) -> Result<Row, DbErr> {
    let broken = || DbErr::Custom(format!("saga {} holds values that this program never writes", saga.id));
    let state = State {
        status: Status::named(&saga.status).ok_or_else(broken)?,
        direction: Direction::named(&saga.direction).ok_or_else(broken)?,
        step: usize::try_from(saga.step).map_err(|_| broken())?,
        attempt: saga.attempt,
        reached: usize::try_from(saga.reached).map_err(|_| broken())?,
        tries: saga.tries,
        refused_at: saga.refused_at.map(Timestamp::from_millis),
        unknown_at: saga.unknown_at.map(Timestamp::from_millis),
        wish: saga.wish,
        cause: saga.cause,
        wake_at: saga.wake_at.map(Timestamp::from_millis),
        fence: saga.fence,
        seq: saga.seq,
    };
    Ok(Row { id: saga.id, trace: saga.trace, state })
}

/// The value after, when it is another than before.
fn differing<T: PartialEq, V: Into<sea_orm::Value>>(before: &T, after: &T, value: impl Fn(&T) -> V) -> ActiveValue<V> {
    if before == after { NotSet } else { Set(value(after)) }
}

fn index(step: usize) -> i64 {
    i64::try_from(step).expect("a plan has a handful of steps")
}

#[cfg(test)]
#[path = "rows_tests.rs"]
mod tests;
