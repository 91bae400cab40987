//! What a consumer's unit took from its source, whichever way it came: see [`cursor`](crate::cursor) and
//! [`deliveries`](crate::deliveries).

use crate::outbox::Entry;
use sea_orm::{ConnectionTrait, DbBackend};
use std::{
    borrow::Cow,
    collections::{BTreeMap, BTreeSet},
};
use store::{Store, StoreError};

/// How events come to a consumer. Decided by the engine that source and consumer are kept on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Way {
    /// One writer at a time: events are committed in the order of their numbers, and a place among them says which
    /// were had.
    Cursor,
    /// Writers side by side: a low number may be committed after a high one. Each event has a row for each consumer.
    Deliveries,
}

impl Way {
    pub fn of(backend: DbBackend) -> Self {
        match backend {
            DbBackend::Postgres => Self::Deliveries,
            _ => Self::Cursor,
        }
    }

    /// The way to a consumer that is kept in `store`.
    pub async fn to(store: &Store) -> Result<Self, StoreError> {
        store.read((), |tx, ()| Box::pin(async move { Ok(Self::of(tx.get_database_backend())) })).await
    }
}

/// Events that a unit is to digest, in their order.
#[derive(Default)]
pub(crate) struct Taken<'a> {
    pub entries: Cow<'a, [Entry]>,
    /// Which of them were had before, by their place among the entries.
    pub had: BTreeSet<usize>,
    /// Keys of which earlier events are parked.
    pub held: BTreeSet<String>,
}

/// What came of taking.
pub(crate) enum Take<'a> {
    All(Taken<'a>),
    /// Another has the consumer's turn, or has moved its cursor: nothing was done.
    NotNow,
    /// Some of the events were had before, which was not expected: to be taken again, expecting it.
    Repeats,
}

/// Which of `ids` come for the second time, by their place: those for which `known` says so, and those that stand here
/// twice.
pub(crate) fn repeated<'a>(
    ids: impl Iterator<Item = &'a str>,
    mut known: impl FnMut(usize, &str) -> bool,
) -> BTreeSet<usize> {
    let mut first = BTreeMap::new();
    let places =
        ids.enumerate().filter(|(place, id)| known(*place, id) || *first.entry(*id).or_insert(*place) != *place);
    places.map(|(place, _)| place).collect()
}
