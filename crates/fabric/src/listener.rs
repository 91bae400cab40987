//! The server's side of a socket: accepts, limits, drains. HTTP/2 without TLS for now.
//!
//! hyper is used directly, since tonic's builder switches off what hyper limits by default (streams, forced resets) and has no
//! way to end a connection that will not end.

use crate::{Wire, transport};
use hyper::{body::Incoming, server::conn::http2, service::service_fn};
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use std::{
    convert::Infallible,
    io,
    net::SocketAddr,
    pin::pin,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};
use tokio::{
    net::{TcpListener, TcpStream},
    time::{sleep, timeout},
};
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use tonic::{Status, body::Body};

/// What one connection may take, and how long things may last.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Calls at once on one connection.
    pub streams: u32,
    /// Calls that a client may open and reset before they were accepted; more end the connection (CVE-2023-44487).
    pub pending_resets: usize,
    /// Calls reset for errors of the client's; more end the connection.
    pub error_resets: usize,
    /// A connection that makes no call within this time is closed: nobody is there, or nobody who means it.
    pub first_call_within: Duration,
    /// A client is pinged this often, and gone when it does not answer in time.
    pub ping_every: Duration,
    /// The time that a ping has.
    pub ping_within: Duration,
    /// How long calls under way may take when the port is drained.
    pub grace: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            streams: 1_024,
            pending_resets: 20,
            error_resets: 1_024,
            first_call_within: Duration::from_secs(30),
            ping_every: Duration::from_secs(30),
            ping_within: Duration::from_secs(10),
            grace: Duration::from_secs(10),
        }
    }
}

/// After a failed accept (no file descriptors, mostly): trying again at once would only burn.
const ACCEPT_AGAIN_AFTER: Duration = Duration::from_millis(50);

/// An open port. Dropping it closes it, hard; [`Listener::drain`] does so gracefully.
pub struct Listener {
    address: SocketAddr,
    limits: Limits,
    tasks: TaskTracker,
    /// No new calls; those under way go on.
    drain: CancellationToken,
    /// Nothing goes on.
    cut: CancellationToken,
}

impl Listener {
    /// Opens a port before `front`. Port 0 asks the system for a free one.
    pub async fn open(address: SocketAddr, front: Wire, limits: Limits) -> io::Result<Self> {
        let socket = TcpListener::bind(address).await?;
        let address = socket.local_addr()?;
        let (tasks, drain, cut) = (TaskTracker::new(), CancellationToken::new(), CancellationToken::new());
        let port = Port { front, limits, tasks: tasks.clone(), drain: drain.clone(), cut: cut.clone() };
        tasks.spawn(port.accept(socket));
        Ok(Self { address, limits, tasks, drain, cut })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Takes no more connections, tells every client to go elsewhere (GOAWAY), lets calls under way finish for as long as the
    /// grace lasts, and closes. True when all finished in time.
    pub async fn drain(&self) -> bool {
        self.drain.cancel();
        self.tasks.close();
        let in_time = timeout(self.limits.grace, self.tasks.wait()).await.is_ok();
        self.cut.cancel();
        self.tasks.wait().await;
        in_time
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        self.cut.cancel();
    }
}

#[derive(Clone)]
struct Port {
    front: Wire,
    limits: Limits,
    tasks: TaskTracker,
    drain: CancellationToken,
    cut: CancellationToken,
}

impl Port {
    async fn accept(self, socket: TcpListener) {
        loop {
            let accepted = tokio::select! {
                biased;
                () = self.cut.cancelled() => return,
                () = self.drain.cancelled() => return,
                accepted = socket.accept() => accepted,
            };
            match accepted {
                Ok((stream, _)) => drop(self.tasks.spawn(self.clone().serve(stream))),
                Err(error) => {
                    tracing::warn!(%error, "a connection could not be accepted");
                    sleep(ACCEPT_AGAIN_AFTER).await;
                }
            }
        }
    }

    async fn serve(self, stream: TcpStream) {
        // Small frames must not wait for acknowledgements of earlier ones. A socket that refuses is about to fail anyway.
        let _ = stream.set_nodelay(true);
        let called = Arc::new(AtomicBool::new(false));
        let service = service_fn({
            let (front, called) = (self.front.clone(), Arc::clone(&called));
            move |request: http::Request<Incoming>| {
                called.store(true, Ordering::Relaxed);
                let reply = front.send(request.map(Body::new));
                async move { Ok::<_, Infallible>(reply.await.unwrap_or_else(Status::into_http)) }
            }
        });
        let mut connection = pin!(self.http2().serve_connection(TokioIo::new(stream), service));
        let mut first_call_due = pin!(sleep(self.limits.first_call_within));
        let (mut draining, mut checked) = (false, false);
        loop {
            tokio::select! {
                biased;
                () = self.cut.cancelled() => return,
                // How a connection ends is its client's affair, and every call on it has its own end.
                _ = connection.as_mut() => return,
                () = self.drain.cancelled(), if !draining => {
                    draining = true;
                    connection.as_mut().graceful_shutdown();
                }
                () = first_call_due.as_mut(), if !checked => {
                    checked = true;
                    if !called.load(Ordering::Relaxed) {
                        return;
                    }
                }
            }
        }
    }

    fn http2(&self) -> http2::Builder<TokioExecutor> {
        let mut builder = http2::Builder::new(TokioExecutor::new());
        builder
            .timer(TokioTimer::new())
            .max_concurrent_streams(self.limits.streams)
            .max_pending_accept_reset_streams(self.limits.pending_resets)
            .max_local_error_reset_streams(self.limits.error_resets)
            .max_header_list_size(transport::HEADER_LIST)
            .initial_stream_window_size(transport::STREAM_WINDOW)
            .initial_connection_window_size(transport::CONNECTION_WINDOW)
            .keep_alive_interval(self.limits.ping_every)
            .keep_alive_timeout(self.limits.ping_within);
        builder
    }
}
