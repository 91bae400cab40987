//! The dashboard: what happened, summed up from the events of all services, for programs and for people.
//!
//! It consumes the events of orders, payments, inventory and shipping into projections: each event adds to a few rows,
//! in the unit that also moves the consumer's cursor. The projections are functions of the events alone, no clock
//! comes into them, so that [`DashboardService.Rebuild`](api::dashboard::v1) gives the same again. What is shown is
//! eventually right: events arrive after the fact.
//!
//! People get one page over HTTP, which follows the projections without being loaded again.

mod api;
mod buckets;
mod consumer;
mod domain;
mod migrations;
mod page;
mod rebuild;
mod store;
mod summary;

use ::api::dashboard::v1::dashboard_service_server::DashboardServiceServer;
use ::store::{Data, OpenError, Store, StoreError};
use ambient::Ambient;
use fabric::{HostError, Mesh};
use journal::{Bus, Subscription};
use sea_orm_migration::MigrationTrait;
use std::{io, net::SocketAddr, sync::Arc, time::Duration};
use tokio::{net::TcpListener, task::JoinHandle};
use tokio_util::sync::CancellationToken;

/// The service's name: on the mesh, on the bus and of its file.
pub const NAME: &str = "dashboard";

/// How long requests that are being answered may still take at shutdown.
const LAST_ANSWERS: Duration = Duration::from_secs(5);

/// Its migrations, journal's first.
pub fn migrations() -> Vec<Box<dyn MigrationTrait>> {
    migrations::all()
}

/// The names of the projections' tables: what a rebuild empties and fills again.
pub const PROJECTIONS: [&str; 8] = migrations::TABLES;

/// The settings of the dashboard.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Where the page is served; port 0 takes a free one. None: no page.
    pub http: Option<SocketAddr>,
    /// A socket for the page that is open already: it is served there, wherever `http` says.
    pub socket: Option<Arc<std::net::TcpListener>>,
    /// How many open pages are kept up to date at the same time.
    pub tabs: usize,
}

impl Default for Settings {
    fn default() -> Self {
        Self { http: None, socket: None, tabs: 64 }
    }
}

/// Why the dashboard did not start.
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
    /// Somebody else listens there.
    #[error(
        "the page cannot be served on {0}: another program listens there; stop it, or choose another port (0 takes any that is free)"
    )]
    PortTaken(SocketAddr),
    /// The address cannot be listened on.
    #[error("the page cannot be served on {address}: {source}; choose another address, such as 127.0.0.1:8080")]
    Page {
        /// The address.
        address: SocketAddr,
        /// Why.
        source: io::Error,
    },
}

/// The dashboard, running.
pub struct Dashboard {
    store: Store,
    address: Option<SocketAddr>,
    stop: CancellationToken,
    server: parking_lot::Mutex<Option<JoinHandle<()>>>,
}

/// Opens the store, hosts the API, serves the page and subscribes to the other services.
pub async fn start(
    ambient: &Ambient,
    data: &Data,
    mesh: &Mesh,
    bus: &Bus,
    settings: Settings,
) -> Result<Dashboard, StartError> {
    let listener = match (settings.socket, settings.http) {
        (Some(socket), _) => Some(taken_over(&socket)?),
        (None, Some(address)) => Some(listen(address).await?),
        (None, None) => None,
    };
    let store = data.store(NAME, migrations()).await?;
    let rebuilder = rebuild::Rebuilder::new(store.clone(), bus.clone());
    mesh.host(NAME, DashboardServiceServer::new(api::Api { store: store.clone(), rebuilder })).await?;
    let handler = Arc::new(consumer::Projector);
    for source in domain::SOURCES {
        let (store, handler) = (store.clone(), handler.clone());
        bus.subscribe(Subscription { consumer: NAME, source, store, handler }).await?;
    }
    let stop = CancellationToken::new();
    let (address, server) = match listener {
        Some((address, listener)) => {
            let source = page::Source { store: store.clone(), ambient: ambient.clone() };
            let routes = page::page(source, settings.tabs, stop.clone());
            (Some(address), Some(tokio::spawn(serve(listener, routes, stop.clone()))))
        }
        None => (None, None),
    };
    Ok(Dashboard { store, address, stop, server: parking_lot::Mutex::new(server) })
}

async fn listen(address: SocketAddr) -> Result<(SocketAddr, TcpListener), StartError> {
    let failed = |source: io::Error| match source.kind() {
        io::ErrorKind::AddrInUse => StartError::PortTaken(address),
        _ => StartError::Page { address, source },
    };
    let listener = TcpListener::bind(address).await.map_err(failed)?;
    let bound = listener.local_addr().map_err(failed)?;
    Ok((bound, listener))
}

fn taken_over(socket: &std::net::TcpListener) -> Result<(SocketAddr, TcpListener), StartError> {
    let unknown = SocketAddr::from(([0, 0, 0, 0], 0));
    let failed = |address| move |source: io::Error| StartError::Page { address, source };
    let address = socket.local_addr().map_err(failed(unknown))?;
    let listener = socket.try_clone().and_then(TcpListener::from_std).map_err(failed(address))?;
    Ok((address, listener))
}

async fn serve(listener: TcpListener, routes: axum::Router, stop: CancellationToken) {
    let served = axum::serve(listener, routes).with_graceful_shutdown(stop.cancelled_owned()).await;
    if let Err(error) = served {
        tracing::error!(%error, "the page is no longer served");
    }
}

impl Dashboard {
    /// Its store.
    pub fn store(&self) -> &Store {
        &self.store
    }

    /// Where the page is served: the port that was taken, when any would do.
    pub fn page_address(&self) -> Option<SocketAddr> {
        self.address
    }

    /// Ends event streams, finishes answers that are under way, and stops serving the page.
    pub async fn shutdown(&self) {
        self.stop.cancel();
        let Some(mut server) = self.server.lock().take() else { return };
        if tokio::time::timeout(LAST_ANSWERS, &mut server).await.is_err() {
            server.abort();
        }
    }
}
