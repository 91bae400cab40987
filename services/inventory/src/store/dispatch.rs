//! The effect of parcels that went: what was promised to their orders is shipped. Part of the consumer's unit, which holds
//! the events of many orders: all reservations are locked at once, and the stock once, at the end, whichever SKUs they are.

use super::{
    reservation,
    stock::{self, Entry},
};
use crate::{
    domain::{Kind, OrderId, Reservation, Shipping, State},
    messages,
};
use journal::Stamp;
use sea_orm::DbErr;
use store::Tx;

/// A parcel that went.
pub struct Parcel {
    pub order: OrderId,
    /// Of the event that told of it.
    pub stamp: Stamp,
}

/// A parcel, by its place among those asked about, whose goods went although they were not promised.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Unpromised {
    pub place: usize,
    pub state: State,
}

/// Ships what was promised to the orders of `parcels`; what was shipped before stays so, and orders of which nothing was
/// ever in stock (charges alone) are none of ours. The first that was not promised, if any: then nothing was written.
pub async fn dispatched(tx: &Tx, parcels: &[Parcel]) -> Result<Option<Unpromised>, DbErr> {
    let Some(last) = parcels.last() else { return Ok(None) };
    let mut going: Vec<(Reservation, &Stamp)> = Vec::with_capacity(parcels.len());
    for found in reservation::find_all(tx, parcels.iter().map(|parcel| &parcel.order)).await? {
        let Some(place) = parcels.iter().position(|parcel| parcel.order == found.order) else { continue };
        match found.ship() {
            Shipping::Keep => {}
            Shipping::Unpromised(state) => return Ok(Some(Unpromised { place, state })),
            Shipping::Go => going.push((found, &parcels[place].stamp)),
        }
    }
    if going.is_empty() {
        return Ok(None);
    }
    let (reservations, stamps): (Vec<Reservation>, Vec<&Stamp>) = going.into_iter().unzip();
    let tell = |after: &Reservation, place: usize| messages::changed(stamps[place], after, 0);
    reservation::turn_all(tx, reservations.clone(), State::Shipped, tell).await?;
    let entries: Vec<Entry> = reservations.iter().flat_map(Entry::all).collect();
    stock::move_stock(tx, Kind::Ship, &entries, None, last.stamp.now).await?;
    Ok(None)
}
