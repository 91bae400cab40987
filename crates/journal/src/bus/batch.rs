//! Some hundred events digested in one unit: inbox, effects, parked events and cursor, all or nothing.
//!
//! The unit assumes the best: all events new, all digestible. When it finds otherwise it is rolled back, and run again
//! knowing what it found; that is rare, and the usual way stays short.

use super::{Consumer, Indigestible};
use crate::{Event, cursor, inbox, outbox::Entry, parked};
use ambient::Timestamp;
use parking_lot::Mutex;
use sea_orm::DbErr;
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};
use store::{Store, StoreError, Tx};

pub(super) struct Batch {
    consumer: &'static str,
    source: &'static str,
    handler: Arc<dyn Consumer>,
    /// Where the cursor must stand.
    from: i64,
    entries: Vec<Entry>,
    found: Mutex<Found>,
}

/// What earlier runs of the unit found.
#[derive(Clone, Default)]
struct Found {
    /// Some events were had before: which, is asked from now on.
    repeats: bool,
    /// Events that cannot be digested, by their place in the batch, and why.
    poison: BTreeMap<usize, String>,
    /// The event being digested, for a panic says nothing of itself.
    at: Option<usize>,
    /// Something is wrong with one of the events: they are digested one by one, to find which.
    singly: bool,
    /// The last run was rolled back to be run again.
    again: bool,
}

pub(super) enum Digested {
    /// The cursor stands here now.
    Until(i64),
    /// The cursor was moved by someone else: nothing was done.
    Moved,
}

impl Batch {
    pub fn new(
        consumer: &'static str,
        source: &'static str,
        handler: Arc<dyn Consumer>,
        from: i64,
        entries: Vec<Entry>,
    ) -> Self {
        Self { consumer, source, handler, from, entries, found: Mutex::default() }
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
        let Some(last) = self.entries.last() else { return Ok(Digested::Until(self.from)) };
        if !cursor::advance(tx, self.consumer, self.source, self.from, last.seq).await? {
            return Ok(Digested::Moved);
        }
        let found = {
            let mut found = self.found.lock();
            (found.again, found.at) = (false, None);
            found.clone()
        };
        let had = self.note(tx, &found).await?;
        let mut held = parked::keys(tx, self.consumer, self.source).await?;
        let mut park: Vec<(&Entry, String)> = Vec::new();
        let mut digest: Vec<usize> = Vec::new();
        for (index, entry) in self.entries.iter().enumerate().filter(|(index, _)| !had.contains(index)) {
            if let Some(reason) = found.poison.get(&index) {
                held.insert(entry.event.key.clone());
                park.push((entry, reason.clone()));
            } else if held.contains(&entry.event.key) {
                park.push((entry, "stands behind another of its key".to_owned()));
            } else {
                digest.push(index);
            }
        }
        if found.singly {
            for index in digest {
                self.consume(tx, index, &self.entries[index]).await?;
            }
        } else {
            self.consume_all(tx, &digest).await?;
        }
        parked::park(tx, self.consumer, &park, now).await?;
        Ok(Digested::Until(last.seq))
    }

    /// Notes the events in the inbox; those had before, by their place in the batch.
    async fn note(&self, tx: &Tx, found: &Found) -> Result<BTreeSet<usize>, DbErr> {
        let ids = || self.entries.iter().map(|entry| entry.event.id.as_str());
        let mut had = BTreeSet::new();
        if found.repeats {
            let mut known = inbox::known(tx, self.consumer, ids().map(str::to_owned).collect()).await?;
            // One that stands twice in this batch is had once it is had.
            had = ids().enumerate().filter(|(_, id)| !known.insert((*id).to_owned())).map(|(index, _)| index).collect();
        }
        let fresh = ids().enumerate().filter(|(index, _)| !had.contains(index)).map(|(_, id)| id);
        let expected = self.entries.len() - had.len();
        if inbox::note(tx, self.consumer, fresh).await? == expected as u64 {
            return Ok(had);
        }
        self.found.lock().repeats = true;
        Err(self.again())
    }

    /// The usual way: all events at once.
    async fn consume_all(&self, tx: &Tx, digest: &[usize]) -> Result<(), DbErr> {
        let events: Vec<&Event> = digest.iter().map(|index| &self.entries[*index].event).collect();
        if events.is_empty() {
            return Ok(());
        }
        match self.handler.consume_all(tx, &events).await {
            Ok(()) => Ok(()),
            Err(Indigestible::Store(error)) => Err(error),
            Err(Indigestible::Poison(_)) => {
                self.found.lock().singly = true;
                Err(self.again())
            }
        }
    }

    async fn consume(&self, tx: &Tx, index: usize, entry: &Entry) -> Result<(), DbErr> {
        self.found.lock().at = Some(index);
        match self.handler.consume(tx, &entry.event).await {
            Ok(()) => {
                self.found.lock().at = None;
                Ok(())
            }
            Err(Indigestible::Store(error)) => Err(error),
            Err(Indigestible::Poison(reason)) => {
                self.poisoned(index, reason);
                Err(self.again())
            }
        }
    }

    /// Parks the event that was being digested when the unit went wrong; if that is not known, it is looked for. When
    /// there was none it was no event's fault.
    fn blame(&self, reason: String) -> Result<(), StoreError> {
        let (at, singly) = {
            let mut found = self.found.lock();
            (found.at, std::mem::replace(&mut found.singly, true))
        };
        match at {
            Some(index) => self.poisoned(index, reason),
            None if singly => return Err(StoreError::Panicked(reason)),
            None => {}
        }
        Ok(())
    }

    fn poisoned(&self, index: usize, reason: String) {
        let event = &self.entries[index].event;
        let (consumer, source) = (self.consumer, self.source);
        tracing::warn!(consumer, source, event = event.id, kind = event.kind, key = event.key, reason, "event parked");
        self.found.lock().poison.insert(index, reason);
    }

    fn again(&self) -> DbErr {
        self.found.lock().again = true;
        DbErr::Custom("the batch is run again".to_owned())
    }
}
