//! Notifications: tells customers by mail what became of their orders.
//!
//! It consumes the orders' events. Each event that is worth a mail leaves one row, written in the unit that also moves
//! the consumer's cursor, so that a redelivered event adds nothing; a sender of its own delivers the rows through a mail
//! server, or as `.eml` files when there is none. At the server's door mail is at-least-once: after a crash between
//! acceptance and mark the same mail is sent again, with the same Message-ID.
//!
//! A recipient's address lives in this store alone, only until the mail is sent or given up, and never in a log, a span
//! or an answer.

mod api;
mod consumer;
mod domain;
mod migrations;
mod sender;
mod settings;
mod store;
mod templates;
mod transport;

pub use self::{
    settings::{Mailbox, Settings, Transport},
    transport::PostError,
};

use ::api::notification::v1::notification_service_server::NotificationServiceServer;
use ::store::{Data, OpenError, Store, StoreError};
use ambient::Ambient;
use fabric::{HostError, Mesh};
use journal::{Bus, Subscription};
use sea_orm_migration::MigrationTrait;
use std::{sync::Arc, time::Duration};
use tokio::{sync::watch, task::JoinHandle};
use tokio_util::sync::CancellationToken;

/// The service's name: on the mesh, on the bus and of its file.
pub const NAME: &str = "notifications";

/// Whose events it consumes.
const ORDERS: &str = "orders";

/// How long a round of deliveries that has begun may still take at shutdown.
const LAST_ROUND: Duration = Duration::from_secs(10);

/// Its migrations, journal's first.
pub fn migrations() -> Vec<Box<dyn MigrationTrait>> {
    migrations::all()
}

/// Why notifications did not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The store.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// The mesh.
    #[error(transparent)]
    Host(#[from] HostError),
    /// The bus.
    #[error(transparent)]
    Subscribe(#[from] StoreError),
    /// The way out for mails.
    #[error(transparent)]
    Post(#[from] PostError),
}

/// Notifications, running.
pub struct Notifications {
    store: Store,
    ambient: Ambient,
    stop: CancellationToken,
    rounds: watch::Receiver<u64>,
    sender: parking_lot::Mutex<Option<JoinHandle<()>>>,
}

/// Opens the store, hosts the API, subscribes to orders and starts sending.
pub async fn start(
    ambient: &Ambient,
    data: &Data,
    mesh: &Mesh,
    bus: &Bus,
    settings: Settings,
) -> Result<Notifications, StartError> {
    let post = transport::Post::open(&settings, data.path())?;
    let store = data.store(NAME, migrations()).await?;
    let shared = store.read((), |tx, ()| Box::pin(std::future::ready(Ok(store::is_shared(tx))))).await?;
    if shared && settings.transport.is_none() {
        tracing::warn!("no mail server is set, and a database has no folder for files: mails are only kept in memory");
    }
    if shared {
        // The data is one process's at a time, so whoever claimed mails before is gone.
        store.unit((), |tx, ()| Box::pin(store::unclaim(tx))).await?;
    }
    mesh.host(NAME, NotificationServiceServer::new(api::Api { store: store.clone() })).await?;
    let handler = Arc::new(consumer::Scribe);
    bus.subscribe(Subscription { consumer: NAME, source: ORDERS, store: store.clone(), handler }).await?;
    let (told, rounds) = watch::channel(0);
    let stop = CancellationToken::new();
    let sender = sender::Sender {
        store: store.clone(),
        ambient: ambient.clone(),
        post,
        settings,
        rounds: told,
        shared,
        untold: None,
    };
    let sender = tokio::spawn(sender.run(stop.clone()));
    Ok(Notifications { store, ambient: ambient.clone(), stop, rounds, sender: parking_lot::Mutex::new(Some(sender)) })
}

impl Notifications {
    /// Its store.
    pub fn store(&self) -> &Store {
        &self.store
    }

    /// Returns once no mail waits that could be sent now: what failed and is tried again later is not waited for.
    pub async fn settled(&self) -> Result<(), StoreError> {
        let mut rounds = self.rounds.clone();
        loop {
            rounds.mark_unchanged();
            let next = self.store.read((), |tx, ()| Box::pin(store::next_due(tx))).await?;
            if next.is_none_or(|next| next > self.ambient.now()) || rounds.changed().await.is_err() {
                return Ok(());
            }
        }
    }

    /// Stops sending: a round that has begun is finished if that is quick; what is not marked by then is sent again
    /// after the next start.
    pub async fn shutdown(&self) {
        self.stop.cancel();
        let Some(mut sender) = self.sender.lock().take() else { return };
        if tokio::time::timeout(LAST_ROUND, &mut sender).await.is_err() {
            sender.abort();
        }
    }
}
