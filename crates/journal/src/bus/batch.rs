//! Some hundred events digested in one unit: taken, noted, their effects had, parked: all or nothing.
//!
//! The unit assumes the best: all events new, all digestible. When it finds otherwise it is rolled back, and run again
//! knowing what it found; that is rare, and the usual way stays short. What it found of an event is kept by the event's
//! identifier: where the unit itself claims events, another run may have more of them.

use super::{
    Consumer, Indigestible,
    portion::{Names, Portion},
    spans,
};
use crate::{
    Event,
    outbox::Entry,
    parked,
    taken::{Take, Taken},
};
use ambient::Timestamp;
use parking_lot::Mutex;
use sea_orm::DbErr;
use std::{borrow::Cow, collections::BTreeMap, sync::Arc};
use store::{Store, StoreError, Tx};
use telemetry::Work;

pub(super) struct Batch {
    names: Names,
    handler: Arc<dyn Consumer>,
    portion: Portion,
    found: Mutex<Found>,
}

/// What earlier runs of the unit found.
#[derive(Clone, Default)]
struct Found {
    /// Some events were had before: which, is asked from now on.
    repeats: bool,
    /// Events that cannot be digested, by their identifiers, and why.
    poison: BTreeMap<String, String>,
    /// The event being digested, for a panic says nothing of itself.
    at: Option<Event>,
    /// Something is wrong with one of the events: they are digested one by one, to find which.
    singly: bool,
    /// The last run was rolled back to be run again.
    again: bool,
}

pub(super) enum Digested {
    /// So many events, of which the last bears this number.
    Had { events: usize, until: i64 },
    /// Someone else has the turn, or has moved the cursor: nothing was done.
    NotNow,
}

impl Batch {
    pub fn new(names: Names, handler: Arc<dyn Consumer>, portion: Portion) -> Self {
        Self { names, handler, portion, found: Mutex::default() }
    }

    /// Runs the unit until it is kept. Errors are the store's own.
    pub async fn digest(self: Arc<Self>, store: &Store, now: Timestamp) -> Result<Digested, StoreError> {
        loop {
            let args = (Arc::clone(&self), now);
            let run = store.unit(args, |tx, (batch, now)| Box::pin(async move { batch.run(tx, *now).await })).await;
            match run {
                Err(StoreError::Db(_)) if std::mem::take(&mut self.found.lock().again) => {}
                Err(StoreError::Panicked(message)) => self.blame(format!("panicked: {message}"))?,
                Err(StoreError::Suspended) => self.blame("awaited something other than its Tx".to_owned())?,
                ended => return ended,
            }
        }
    }

    async fn run(&self, tx: &Tx, now: Timestamp) -> Result<Digested, DbErr> {
        let found = {
            let mut found = self.found.lock();
            (found.again, found.at) = (false, None);
            found.clone()
        };
        let taken = match self.portion.take(tx, self.names, found.repeats).await? {
            Take::All(taken) => taken,
            Take::NotNow => return Ok(Digested::NotNow),
            Take::Repeats => {
                self.found.lock().repeats = true;
                return Err(self.again());
            }
        };
        let (digest, park) = sorted(&taken, &found);
        let spans = spans::begin(self.names, &digest, &park);
        let digest = spans::causing(&spans, digest);
        if found.singly {
            for event in &digest {
                self.consume(tx, event).await?;
            }
        } else if !digest.is_empty() {
            self.consume_all(tx, &digest).await?;
        }
        parked::park(tx, self.names.consumer, &park, now).await?;
        // Dropped without being run when the unit is rolled back: then the spans say so.
        tx.on_commit(Box::new(|| spans.done()));
        Ok(Digested::Had { events: taken.entries.len(), until: taken.entries.last().map_or(0, |last| last.seq) })
    }

    /// The usual way: all events at once.
    async fn consume_all(&self, tx: &Tx, events: &[Cow<'_, Event>]) -> Result<(), DbErr> {
        let events: Vec<&Event> = events.iter().map(AsRef::as_ref).collect();
        match self.handler.consume_all(tx, &events).await {
            Ok(()) => Ok(()),
            Err(Indigestible::Store(error)) => Err(error),
            Err(Indigestible::Poison(_)) => {
                self.found.lock().singly = true;
                Err(self.again())
            }
        }
    }

    async fn consume(&self, tx: &Tx, event: &Event) -> Result<(), DbErr> {
        self.found.lock().at = Some(event.clone());
        match self.handler.consume(tx, event).await {
            Ok(()) => {
                self.found.lock().at = None;
                Ok(())
            }
            Err(Indigestible::Store(error)) => Err(error),
            Err(Indigestible::Poison(reason)) => {
                self.poisoned(event, reason);
                Err(self.again())
            }
        }
    }

    /// Parks the event that was being digested when the unit went wrong; if that is not known, it is looked for. When
    /// there was none it was no event's fault.
    fn blame(&self, reason: String) -> Result<(), StoreError> {
        let (at, singly) = {
            let mut found = self.found.lock();
            (found.at.take(), std::mem::replace(&mut found.singly, true))
        };
        match at {
            Some(event) => self.poisoned(&event, reason),
            None if singly => return Err(StoreError::Panicked(reason)),
            None => {}
        }
        Ok(())
    }

    fn poisoned(&self, event: &Event, reason: String) {
        let Names { consumer, source } = self.names;
        let Event { id, kind, key, trace, .. } = event;
        Work::stored(trace.as_deref().unwrap_or_default()).sync_scope(|| {
            tracing::warn!(consumer, source, event = id, kind, key, reason, "event parked");
        });
        let mut found = self.found.lock();
        found.poison.insert(event.id.clone(), reason);
        // The rest is digested together again: should there be another, it is looked for again.
        found.singly = false;
    }

    fn again(&self) -> DbErr {
        self.found.lock().again = true;
        DbErr::Custom("the batch is run again".to_owned())
    }
}

/// Which events are to be digested, and which to be parked and why.
fn sorted<'a>(taken: &'a Taken<'_>, found: &Found) -> (Vec<&'a Event>, Vec<(&'a Entry, String)>) {
    let mut held = taken.held.clone();
    let (mut digest, mut park) = (Vec::new(), Vec::new());
    for (place, entry) in taken.entries.iter().enumerate() {
        if taken.had.contains(&place) {
            continue;
        }
        if let Some(reason) = found.poison.get(&entry.event.id) {
            held.insert(entry.event.key.clone());
            park.push((entry, reason.clone()));
        } else if held.contains(&entry.event.key) {
            park.push((entry, "stands behind another of its key".to_owned()));
        } else {
            digest.push(&entry.event);
        }
    }
    (digest, park)
}
