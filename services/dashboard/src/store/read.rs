//! Reads the projections: a summary, and the list of orders that wait for a person.

use super::{
    STEPS,
    tables::{self, attention, changes, confirm_times, money, states, steps, stock_outs},
};
use crate::{
    domain::STEP,
    summary::{Attention, Change, MoneyFlow, Source, StateCount, Step, StockOut, Summary, TimeToConfirm},
};
use ambient::Timestamp;
use api::{order::v1::OrderState, types::Money};
use sea_orm::{ColumnTrait, Condition, ConnectionTrait, DbErr, EntityTrait, QueryFilter, QueryOrder, QuerySelect};

/// SKUs in a summary.
const STOCK_OUTS: u64 = 10;

/// Waiting orders in a summary.
const WAITING: u64 = 8;

/// Changes in a summary.
const LATEST: u64 = 20;

/// Everything at a glance. Its cost does not grow with the number of orders.
pub async fn summary(db: &impl ConnectionTrait) -> Result<Summary, DbErr> {
    Ok(Summary {
        states: by_state(db).await?,
        money: by_currency(db).await?,
        time_to_confirm: time_to_confirm(db).await?,
        stock_outs: worst_stock_outs(db).await?,
        attention: attention(db, None, WAITING).await?,
        changes: latest_changes(db).await?,
        steps: last_steps(db).await?,
        sources: sources(db).await?,
    })
}

/// A place in the list of waiting orders: just after the order that has waited since then.
#[derive(Clone, Debug, PartialEq)]
pub struct Place {
    pub since: i64,
    pub order_id: String,
}

/// Orders that wait for a person, oldest first, from a place on.
pub async fn attention(db: &impl ConnectionTrait, after: Option<&Place>, limit: u64) -> Result<Vec<Attention>, DbErr> {
    use attention::{Column, Entity};
    let mut wanted = Condition::all();
    if let Some(Place { since, order_id }) = after {
        let same_moment = Condition::all().add(Column::Since.eq(*since)).add(Column::OrderId.gt(order_id.as_str()));
        let later = Condition::any().add(Column::Since.gt(*since)).add(same_moment);
        wanted = wanted.add(Column::Since.gte(*since)).add(later); // the first term is what the index can use
    }
    let query = Entity::find().filter(wanted).order_by_asc(Column::Since).order_by_asc(Column::OrderId);
    Ok(query.limit(limit).all(db).await?.into_iter().map(waiting).collect())
}

fn waiting(row: attention::Model) -> Attention {
    Attention {
        order_id: row.order_id,
        cause: row.cause,
        reason: row.reason,
        since: Timestamp::from_millis(row.since),
        total: Money { currency_code: row.currency, minor_units: row.minor_units },
    }
}

async fn by_state(db: &impl ConnectionTrait) -> Result<Vec<StateCount>, DbErr> {
    use states::{Column, Entity};
    let rows = Entity::find().filter(Column::Orders.ne(0)).order_by_asc(Column::State).all(db).await?;
    Ok(rows.into_iter().map(|row| StateCount { state: state(row.state), orders: row.orders }).collect())
}

async fn by_currency(db: &impl ConnectionTrait) -> Result<Vec<MoneyFlow>, DbErr> {
    let rows = money::Entity::find().order_by_asc(money::Column::Currency).all(db).await?;
    let flow = |row: money::Model| MoneyFlow { currency: row.currency, taken: row.taken, refunded: row.refunded };
    Ok(rows.into_iter().map(flow).collect())
}

async fn time_to_confirm(db: &impl ConnectionTrait) -> Result<TimeToConfirm, DbErr> {
    let rows = confirm_times::Entity::find().order_by_asc(confirm_times::Column::Bucket).all(db).await?;
    let counts = rows.into_iter().map(|row| (usize::try_from(row.bucket).unwrap_or(0), row.orders));
    Ok(TimeToConfirm::of(&counts.collect::<Vec<_>>()))
}

async fn worst_stock_outs(db: &impl ConnectionTrait) -> Result<Vec<StockOut>, DbErr> {
    use stock_outs::{Column, Entity};
    let query = Entity::find().order_by_desc(Column::Refusals).order_by_desc(Column::Sku).limit(STOCK_OUTS);
    let shown = |row: stock_outs::Model| StockOut {
        sku: row.sku,
        refusals: row.refusals,
        last_at: Timestamp::from_millis(row.last_at),
    };
    Ok(query.all(db).await?.into_iter().map(shown).collect())
}

/// At most 200 rows are there to be sorted.
async fn latest_changes(db: &impl ConnectionTrait) -> Result<Vec<Change>, DbErr> {
    let query = changes::Entity::find().order_by_desc(changes::Column::Number).limit(LATEST);
    let shown = |row: changes::Model| Change {
        number: row.number,
        at: Timestamp::from_millis(row.at),
        order_id: row.order_id,
        from: state(row.from_state),
        to: state(row.to_state),
        cause: row.cause,
        total: Money { currency_code: row.currency, minor_units: row.minor_units },
    };
    Ok(query.all(db).await?.into_iter().map(shown).collect())
}

/// The ring may still hold steps of an hour that is over: only those within an hour of the latest count.
async fn last_steps(db: &impl ConnectionTrait) -> Result<Vec<Step>, DbErr> {
    let rows = steps::Entity::find().order_by_asc(steps::Column::Step).all(db).await?;
    let oldest = rows.last().map_or(0, |latest| latest.step - STEPS + 1);
    let shown = |row: steps::Model| Step {
        start: Timestamp::from_millis(row.step * STEP),
        received: row.received,
        confirmed: row.confirmed,
        ended: row.ended,
    };
    Ok(rows.into_iter().filter(|row| row.step >= oldest).map(shown).collect())
}

/// Who has been heard of.
pub async fn sources(db: &impl ConnectionTrait) -> Result<Vec<Source>, DbErr> {
    use tables::sources::{Column, Entity};
    let rows = Entity::find().order_by_asc(Column::Source).all(db).await?;
    let shown = |row: tables::sources::Model| Source {
        source: row.source,
        events: row.events,
        last_at: Timestamp::from_millis(row.last_at),
    };
    Ok(rows.into_iter().map(shown).collect())
}

/// Only known states are ever written.
fn state(number: i64) -> OrderState {
    i32::try_from(number).ok().and_then(|number| OrderState::try_from(number).ok()).unwrap_or_default()
}
