//! Rows of reservations: found, taken, changed. Whoever changes one tells of it in the same unit (I6), while it holds the
//! row: so the events of an order get their numbers in the order in which their units commit, and the bus, which carries
//! the events of a key by number, tells of no change before the one it followed. What tells of an order without a row (that
//! stock was lacking) is told by a unit that has named the order: see [`journal::alone`].

use super::{
    CHUNK,
    entity::{reservation, reservation_line},
};
use crate::{
    domain::{Held, Lines, OrderId, Reservation, Sku, State},
    messages,
};
use ambient::Timestamp;
use journal::{Event, Stamp, outbox};
use sea_orm::{
    ActiveValue::Set,
    ColumnTrait, ConnectionTrait, DbErr, EntityTrait, QueryFilter, QueryOrder, QuerySelect,
    sea_query::{Expr, ExprTrait},
};
use std::collections::BTreeMap;
use store::Tx;

/// The order's reservation, locked where the engine has row locks.
pub async fn find(tx: &Tx, order: &OrderId) -> Result<Option<Reservation>, DbErr> {
    let Some(row) = reservation::Entity::find_by_id(order.0.clone()).lock_exclusive().one(tx).await? else {
        return Ok(None);
    };
    Ok(with_lines(tx, vec![row]).await?.pop())
}

/// Those of several orders, locked in the order in which everybody does who locks several.
pub async fn find_all(tx: &Tx, orders: impl Iterator<Item = &OrderId>) -> Result<Vec<Reservation>, DbErr> {
    let rows = reservation::Entity::find()
        .filter(reservation::Column::OrderId.is_in(orders.map(|order| order.0.clone())))
        .order_by_asc(reservation::Column::OrderId)
        .lock_exclusive()
        .all(tx)
        .await?;
    with_lines(tx, rows).await
}

/// Adds their lines to some rows, keeping the rows' order.
pub async fn with_lines<C: ConnectionTrait>(tx: &C, rows: Vec<reservation::Model>) -> Result<Vec<Reservation>, DbErr> {
    let orders = rows.iter().map(|row| row.order_id.clone());
    let lines = reservation_line::Entity::find()
        .filter(reservation_line::Column::OrderId.is_in(orders))
        .order_by_asc(reservation_line::Column::OrderId)
        .order_by_asc(reservation_line::Column::Sku)
        .all(tx)
        .await?;
    let mut by_order: BTreeMap<String, Vec<Held>> = BTreeMap::new();
    for line in lines {
        let held = Held { sku: Sku(line.sku), quantity: line.quantity, returned: line.returned };
        by_order.entry(line.order_id).or_default().push(held);
    }
    rows.into_iter().map(|row| whole(row, &mut by_order)).collect()
}

fn whole(row: reservation::Model, lines: &mut BTreeMap<String, Vec<Held>>) -> Result<Reservation, DbErr> {
    let state = State::parse(&row.state)
        .ok_or_else(|| DbErr::Custom(format!("reservation {} is in no state: {}", row.order_id, row.state)))?;
    Ok(Reservation {
        lines: lines.remove(&row.order_id).unwrap_or_default(),
        order: OrderId(row.order_id),
        state,
        expires_at: Timestamp::from_millis(row.expires_at),
        version: row.version,
    })
}

/// Writes a hold of `lines`, in place of one that expired, and tells of it.
pub async fn hold(
    tx: &Tx,
    stamp: &Stamp,
    before: Option<Reservation>,
    order: &OrderId,
    lines: &Lines,
    until: Timestamp,
) -> Result<Reservation, DbErr> {
    match before {
        Some(mut expired) => {
            if expired.wanted() != *lines {
                let old = reservation_line::Column::OrderId.eq(order.0.clone());
                reservation_line::Entity::delete_many().filter(old).exec(tx).await?;
                expired.lines = insert_lines(tx, order, lines).await?;
            }
            expired.expires_at = until;
            turn(tx, stamp, expired, State::Held).await
        }
        None => {
            let row = reservation::ActiveModel {
                order_id: Set(order.0.clone()),
                state: Set(State::Held.name().to_owned()),
                expires_at: Set(until.as_millis()),
                version: Set(1),
            };
            reservation::Entity::insert(row).exec_without_returning(tx).await?;
            let lines = insert_lines(tx, order, lines).await?;
            let held = Reservation { order: order.clone(), state: State::Held, lines, expires_at: until, version: 1 };
            tell(tx, stamp, &held).await?;
            Ok(held)
        }
    }
}

async fn insert_lines(tx: &Tx, order: &OrderId, lines: &Lines) -> Result<Vec<Held>, DbErr> {
    let held: Vec<Held> =
        lines.iter().map(|(sku, quantity)| Held { sku: sku.clone(), quantity, returned: 0 }).collect();
    for held in held.chunks(CHUNK) {
        let rows = held.iter().map(|line| reservation_line::ActiveModel {
            order_id: Set(order.0.clone()),
            sku: Set(line.sku.0.clone()),
            quantity: Set(line.quantity),
            returned: Set(0),
        });
        reservation_line::Entity::insert_many(rows).exec_without_returning(tx).await?;
    }
    Ok(held)
}

/// Brings a reservation into `state` and tells of it.
pub async fn turn(tx: &Tx, stamp: &Stamp, before: Reservation, state: State) -> Result<Reservation, DbErr> {
    let after = Reservation { state, version: before.version + 1, ..before };
    reservation::Entity::update_many()
        .col_expr(reservation::Column::State, Expr::value(state.name()))
        .col_expr(reservation::Column::ExpiresAt, Expr::value(after.expires_at.as_millis()))
        .col_expr(reservation::Column::Version, Expr::value(after.version))
        .filter(reservation::Column::OrderId.eq(after.order.0.clone()))
        .exec(tx)
        .await?;
    tell(tx, stamp, &after).await?;
    Ok(after)
}

/// Brings reservations into `state`, all in one statement, and tells of each by its own event, made of the reservation as
/// it is then and its place among them.
pub async fn turn_all(
    tx: &Tx,
    before: Vec<Reservation>,
    state: State,
    event: impl Fn(&Reservation, usize) -> Event,
) -> Result<(), DbErr> {
    reservation::Entity::update_many()
        .col_expr(reservation::Column::State, Expr::value(state.name()))
        .col_expr(reservation::Column::Version, Expr::col(reservation::Column::Version).add(1))
        .filter(reservation::Column::OrderId.is_in(before.iter().map(|reservation| reservation.order.0.clone())))
        .exec(tx)
        .await?;
    let after = before.into_iter().map(|before| Reservation { state, version: before.version + 1, ..before });
    let events: Vec<Event> = after.enumerate().map(|(place, after)| event(&after, place)).collect();
    outbox::append_all(tx, &events).await
}

/// Counts what came back of an order.
pub async fn count_returned(tx: &Tx, order: &OrderId, lines: &Lines) -> Result<(), DbErr> {
    for (sku, quantity) in lines.iter() {
        reservation_line::Entity::update_many()
            .col_expr(reservation_line::Column::Returned, Expr::col(reservation_line::Column::Returned).add(quantity))
            .filter(reservation_line::Column::OrderId.eq(order.0.clone()))
            .filter(reservation_line::Column::Sku.eq(sku.0.clone()))
            .exec(tx)
            .await?;
    }
    Ok(())
}

/// While the row is held: see above.
async fn tell(tx: &Tx, stamp: &Stamp, after: &Reservation) -> Result<(), DbErr> {
    outbox::append(tx, &messages::changed(stamp, after, 0)).await
}
