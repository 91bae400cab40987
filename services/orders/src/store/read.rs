//! Orders as they are read back.

use super::entity::{charge, line, orders};
use crate::domain::{Cancel, Charge, Content, Line, Method, OnFailure, Order, Parked, Policy, Waiver, state_named};
use ambient::Timestamp;
use sea_orm::{ColumnTrait, DbErr, EntityTrait, QueryFilter, QueryOrder, QuerySelect};
use std::{collections::HashMap, sync::Arc, time::Duration};
use store::Tx;

/// How many keys one query names.
const KEYS: usize = 500;

/// One order, whole.
pub async fn find(tx: &Tx, order_id: &str) -> Result<Option<Order>, DbErr> {
    Ok(find_many(tx, &[order_id.to_owned()]).await?.pop())
}

/// One order without its lines and charges: enough to tell of it.
pub async fn find_bare(tx: &Tx, order_id: &str) -> Result<Option<Order>, DbErr> {
    let found = orders::Entity::find_by_id(order_id.to_owned()).one(tx).await?;
    found.map(|row| order(row, Vec::new(), Vec::new())).transpose()
}

/// The same to move it on: its row is held until the unit ends where units run side by side. Whoever decides on its
/// saga too holds that first (`Engine::hold`): every unit takes saga, order, lines in this order.
pub async fn hold_bare(tx: &Tx, order_id: &str) -> Result<Option<Order>, DbErr> {
    let found = orders::Entity::find_by_id(order_id.to_owned()).lock_exclusive().one(tx).await?;
    found.map(|row| order(row, Vec::new(), Vec::new())).transpose()
}

/// One order, whole and held: what its lines say stays so as well, for they change under this lock alone.
pub async fn hold(tx: &Tx, order_id: &str) -> Result<Option<Order>, DbErr> {
    let found = orders::Entity::find_by_id(order_id.to_owned()).lock_exclusive().one(tx).await?;
    Ok(whole(tx, found.into_iter().collect()).await?.pop())
}

/// Orders, whole, in no particular order.
pub async fn find_many(tx: &Tx, ids: &[String]) -> Result<Vec<Order>, DbErr> {
    let mut found = Vec::with_capacity(ids.len());
    for ids in ids.chunks(KEYS) {
        let rows = orders::Entity::find().filter(orders::Column::Id.is_in(ids)).all(tx).await?;
        found.extend(whole(tx, rows).await?);
    }
    Ok(found)
}

/// Completes rows with their lines and charges, keeping their order.
pub async fn whole(tx: &Tx, rows: Vec<orders::Model>) -> Result<Vec<Order>, DbErr> {
    let ids: Vec<&str> = rows.iter().map(|row| row.id.as_str()).collect();
    let mut lines: HashMap<String, Vec<Line>> = HashMap::new();
    let mut charges: HashMap<String, Vec<Charge>> = HashMap::new();
    for ids in ids.chunks(KEYS) {
        let found = line::Entity::find()
            .filter(line::Column::OrderId.is_in(ids.iter().copied()))
            .order_by_asc(line::Column::OrderId)
            .order_by_asc(line::Column::Line);
        for row in found.all(tx).await? {
            lines.entry(row.order_id).or_default().push(Line {
                sku: row.sku,
                title: row.title,
                quantity: row.quantity,
                unit_price: row.unit_price,
                returned: row.returned,
            });
        }
        let found = charge::Entity::find()
            .filter(charge::Column::OrderId.is_in(ids.iter().copied()))
            .order_by_asc(charge::Column::OrderId)
            .order_by_asc(charge::Column::Line);
        for row in found.all(tx).await? {
            let charge = Charge { code: row.code, title: row.title, amount: row.amount };
            charges.entry(row.order_id).or_default().push(charge);
        }
    }
    rows.into_iter()
        .map(|row| {
            let (lines, charges) = (lines.remove(&row.id), charges.remove(&row.id));
            order(row, lines.unwrap_or_default(), charges.unwrap_or_default())
        })
        .collect()
}

fn order(row: orders::Model, lines: Vec<Line>, charges: Vec<Charge>) -> Result<Order, DbErr> {
    let broken = || DbErr::Custom(format!("order {} holds values that this program never writes", row.id));
    let policy = Policy::named(&row.failure_action).ok_or_else(broken)?;
    let on_failure = match row.retry_for {
        None => OnFailure::Settled(policy),
        Some(millis) => OnFailure::Retry {
            retry_for: Duration::from_millis(u64::try_from(millis).map_err(|_| broken())?),
            then: policy,
        },
    };
    let state = state_named(&row.state).ok_or_else(broken)?;
    let method = Method::named(&row.method).ok_or_else(broken)?;
    let time = Timestamp::from_millis;
    Ok(Order {
        state,
        cause: row.cause,
        reason: row.reason,
        sequence: row.sequence,
        taken: row.taken != 0,
        payment_id: row.payment_id,
        shipment_id: row.shipment_id,
        returned_total: row.returned_total,
        cancel: row.cancel_actor.zip(row.cancel_reason).map(|(actor, reason)| Cancel { actor, reason }),
        parked: row.parked_step.zip(row.parked_at).map(|(step, at)| Parked { step, at: time(at) }),
        waiver: row.waiver_actor.zip(row.waiver_note).zip(row.waiver_at).map(|((actor, note), at)| Waiver {
            actor,
            note,
            at: time(at),
        }),
        updated_at: time(row.updated_at),
        content: Arc::new(Content {
            order_id: row.id,
            customer_id: row.customer_id,
            email: row.email,
            lines,
            charges,
            method,
            token: row.token,
            on_failure,
            currency: row.currency,
            total: row.total,
            created_at: time(row.created_at),
            trace: row.trace,
        }),
    })
}
