//! Payments: takes and gives back money through a gateway, and keeps the ledger.
//!
//! The gateway is the world outside: it cannot share a transaction, it may be silent, and silence is not a no. So the
//! intent is written first (one unit), then a driver carries it to the gateway under one key
//! until the answer is definite, and then one unit records the answer with ledger, payment and event. Handlers only
//! wait for that: whoever sends the same request again attaches to the operation that runs.
//!
//! | room | what |
//! |---|---|
//! | `api` | gRPC in: decode, validate, wait, answer |
//! | `domain` | what may happen to a payment: pure rules |
//! | `store` | the only queries; the units that write intents, rulings, withdrawals |
//! | `driver` | the way to the gateway and back, retries, recovery |
//! | `gateway` | the gateway's trait, and the simulated one with its own durable file |
//! | `reconcile`, `facts` | the books told to people and to the audit |

mod api;
mod board;
mod domain;
mod driver;
mod error;
mod facts;
mod gateway;
mod message;
mod migrations;
mod reconcile;
mod store;

pub use facts::facts;
pub use gateway::{Behaviour, FaultRates, GATEWAY, SimulatedGateway, gateway_facts, gateway_migrations, tokens};
pub use migrations::migrations;

use crate::{
    api::Api,
    board::Board,
    driver::{Absence, Driver},
    gateway::Faults,
    gateway::Gateway,
    store::Books,
};
use ::api::payment::v1::payment_service_server::PaymentServiceServer;
use ::store::{Data, OpenError, Store};
use ambient::Ambient;
use fabric::{HostError, Mesh};
use journal::Bus;
use std::{sync::Arc, time::Duration};
use tokio::sync::{Semaphore, mpsc};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

/// The service's name: of its store, its place in the mesh, and the source of its events.
pub const NAME: &str = "payments";

/// How the service goes about its work.
#[derive(Clone, Debug)]
pub struct Settings {
    /// How long the gateway may take for one answer before the service asks what became of it.
    pub attempt_timeout: Duration,
    /// Before the second sending of an operation; doubles with each further one.
    pub backoff: Duration,
    /// The longest pause between two sendings.
    pub max_backoff: Duration,
    /// Calls to the gateway at the same time.
    pub concurrency: usize,
    /// How often the simulated gateway's dice fall against a payment.
    pub faults: FaultRates,
    /// The seed of those dice.
    pub seed: u64,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            attempt_timeout: Duration::from_secs(1),
            backoff: Duration::from_millis(50),
            max_backoff: Duration::from_secs(2),
            concurrency: 512,
            faults: FaultRates::default(),
            seed: 0,
        }
    }
}

/// Why the service did not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    #[error(transparent)]
    Open(#[from] OpenError),
    #[error(transparent)]
    Host(#[from] HostError),
}

/// The running service.
pub struct Payments {
    store: Store,
    gateway: SimulatedGateway,
    stop: CancellationToken,
    tasks: TaskTracker,
}

/// Opens the stores, starts the driver with what an earlier life left unfinished, and hosts the API.
///
/// # Errors
/// [`StartError::Open`] when a store cannot be opened, [`StartError::Host`] when the API cannot be hosted.
pub async fn start(
    ambient: &Ambient,
    data: &Data,
    mesh: &Mesh,
    bus: &Bus,
    settings: Settings,
) -> Result<Payments, StartError> {
    let store = data.store(NAME, migrations()).await?;
    let faults = Faults { seed: settings.seed, rates: settings.faults };
    let gateway = SimulatedGateway::new(data.store(GATEWAY, gateway_migrations()).await?, ambient.clone(), faults);
    bus.publisher(NAME, store.clone());
    let (errands, to_do) = mpsc::unbounded_channel();
    let (books, board) = (Books::new(store.clone(), errands), Arc::new(Board::default()));
    let outside: Arc<dyn Gateway> = Arc::new(gateway.clone());
    let driver = Driver {
        books: books.clone(),
        gateway: Arc::clone(&outside),
        board: Arc::clone(&board),
        ambient: ambient.clone(),
        calls: Semaphore::new(settings.concurrency),
        absence: Absence::default(),
        settings,
    };
    let (stop, tasks) = (CancellationToken::new(), TaskTracker::new());
    tasks.spawn(Arc::new(driver).run(to_do, stop.clone()));
    tasks.close();
    let api = Api { books, board, gateway: outside, ambient: ambient.clone() };
    let payments = Payments { store, gateway, stop, tasks };
    if let Err(error) = mesh.host(NAME, PaymentServiceServer::new(api)).await {
        payments.shutdown().await;
        return Err(error.into());
    }
    Ok(payments)
}

impl Payments {
    /// The service's store.
    pub fn store(&self) -> &Store {
        &self.store
    }

    /// The simulated gateway: for tests and demonstrations that steer it, and for the audit.
    pub fn gateway(&self) -> &SimulatedGateway {
        &self.gateway
    }

    /// Stops the driver and closes the stores. What is with the gateway is carried on by the next start.
    pub async fn shutdown(&self) {
        self.stop.cancel();
        self.tasks.wait().await;
        self.gateway.shutdown();
        self.store.close().await;
        self.gateway.store().close().await;
    }
}
