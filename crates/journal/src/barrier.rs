//! A saga's steps as their receiver has seen them, written with their effects (I5): a step delivered twice has one
//! effect, an undo that overtakes its action wins, and an attempt that comes after a later one is refused.
//!
//! One row per saga and step: the last attempt, what came of it, and up to which attempt it was undone.

use ambient::Timestamp;
use row::{ActiveModel, Column, Entity, Model};
use sea_orm::{
    ActiveValue::Set,
    ColumnTrait, DbErr, EntityTrait, QueryFilter, QueryOrder, QuerySelect, QueryTrait,
    sea_query::{Expr, ExprTrait, OnConflict},
};
use store::Tx;

mod row {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
    #[sea_orm(table_name = "barrier")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub saga: String,
        #[sea_orm(primary_key, auto_increment = false)]
        pub step: String,
        pub attempt: Option<i64>,
        pub outcome: Option<String>,
        pub undone: Option<i64>,
        pub at_ms: i64,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

/// A saga's step, and which attempt at it. In an undo, attempt 0 stands for all attempts, future ones included.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Step {
    pub saga: String,
    pub step: String,
    pub attempt: i32,
}

/// Whether a step may have its effect.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Passage {
    /// The first time: the effect belongs in this unit, then [`settle`].
    Fresh,
    /// The same attempt came before. `outcome` is what was settled then; `None` when it is still open.
    Again { outcome: Option<String> },
    /// It was undone, perhaps before it came: refuse (FAILED_PRECONDITION, STEP_UNDONE).
    Undone,
    /// A later attempt was here: refuse (FAILED_PRECONDITION, STEP_STALE).
    Stale,
}

/// What there is to undo.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Undo {
    /// The first time. `attempt` is the last one that came, and `outcome` what came of it; without an attempt there is
    /// nothing to undo, and from now on never will be.
    First { attempt: Option<i32>, outcome: Option<String> },
    /// It was undone before.
    Again,
}

/// Lets a step pass or not. `Fresh` is written down: call it in the unit of the effect.
pub async fn forward(tx: &Tx, step: &Step, now: Timestamp) -> Result<Passage, DbErr> {
    let attempt = i64::from(step.attempt);
    let Some(row) = enter(tx, step, Some(attempt), None, now).await? else { return Ok(Passage::Fresh) };
    if row.undone.is_some_and(|undone| undone >= attempt) {
        return Ok(Passage::Undone);
    }
    match row.attempt {
        Some(last) if last == attempt => Ok(Passage::Again { outcome: row.outcome }),
        Some(last) if last > attempt => Ok(Passage::Stale),
        _ => {
            let next = Entity::update_many().col_expr(Column::Attempt, attempt.into());
            let next = next.col_expr(Column::Outcome, Expr::value(None::<String>));
            of(next.col_expr(Column::AtMs, now.as_millis().into()), step).exec(tx).await?;
            Ok(Passage::Fresh)
        }
    }
}

/// Writes down what came of an attempt that passed. Nothing happens when a later one has passed since.
pub async fn settle(tx: &Tx, step: &Step, outcome: &str) -> Result<(), DbErr> {
    let settled = Entity::update_many().col_expr(Column::Outcome, Expr::value(outcome));
    of(settled, step).filter(Column::Attempt.eq(i64::from(step.attempt))).exec(tx).await.map(drop)
}

/// Closes a step: attempts up to `step.attempt` (0: all of them) will not pass from now on. Says what there is to undo;
/// the undoing belongs in this unit.
pub async fn undo(tx: &Tx, step: &Step, now: Timestamp) -> Result<Undo, DbErr> {
    let until = if step.attempt == 0 { i64::MAX } else { i64::from(step.attempt) };
    let Some(row) = enter(tx, step, None, Some(until), now).await? else {
        return Ok(Undo::First { attempt: None, outcome: None });
    };
    if row.undone.is_some_and(|undone| undone >= until) {
        return Ok(Undo::Again);
    }
    let closed = Entity::update_many().col_expr(Column::Undone, until.into());
    of(closed.col_expr(Column::AtMs, now.as_millis().into()), step).exec(tx).await?;
    Ok(match row.attempt.filter(|attempt| *attempt <= until) {
        Some(attempt) => Undo::First { attempt: i32::try_from(attempt).ok(), outcome: row.outcome },
        None => Undo::First { attempt: None, outcome: None },
    })
}

/// Forgets up to `limit` steps last touched before `before`, of sagas whose identifiers sort below `floor`. Says how
/// many.
pub(crate) async fn prune(tx: &Tx, floor: &str, before: Timestamp, limit: u64) -> Result<u64, DbErr> {
    let id = [Column::Saga, Column::Step];
    let old_enough = || Column::AtMs.lt(before.as_millis());
    let old = Entity::find().select_only().columns(id).filter(Column::Saga.lt(floor)).filter(old_enough());
    let old = old.order_by_asc(Column::Saga).limit(limit).into_query();
    // Its time is asked for again, of a step that is being touched at this moment.
    let gone = Entity::delete_many().filter(Expr::tuple(id.map(Expr::col)).in_subquery(old)).filter(old_enough());
    Ok(gone.exec(tx).await?.rows_affected)
}

/// What the step's row said before this unit; `None` when there was none, and the unit has written `row`. Where units run
/// side by side the row is held until the unit ends, and one that another unit is writing is waited for.
async fn enter(
    tx: &Tx,
    step: &Step,
    attempt: Option<i64>,
    undone: Option<i64>,
    now: Timestamp,
) -> Result<Option<Model>, DbErr> {
    loop {
        if insert(tx, step, attempt, undone, now).await? {
            return Ok(None);
        }
        let found = Entity::find_by_id((step.saga.clone(), step.step.clone())).lock_exclusive().one(tx).await?;
        // It may have been forgotten between the two.
        if found.is_some() {
            return Ok(found);
        }
    }
}

async fn insert(
    tx: &Tx,
    step: &Step,
    attempt: Option<i64>,
    undone: Option<i64>,
    now: Timestamp,
) -> Result<bool, DbErr> {
    let row = ActiveModel {
        saga: Set(step.saga.clone()),
        step: Set(step.step.clone()),
        attempt: Set(attempt),
        outcome: Set(None),
        undone: Set(undone),
        at_ms: Set(now.as_millis()),
    };
    let there = OnConflict::columns([Column::Saga, Column::Step]).do_nothing().to_owned();
    Ok(Entity::insert(row).on_conflict(there).exec_without_returning(tx).await? == 1)
}

fn of(update: sea_orm::UpdateMany<Entity>, step: &Step) -> sea_orm::UpdateMany<Entity> {
    update.filter(Column::Saga.eq(step.saga.as_str())).filter(Column::Step.eq(step.step.as_str()))
}
