//! What an operator asks of the bus: who is behind whom, by how much, and what was set aside.

use super::{Bus, Names, Route};
use crate::{cursor, deliveries, outbox, parked, taken::Way};
use ambient::Timestamp;
use store::{Store, StoreError};

/// More deliveries than this are not counted: they are rows, and counting them takes a step each.
const MOST: u64 = 100_000;

/// How far a consumer is behind one of its sources.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lag {
    /// Who published.
    pub source: &'static str,
    /// Who has yet to have the events.
    pub consumer: &'static str,
    /// Events that it has not had. On PostgreSQL 100,000 stands for as many or more.
    pub waiting: u64,
    /// When the first of them happened.
    pub oldest: Option<Timestamp>,
    /// Events that it could not digest, and those of their keys behind them.
    pub parked: u64,
}

impl Bus {
    /// How far each consumer is behind each of its sources. Without those whose stores cannot be read at the moment, or
    /// are not there yet.
    pub async fn lag(&self) -> Vec<Lag> {
        let mut all = Vec::new();
        for Route { names, way, store } in self.routes() {
            let Some(outbox) = self.source(names.source) else { continue };
            let Names { consumer, source } = names;
            let waiting = match way {
                Way::Cursor => behind(names, &store, &outbox).await,
                Way::Deliveries => owed(names, &outbox).await,
            };
            match (waiting, parked::of(&store, consumer, source).await) {
                (Ok((waiting, oldest)), Ok(parked)) => all.push(Lag { source, consumer, waiting, oldest, parked }),
                (Err(error), _) | (_, Err(error)) => {
                    tracing::debug!(consumer, source, %error, "how many wait is not known")
                }
            }
        }
        all
    }
}

/// Numbers have no gaps here, so that they need not be counted.
async fn behind(names: Names, store: &Store, outbox: &Store) -> Result<(u64, Option<Timestamp>), StoreError> {
    let position = cursor::position(store, names.consumer, names.source).await?;
    let newest = outbox::newest(outbox).await?;
    let first = outbox::after(outbox, names.source, position, 1).await?;
    let waiting = newest.saturating_sub(position).max(0).cast_unsigned();
    Ok((waiting, first.first().map(|entry| entry.event.at)))
}

async fn owed(names: Names, outbox: &Store) -> Result<(u64, Option<Timestamp>), StoreError> {
    let owed = outbox.read(names, |tx, Names { consumer, source }| {
        Box::pin(async move { deliveries::waiting(tx, consumer, source, MOST).await })
    });
    owed.await
}
