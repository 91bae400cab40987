//! The unit by which holds whose time is over give up.

use super::{
    entity::reservation as table,
    reservation,
    stock::{self, Entry},
};
use crate::{
    domain::{Kind, State},
    messages,
};
use ambient::Timestamp;
use journal::Stamp;
use sea_orm::{
    ColumnTrait, DbErr, EntityTrait, FromQueryResult, QueryFilter, QueryOrder, QuerySelect, Select,
    sea_query::{Expr, LockBehavior, LockType},
};
use store::Tx;

/// One sweep.
pub struct Sweep {
    pub stamp: Stamp,
    /// How many holds at most: a unit must not keep others waiting.
    pub most: usize,
}

/// What a sweep leaves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Swept {
    /// How many holds gave up.
    pub expired: usize,
    /// When the next one is due. It may be due already: there was no room for it, or a call has it in hand.
    pub next: Option<Timestamp>,
}

#[derive(FromQueryResult)]
struct Due {
    expires_at: i64,
}

pub async fn sweep(tx: &Tx, sweep: &Sweep) -> Result<Swept, DbErr> {
    let now = sweep.stamp.now;
    // What somebody else works on is left to them: they make it something that does not expire, or it is found again.
    let rows = soonest()
        .filter(table::Column::ExpiresAt.lte(now.as_millis()))
        .limit(sweep.most as u64)
        .lock_with_behavior(LockType::Update, LockBehavior::SkipLocked)
        .all(tx)
        .await?;
    let expired = rows.len();
    if expired > 0 {
        let held = reservation::with_lines(tx, rows).await?;
        let tell = |after: &_, place| messages::changed(&sweep.stamp, after, place);
        reservation::turn_all(tx, held.clone(), State::Expired, tell).await?;
        let entries: Vec<Entry> = held.iter().flat_map(Entry::all).collect();
        stock::move_stock(tx, Kind::Expire, &entries, None, now).await?;
    }
    let next = soonest().select_only().column(table::Column::ExpiresAt).into_model::<Due>().one(tx).await?;
    Ok(Swept { expired, next: next.map(|due| Timestamp::from_millis(due.expires_at)) })
}

/// What is held, the first to expire first. The state is written out, not bound: only then does the engine know that the
/// index of held rows will do.
fn soonest() -> Select<table::Entity> {
    table::Entity::find().filter(Expr::cust("state = 'HELD'")).order_by_asc(table::Column::ExpiresAt)
}
