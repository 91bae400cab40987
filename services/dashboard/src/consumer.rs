//! Events in: each adds to the projections, in the unit that also keeps the event's place in the bus.

use crate::{domain::Delta, store};
use ::store::Tx;
use futures::future::BoxFuture;
use journal::{Consumer, Event, Indigestible};

/// Keeps the projections.
pub struct Projector;

impl Consumer for Projector {
    fn consume<'a>(&'a self, tx: &'a Tx, event: &'a Event) -> BoxFuture<'a, Result<(), Indigestible>> {
        Box::pin(async move { self.consume_all(tx, &[event]).await })
    }

    /// Summed up first and written once: a few statements for some hundred events.
    fn consume_all<'a>(&'a self, tx: &'a Tx, events: &'a [&'a Event]) -> BoxFuture<'a, Result<(), Indigestible>> {
        Box::pin(async move {
            let mut delta = Delta::default();
            for event in events {
                delta
                    .take_in(&event.source, &event.kind, &event.payload, event.at)
                    .map_err(|unclear| Indigestible::Poison(format!("{}: {unclear}", event.kind)))?;
            }
            store::apply(tx, &delta).await?;
            tx.announce(); // open pages want to know
            Ok(())
        })
    }
}
