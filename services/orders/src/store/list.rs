//! Lists, page by page, by keys that never shift.

use super::{
    entity::{history, orders},
    read::whole,
};
use crate::domain::{Change, Order, state_name, state_named};
use ambient::Timestamp;
use api::order::v1::OrderState;
use sea_orm::{ColumnTrait, Condition, DbErr, EntityTrait, FromQueryResult, QueryFilter, QueryOrder, QuerySelect};
use store::Tx;

/// Which orders.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Filter {
    /// Only in this state.
    pub state: Option<OrderState>,
    /// Only this customer's; empty for all.
    pub customer_id: String,
}

/// A page and where the next one begins.
#[derive(Clone, Debug, PartialEq)]
pub struct Page<C> {
    /// What is on it.
    pub orders: Vec<Order>,
    /// The last one's key, when there are more.
    pub next: Option<C>,
}

/// Orders, newest first, older than `before`.
pub async fn page(tx: &Tx, filter: &Filter, before: Option<&str>, size: u64) -> Result<Page<String>, DbErr> {
    let mut query = orders::Entity::find().order_by_desc(orders::Column::Id).limit(size + 1);
    if let Some(state) = filter.state {
        query = query.filter(orders::Column::State.eq(state_name(state)));
    }
    if !filter.customer_id.is_empty() {
        query = query.filter(orders::Column::CustomerId.eq(&filter.customer_id));
    }
    if let Some(before) = before {
        query = query.filter(orders::Column::Id.lt(before));
    }
    let (rows, more) = cut(query.all(tx).await?, size);
    let next = rows.last().filter(|_| more).map(|row| row.id.clone());
    Ok(Page { orders: whole(tx, rows).await?, next })
}

/// States that an order leaves, or is helped out of.
const UNFINISHED: [OrderState; 7] = [
    OrderState::Received,
    OrderState::Paying,
    OrderState::Reserving,
    OrderState::Confirmed,
    OrderState::Shipped,
    OrderState::Refunding,
    OrderState::NeedsAttention,
];

/// How many orders are in each of these. The index by state counts them; final orders are not looked at.
pub async fn unfinished(tx: &Tx) -> Result<Vec<(String, u64)>, DbErr> {
    #[derive(FromQueryResult)]
    struct Many {
        state: String,
        many: i64,
    }
    let counted = orders::Entity::find()
        .select_only()
        .column(orders::Column::State)
        .column_as(orders::Column::Id.count(), "many")
        .filter(orders::Column::State.is_in(UNFINISHED.map(state_name)))
        .group_by(orders::Column::State)
        .into_model::<Many>()
        .all(tx)
        .await?;
    Ok(counted.into_iter().map(|row| (row.state, row.many.cast_unsigned())).collect())
}

/// Parked orders, the longest waiting first, after (since, id).
pub async fn parked_page(tx: &Tx, after: Option<&(i64, String)>, size: u64) -> Result<Page<(i64, String)>, DbErr> {
    let mut query = orders::Entity::find()
        .filter(orders::Column::ParkedAt.is_not_null())
        .order_by_asc(orders::Column::ParkedAt)
        .order_by_asc(orders::Column::Id)
        .limit(size + 1);
    if let Some((at, id)) = after {
        let later_of_same = Condition::all().add(orders::Column::ParkedAt.eq(*at)).add(orders::Column::Id.gt(id));
        query = query.filter(Condition::any().add(orders::Column::ParkedAt.gt(*at)).add(later_of_same));
    }
    let (rows, more) = cut(query.all(tx).await?, size);
    let next = rows.last().filter(|_| more).map(|row| (row.parked_at.unwrap_or_default(), row.id.clone()));
    Ok(Page { orders: whole(tx, rows).await?, next })
}

/// Up to `limit` changes of an order after a sequence.
pub async fn history_after(tx: &Tx, order_id: &str, after: i64, limit: u64) -> Result<Vec<Change>, DbErr> {
    let rows = history::Entity::find()
        .filter(history::Column::OrderId.eq(order_id))
        .filter(history::Column::Sequence.gt(after))
        .order_by_asc(history::Column::Sequence)
        .limit(limit)
        .all(tx)
        .await?;
    Ok(rows.into_iter().map(change).collect())
}

pub fn change(row: history::Model) -> Change {
    Change {
        sequence: row.sequence,
        from: state_named(&row.from_state).unwrap_or_default(),
        state: state_named(&row.state).unwrap_or_default(),
        cause: row.cause,
        reason: row.reason,
        actor: row.actor,
        at: Timestamp::from_millis(row.at),
    }
}

fn cut<T>(mut rows: Vec<T>, size: u64) -> (Vec<T>, bool) {
    let size = usize::try_from(size).unwrap_or(usize::MAX);
    let more = rows.len() > size;
    rows.truncate(size);
    (rows, more)
}
