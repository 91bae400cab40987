//! The effect of a parcel that went: what was promised to its order is shipped. Part of the consumer's unit.

use super::{reservation, stock};
use crate::domain::{Kind, OrderId, Shipping, State};
use journal::Stamp;
use sea_orm::DbErr;
use store::Tx;

/// What came of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dispatched {
    /// Shipped now, or before, or nothing of the order was ever in stock (an order of charges alone).
    Settled,
    /// The goods went although they were not promised.
    Unpromised(State),
}

pub async fn dispatched(tx: &Tx, stamp: &Stamp, order: &OrderId) -> Result<Dispatched, DbErr> {
    let Some(before) = reservation::find(tx, order).await? else { return Ok(Dispatched::Settled) };
    match before.ship() {
        Shipping::Keep => Ok(Dispatched::Settled),
        Shipping::Unpromised(state) => Ok(Dispatched::Unpromised(state)),
        Shipping::Go => {
            stock::move_lines(tx, Kind::Ship, &before.wanted(), &order.0, stamp.now).await?;
            reservation::turn(tx, stamp, before, State::Shipped).await?;
            Ok(Dispatched::Settled)
        }
    }
}
