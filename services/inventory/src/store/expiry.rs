//! The unit by which holds whose time is over give up.

use super::{
    entity::reservation as table,
    reservation,
    stock::{self, Entry},
};
use crate::domain::Kind;
use ambient::Timestamp;
use journal::Stamp;
use sea_orm::{DbErr, EntityTrait, QueryFilter, QueryOrder, QuerySelect, sea_query::Expr};
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
    /// When the next one is due; it may be due already.
    pub next: Option<Timestamp>,
}

pub async fn sweep(tx: &Tx, sweep: &Sweep) -> Result<Swept, DbErr> {
    // The state is written out, not bound: only then does the engine know that the index of held rows will do.
    let mut rows = table::Entity::find()
        .filter(Expr::cust("state = 'HELD'"))
        .order_by_asc(table::Column::ExpiresAt)
        .limit(sweep.most as u64 + 1)
        .all(tx)
        .await?;
    let now = sweep.stamp.now;
    let due = rows.iter().take(sweep.most).take_while(|row| row.expires_at <= now.as_millis()).count();
    let next = rows.get(due).map(|row| Timestamp::from_millis(row.expires_at));
    rows.truncate(due);
    if rows.is_empty() {
        return Ok(Swept { expired: 0, next });
    }
    let held = reservation::with_lines(tx, rows).await?;
    let entries: Vec<Entry> = held
        .iter()
        .flat_map(|reservation| {
            let of = |line| Entry::of(line, &reservation.order);
            reservation.lines.iter().map(of)
        })
        .collect();
    stock::move_stock(tx, Kind::Expire, &entries, None, now).await?;
    drop(entries);
    reservation::expire(tx, &sweep.stamp, held).await?;
    Ok(Swept { expired: due, next })
}
