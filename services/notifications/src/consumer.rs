//! Events in: one mail row an event, in the unit that also keeps the event's place in the bus.

use crate::{
    domain::{self, Letter},
    store,
};
use ::store::Tx;
use api::order::v1::OrderChanged;
use futures::future::BoxFuture;
use journal::{Consumer, Event, Indigestible};
use prost::Message;

/// The kind of event that customers hear of.
pub const ORDER_CHANGED: &str = "outrigger.order.v1.OrderChanged";

/// Writes mails and wakes the sender.
pub struct Scribe;

impl Consumer for Scribe {
    fn consume<'a>(&'a self, tx: &'a Tx, event: &'a Event) -> BoxFuture<'a, Result<(), Indigestible>> {
        Box::pin(async move {
            if event.kind != ORDER_CHANGED {
                return Ok(()); // orders may come to publish what is not for customers
            }
            let Some(letter) = read(event)? else { return Ok(()) };
            store::insert(tx, letter).await.map_err(Indigestible::Store)?;
            tx.announce(); // wakes the sender
            Ok(())
        })
    }
}

/// The letter that an event is worth. What cannot be read is poison; why never quotes the event, which holds an address.
fn read(event: &Event) -> Result<Option<Letter>, Indigestible> {
    let poison = |why: String| Indigestible::Poison(format!("{ORDER_CHANGED}: {why}"));
    let change = OrderChanged::decode(event.payload.as_slice()).map_err(|error| poison(error.to_string()))?;
    let template = domain::worth_telling(&change).map_err(|unclear| poison(unclear.to_string()))?;
    Ok(template.map(|template| Letter {
        event_id: event.id.clone(),
        amount: domain::amount(template, &change),
        cause: change.change.map(|change| change.cause).unwrap_or_default(),
        order_id: change.order_id,
        template,
        recipient: change.email,
        at: event.at,
        attempts: 0,
    }))
}
