//! The system's ports. They are opened first, so that whoever asks is told what is being waited for; nobody is let in
//! before all services run.

use super::{config::Config, contract, error::StartError};
use fabric::{HostError, Limits, Listening, Mesh, Notice, Socket, metrics};
use parking_lot::Mutex;
use std::net::SocketAddr;
use telemetry::metrics::Registry;

const STARTING: &str = "starting: not all services run yet";

/// The system's ports, open, with nobody behind them yet.
pub struct Entrance {
    mesh: Mesh,
    grpc: Option<SocketAddr>,
    listening: Mutex<Option<Listening>>,
    page: Option<Notice>,
    metrics: Option<SocketAddr>,
    scraped: Mutex<Option<metrics::Port>>,
    measures: Registry,
}

impl Entrance {
    /// Opens the ports that `config` names.
    ///
    /// # Errors
    /// When one cannot be opened.
    pub async fn open(config: &Config) -> Result<Self, StartError> {
        let limits = Limits { grace: config.grace / 2, ..Limits::default() };
        let mesh = Mesh::limited(contract(), config.ambient.clone(), config.placement, limits);
        if let Some(between) = &config.between {
            mesh.between(between.clone());
        }
        mesh.hold(STARTING).await;
        let listening = match config.grpc {
            Some(address) => Some(mesh.listen(address).await?),
            None => None,
        };
        let page = match config.dashboard.http {
            Some(address) => {
                let opened = Notice::open(address, STARTING).await;
                Some(opened.map_err(|source| StartError::Page { address, source })?)
            }
            None => None,
        };
        let measures = Registry::default();
        let scraped = match config.metrics {
            Some(address) => Some(show(address, &measures).await.map_err(StartError::Metrics)?),
            None => None,
        };
        let grpc = listening.as_ref().map(|listening| listening.address);
        let metrics = scraped.as_ref().map(metrics::Port::address);
        let (listening, scraped) = (Mutex::new(listening), Mutex::new(scraped));
        Ok(Self { mesh, grpc, listening, page, metrics, scraped, measures })
    }

    /// Where gRPC listens.
    pub fn grpc(&self) -> Option<SocketAddr> {
        self.grpc
    }

    /// Where the page is.
    pub fn page(&self) -> Option<SocketAddr> {
        self.page.as_ref().map(Notice::address)
    }

    /// Where the metrics are.
    pub fn metrics(&self) -> Option<SocketAddr> {
        self.metrics
    }

    /// Where the services meet.
    pub(super) fn mesh(&self) -> &Mesh {
        &self.mesh
    }

    /// The page's socket, for the dashboard to serve.
    pub(super) fn page_socket(&self) -> Option<Socket> {
        self.page.as_ref().map(Notice::socket)
    }

    /// Tells whoever asks why nobody is let in.
    pub(super) async fn say(&self, why: &str) {
        self.mesh.hold(why).await;
        if let Some(page) = &self.page {
            page.say(why);
        }
    }

    /// All services run: the world is let in.
    pub(super) async fn admit(&self) {
        self.mesh.admit().await;
        if let Some(page) = &self.page {
            page.end();
        }
    }

    /// What is shown besides the process's own metrics.
    pub(super) fn measures(&self) -> &Registry {
        &self.measures
    }

    /// The world's calls finish, and the port for them closes.
    pub(super) async fn drain(&self) {
        let listening = self.listening.lock().take();
        if let Some(listening) = listening {
            listening.drain().await;
        }
    }

    /// Metrics are shown no more. Last: how a system ends can be seen.
    pub(super) async fn close(&self) {
        let scraped = self.scraped.lock().take();
        if let Some(port) = scraped {
            port.drain().await;
        }
    }
}

async fn show(address: SocketAddr, measures: &Registry) -> Result<metrics::Port, HostError> {
    let measures = measures.clone();
    let render = move || {
        let measures = measures.clone();
        async move { measures.render().await }
    };
    metrics::serve(address, render).await
}
