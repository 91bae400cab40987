//! The port of metrics: `/metrics` over HTTP/1, for Prometheus to read. Of its own, so that whoever reads metrics need not be
//! let near the services.

use crate::HostError;
use axum::{Router, http::header::CONTENT_TYPE, routing::get};
use std::net::SocketAddr;
use telemetry::metrics;
use tokio::{net::TcpListener, task::JoinHandle};
use tokio_util::sync::CancellationToken;

/// An open port of metrics. Dropping it closes it.
pub struct Port {
    address: SocketAddr,
    stop: CancellationToken,
    task: JoinHandle<()>,
}

/// Opens the port; 0 asks the system for a free one. `render` is asked at each scrape:
/// [`Registry::render`](telemetry::metrics::Registry::render), as a rule.
///
/// ```no_run
/// use outrigger_fabric::metrics;
/// use telemetry::metrics::Registry;
///
/// # async fn run() -> Result<(), outrigger_fabric::HostError> {
/// let registry = Registry::default();
/// let port = metrics::serve(([127, 0, 0, 1], 0).into(), move || {
///     let registry = registry.clone();
///     async move { registry.render().await }
/// })
/// .await?;
/// println!("http://{}/metrics", port.address());
/// port.drain().await;
/// # Ok(()) }
/// ```
///
/// # Errors
/// [`HostError::Listen`] when the port cannot be had.
pub async fn serve<F, R>(address: SocketAddr, render: F) -> Result<Port, HostError>
where
    F: Fn() -> R + Clone + Send + Sync + 'static,
    R: Future<Output = String> + Send + 'static,
{
    let failed = |source| HostError::Listen { address, source };
    let listener = TcpListener::bind(address).await.map_err(failed)?;
    let bound = listener.local_addr().map_err(failed)?;
    let page = get(move || {
        let text = render();
        async move { ([(CONTENT_TYPE, metrics::CONTENT_TYPE)], text.await) }
    });
    let stop = CancellationToken::new();
    let served = axum::serve(listener, Router::new().route("/metrics", page));
    let served = served.with_graceful_shutdown(stop.clone().cancelled_owned());
    let task = tokio::spawn(async move {
        if let Err(error) = served.await {
            tracing::warn!(%error, "the port of metrics closed");
        }
    });
    Ok(Port { address: bound, stop, task })
}

impl Port {
    /// Where it listens, the port that the system chose included.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Takes no more connections, lets scrapes under way end, for a second at most, and closes.
    pub async fn drain(mut self) {
        self.stop.cancel();
        let _ = tokio::time::timeout(std::time::Duration::from_secs(1), &mut self.task).await;
    }
}

impl Drop for Port {
    fn drop(&mut self) {
        self.task.abort();
    }
}
