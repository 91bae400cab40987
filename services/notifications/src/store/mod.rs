//! The only queries of notifications.

mod entity;
#[cfg(test)]
mod round_trip;

use crate::domain::{Letter, Template};
use ambient::Timestamp;
use api::{notification::v1::MailState, types::Money};
pub use entity::Model as MailRow;
use entity::{ActiveModel, Column, Entity};
use sea_orm::{
    ColumnTrait, Condition, ConnectionTrait, DbBackend, DbErr, EntityTrait, FromQueryResult, QueryFilter, QueryOrder,
    QuerySelect, Select, Set,
    sea_query::{Expr, ExprTrait, LockBehavior, LockType, OnConflict},
};

const PENDING: i64 = MailState::Pending as i64;
const SENT: i64 = MailState::Sent as i64;
const REFUSED: i64 = MailState::Refused as i64;

/// Writes a mail that is to be sent: one an event, however often the event is told.
pub async fn insert(db: &impl ConnectionTrait, letter: Letter) -> Result<(), DbErr> {
    let row = ActiveModel {
        event_id: Set(letter.event_id),
        order_id: Set(letter.order_id),
        template: Set(letter.template.name().into()),
        recipient: Set(letter.recipient),
        currency: Set(letter.amount.currency_code),
        minor_units: Set(letter.amount.minor_units),
        cause: Set(letter.cause),
        created_at: Set(letter.at.as_millis()),
        state: Set(PENDING),
        attempts: Set(0),
        next_at: Set(letter.at.as_millis()),
        last_error: Set(String::new()),
        claimed_until: Set(0),
    };
    let once = OnConflict::column(Column::EventId).do_nothing().to_owned();
    Entity::insert(row).on_conflict(once).exec_without_returning(db).await.map(|_| ())
}

/// Whether more than one sender may look at these mails. A file of SQLite is one process's as long as it runs; a database
/// may be reached by one that was cut off and does not know yet that another has taken over.
pub fn is_shared(db: &impl ConnectionTrait) -> bool {
    db.get_database_backend() == DbBackend::Postgres
}

/// Mails whose time has come, the longest waiting first.
pub async fn due(db: &impl ConnectionTrait, now: Timestamp, limit: u64) -> Result<Vec<Letter>, DbErr> {
    waiting(now, limit).all(db).await?.into_iter().map(letter).collect()
}

/// The same, for whoever asks to be the only one to have them until `until`.
pub async fn claim(
    db: &impl ConnectionTrait,
    now: Timestamp,
    until: Timestamp,
    limit: u64,
) -> Result<Vec<Letter>, DbErr> {
    let rows = waiting(now, limit).lock_with_behavior(LockType::Update, LockBehavior::SkipLocked).all(db).await?;
    if !rows.is_empty() {
        Entity::update_many()
            .col_expr(Column::ClaimedUntil, Expr::value(until.as_millis()))
            .filter(Column::EventId.is_in(rows.iter().map(|row| row.event_id.as_str())))
            .exec(db)
            .await?;
    }
    rows.into_iter().map(letter).collect()
}

/// Gives all claims up, whoever made them: for a start, when those who made them are gone.
pub async fn unclaim(db: &impl ConnectionTrait) -> Result<(), DbErr> {
    Entity::update_many()
        .col_expr(Column::ClaimedUntil, Expr::value(0i64))
        .filter(Expr::cust(format!("state = {PENDING}")))
        .filter(Column::ClaimedUntil.gt(0))
        .exec(db)
        .await
        .map(drop)
}

fn waiting(now: Timestamp, limit: u64) -> Select<Entity> {
    pending()
        .filter(Column::NextAt.lte(now.as_millis()))
        .filter(Column::ClaimedUntil.lte(now.as_millis()))
        .order_by_asc(Column::NextAt)
        .order_by_asc(Column::EventId)
        .limit(limit)
}

/// The state is written out, not bound: only then does the engine know that the index of waiting mails will do.
fn pending() -> Select<Entity> {
    Entity::find().filter(Expr::cust(format!("state = {PENDING}")))
}

#[derive(FromQueryResult)]
struct Next {
    next_at: i64,
}

/// When the next mail's time comes; none when no mail waits.
pub async fn next_due(db: &impl ConnectionTrait) -> Result<Option<Timestamp>, DbErr> {
    let next = pending()
        .select_only()
        .column(Column::NextAt)
        .order_by_asc(Column::NextAt)
        .into_model::<Next>()
        .one(db)
        .await?;
    Ok(next.map(|next| Timestamp::from_millis(next.next_at)))
}

/// What became of a batch.
#[derive(Debug, Default)]
pub struct Marks {
    pub sent: Vec<String>,
    pub failures: Vec<Failure>,
    /// Claimed, but not tried: for the next who looks.
    pub given_back: Vec<String>,
}

/// What a delivery that failed leaves behind.
#[derive(Clone, Debug, PartialEq)]
pub struct Failure {
    pub event_id: String,
    pub error: String,
    /// When it is tried again; none: it is given up, and where it should have gone is forgotten.
    pub again_at: Option<Timestamp>,
}

/// Records what became of a batch.
pub async fn mark(db: &impl ConnectionTrait, marks: &Marks) -> Result<(), DbErr> {
    sent(db, &marks.sent).await?;
    for failure in &marks.failures {
        failed(db, failure).await?;
    }
    if marks.given_back.is_empty() {
        return Ok(());
    }
    let back = Entity::update_many().col_expr(Column::ClaimedUntil, Expr::value(0i64));
    back.filter(Column::EventId.is_in(&marks.given_back)).exec(db).await.map(|_| ())
}

/// Marks mails as accepted, in one statement, and forgets where they went.
async fn sent(db: &impl ConnectionTrait, event_ids: &[String]) -> Result<(), DbErr> {
    if event_ids.is_empty() {
        return Ok(());
    }
    Entity::update_many()
        .col_expr(Column::State, Expr::value(SENT))
        .col_expr(Column::Recipient, Expr::value(""))
        .col_expr(Column::LastError, Expr::value(""))
        .col_expr(Column::Attempts, Expr::col(Column::Attempts).add(1))
        .col_expr(Column::ClaimedUntil, Expr::value(0i64))
        .filter(Column::EventId.is_in(event_ids))
        .exec(db)
        .await
        .map(|_| ())
}

/// Marks a mail as failed, unless it has reached its end meanwhile.
async fn failed(db: &impl ConnectionTrait, failure: &Failure) -> Result<(), DbErr> {
    let update = Entity::update_many()
        .col_expr(Column::Attempts, Expr::col(Column::Attempts).add(1))
        .col_expr(Column::LastError, Expr::value(failure.error.as_str()))
        .col_expr(Column::ClaimedUntil, Expr::value(0i64))
        .filter(Column::EventId.eq(failure.event_id.as_str()))
        .filter(Column::State.eq(PENDING));
    let update = match failure.again_at {
        Some(at) => update.col_expr(Column::NextAt, Expr::value(at.as_millis())),
        None => update.col_expr(Column::State, Expr::value(REFUSED)).col_expr(Column::Recipient, Expr::value("")),
    };
    update.exec(db).await.map(|_| ())
}

/// Forgets mails that reached their end, and were written before `horizon`.
pub async fn forget(db: &impl ConnectionTrait, horizon: Timestamp) -> Result<u64, DbErr> {
    let old = Column::CreatedAt.lt(horizon.as_millis()).and(Column::State.ne(PENDING));
    Ok(Entity::delete_many().filter(old).exec(db).await?.rows_affected)
}

/// A place in the list of mails: just after the mail of this time and event, newest first.
#[derive(Clone, Debug, PartialEq)]
pub struct Place {
    pub created_at: i64,
    pub event_id: String,
}

/// Mails, newest first: of one order or of all, from a place on.
pub async fn list(
    db: &impl ConnectionTrait,
    order_id: Option<&str>,
    after: Option<&Place>,
    limit: u64,
) -> Result<Vec<MailRow>, DbErr> {
    let mut wanted = Condition::all();
    if let Some(order_id) = order_id {
        wanted = wanted.add(Column::OrderId.eq(order_id));
    }
    if let Some(Place { created_at, event_id }) = after {
        let same_moment = Column::CreatedAt.eq(*created_at).and(Column::EventId.lt(event_id.as_str()));
        wanted = wanted.add(Column::CreatedAt.lte(*created_at)).add(Column::CreatedAt.lt(*created_at).or(same_moment));
    }
    Entity::find()
        .filter(wanted)
        .order_by_desc(Column::CreatedAt)
        .order_by_desc(Column::EventId)
        .limit(limit)
        .all(db)
        .await
}

fn letter(row: MailRow) -> Result<Letter, DbErr> {
    let template = Template::named(&row.template)
        .ok_or_else(|| DbErr::Custom(format!("mail {} has the unknown template {}", row.event_id, row.template)))?;
    Ok(Letter {
        event_id: row.event_id,
        order_id: row.order_id,
        template,
        recipient: row.recipient,
        amount: Money { currency_code: row.currency, minor_units: row.minor_units },
        cause: row.cause,
        at: Timestamp::from_millis(row.created_at),
        attempts: row.attempts,
    })
}
