//! The bus inside one process: the outboxes themselves, each consumer following them with a cursor of its own, or, where
//! units are committed side by side, taking the deliveries that it is owed.
//!
//! Nothing is copied on the way. A consumer wakes when its source commits an event, takes what is there in batches, and
//! commits effects, inbox and that it took them in one unit of its own store. What it has not had it finds again after
//! any crash.

mod batch;
mod follower;
mod forget;
mod lag;
mod portion;
mod settled;
mod spans;

pub use lag::Lag;

use crate::{Event, Retention, cursor, deliveries, outbox, taken::Way};
use ambient::Ambient;
use follower::Follower;
use parking_lot::Mutex;
use portion::Names;
use sea_orm::DbErr;
use std::{collections::BTreeMap, sync::Arc};
use store::{BoxFuture, Store, StoreError, Tx};
use tokio::sync::watch;
use tokio_util::{sync::CancellationToken, task::TaskTracker};

/// Why a consumer did not digest an event.
#[derive(Debug, thiserror::Error)]
pub enum Indigestible {
    /// It never will: the event is parked, and those of its key behind it. The text tells a person why.
    #[error("cannot be digested: {0}")]
    Poison(String),
    /// The store failed: the batch is tried again, for ever.
    #[error(transparent)]
    Store(#[from] DbErr),
}

/// What a service does with the events of another.
pub trait Consumer: Send + Sync + 'static {
    /// Has the event's effect, in a unit that holds up to some hundred events. It may be called again for the same
    /// event when that unit was rolled back; it awaits nothing but `tx`. Events it does not care for are `Ok`.
    fn consume<'a>(&'a self, tx: &'a Tx, event: &'a Event) -> BoxFuture<'a, Result<(), Indigestible>>;

    /// Has the effects of several events, in their order: for consumers whose effects add up, and cost less together.
    /// When it fails on an event, the unit is rolled back and run again event by event, to find which.
    fn consume_all<'a>(&'a self, tx: &'a Tx, events: &'a [&'a Event]) -> BoxFuture<'a, Result<(), Indigestible>> {
        Box::pin(async move {
            for event in events {
                self.consume(tx, event).await?;
            }
            Ok(())
        })
    }
}

/// Who follows whom.
pub struct Subscription {
    /// Whose cursor and inbox: a service's name.
    pub consumer: &'static str,
    /// Whose outbox: the name of a service, and of its store.
    pub source: &'static str,
    /// The consumer's own store.
    pub store: Store,
    pub handler: Arc<dyn Consumer>,
}

/// Carries events from publishers to consumers, and forgets what is old, until [`Bus::shutdown`]; till then it holds
/// their stores open. Cloning shares it.
#[derive(Clone)]
pub struct Bus(Arc<Inner>);

struct Inner {
    ambient: Ambient,
    retention: Retention,
    publishers: watch::Sender<BTreeMap<&'static str, Store>>,
    subscriptions: Mutex<Vec<Route>>,
    /// Counts batches digested, for those who wait until all are.
    digested: watch::Sender<u64>,
    /// Counts rewinds, for followers to look at their cursors again.
    rewound: watch::Sender<u64>,
    stop: CancellationToken,
    tasks: TaskTracker,
}

/// A subscription as the bus remembers it.
#[derive(Clone)]
struct Route {
    names: Names,
    way: Way,
    store: Store,
}

impl Bus {
    /// A bus inside this process. Needs a tokio runtime.
    pub fn embedded(ambient: Ambient) -> Self {
        Self::remembering(ambient, Retention::default())
    }

    /// The same, with a memory of its own length.
    pub fn remembering(ambient: Ambient, retention: Retention) -> Self {
        let bus = Self(Arc::new(Inner {
            ambient,
            retention,
            publishers: watch::Sender::default(),
            subscriptions: Mutex::default(),
            digested: watch::Sender::default(),
            rewound: watch::Sender::default(),
            stop: CancellationToken::new(),
            tasks: TaskTracker::new(),
        }));
        let forgetful = bus.clone();
        bus.0.tasks.spawn(async move { forgetful.forget().await });
        bus
    }

    /// Makes the outbox in `store` known as `name`'s. Consumers may have subscribed before.
    pub fn publisher(&self, name: &'static str, store: Store) {
        self.0.publishers.send_modify(|publishers| {
            publishers.insert(name, store);
        });
    }

    /// Begins to carry events: those that the consumer has not had, or, the first time, all that the outbox holds.
    ///
    /// # Errors
    /// When the consumer's store cannot place the cursor.
    pub async fn subscribe(&self, subscription: Subscription) -> Result<(), StoreError> {
        let Subscription { consumer, source, store, handler } = subscription;
        let (names, way) = (Names { consumer, source }, Way::to(&store).await?);
        if way == Way::Cursor {
            let names = (consumer, source);
            store.unit(names, |tx, (consumer, source)| Box::pin(cursor::place(tx, consumer, source))).await?;
        }
        self.0.subscriptions.lock().push(Route { names, way, store: store.clone() });
        let follower = Follower {
            names,
            way,
            store,
            handler,
            ambient: self.0.ambient.clone(),
            digested: self.0.digested.clone(),
            stop: self.0.stop.clone(),
        };
        let (publishers, rewound) = (self.0.publishers.subscribe(), self.0.rewound.subscribe());
        self.0.tasks.spawn(follower.run(publishers, rewound));
        Ok(())
    }

    /// Sends a consumer back to the beginning of all its sources, in one unit of its `store` with `clear`, which empties
    /// its tables; then it has every event again. See [`rewind`](crate::rewind).
    ///
    /// # Errors
    /// When the unit fails. Then nothing has changed.
    pub async fn rewind<F>(&self, store: &Store, consumer: &'static str, clear: F) -> Result<(), StoreError>
    where
        F: for<'a> Fn(&'a Tx) -> BoxFuture<'a, Result<(), DbErr>> + Send + Sync + 'static,
    {
        let rewound = self.0.rewound.clone();
        let with_wake = move |tx: &Tx| {
            let rewound = rewound.clone();
            tx.on_commit(Box::new(move || rewound.send_modify(|count| *count += 1)));
        };
        crate::rewind(store, consumer, move |tx| {
            with_wake(tx);
            clear(tx)
        })
        .await
    }

    /// A source of which `consumer` can no longer have every event, for the oldest were pruned. None: a rewind loses
    /// nothing.
    ///
    /// # Errors
    /// When an outbox cannot be read.
    pub async fn pruned(&self, consumer: &str) -> Result<Option<&'static str>, StoreError> {
        for Route { names, way, .. } in self.routes().into_iter().filter(|route| route.names.consumer == consumer) {
            let Some(store) = self.source(names.source) else { continue };
            let pruned = match way {
                Way::Cursor => outbox::oldest(&store).await?.is_some_and(|oldest| oldest.seq > 1),
                Way::Deliveries => store.read((), |tx, ()| Box::pin(deliveries::pruned(tx))).await?,
            };
            if pruned {
                return Ok(Some(names.source));
            }
        }
        Ok(None)
    }

    /// Lets running units end and stops. Events that come later are found at the next start.
    pub async fn shutdown(&self) {
        self.0.stop.cancel();
        self.0.tasks.close();
        self.0.tasks.wait().await;
    }

    fn routes(&self) -> Vec<Route> {
        self.0.subscriptions.lock().clone()
    }

    fn source(&self, name: &str) -> Option<Store> {
        self.0.publishers.borrow().get(name).cloned()
    }
}
