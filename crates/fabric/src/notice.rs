//! A port for people's browsers before anything is served there: the socket is open, and says why there is nothing yet.
//! Whoever serves the page takes the socket over, so that nobody finds it closed in between.

use http::{HeaderValue, Response, StatusCode, header};
use http_body_util::Full;
use hyper::{body::Bytes, server::conn::http1, service::service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use parking_lot::RwLock;
use std::{
    convert::Infallible,
    io,
    net::{SocketAddr, TcpListener},
    sync::Arc,
    time::Duration,
};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

/// A browser that asks nothing within this time is not waited for.
const ASK_WITHIN: Duration = Duration::from_secs(10);
/// After a failed accept (no file descriptors, mostly): trying again at once would only burn.
const ACCEPT_AGAIN_AFTER: Duration = Duration::from_millis(50);

/// An open socket, to be served by whoever is given it.
pub type Socket = Arc<TcpListener>;

/// A port that answers everything 503, with one sentence. Dropping it ends that.
pub struct Notice {
    socket: Socket,
    address: SocketAddr,
    sentence: Arc<RwLock<String>>,
    end: CancellationToken,
}

impl Notice {
    /// Opens the port. Port 0 asks the system for a free one.
    ///
    /// # Errors
    /// When it cannot be opened.
    pub async fn open(address: SocketAddr, sentence: impl Into<String>) -> io::Result<Self> {
        let socket = tokio::net::TcpListener::bind(address).await?.into_std()?;
        let address = socket.local_addr()?;
        let (sentence, end) = (Arc::new(RwLock::new(sentence.into())), CancellationToken::new());
        let accepted = tokio::net::TcpListener::from_std(socket.try_clone()?)?;
        tokio::spawn(accept(accepted, Arc::clone(&sentence), end.clone()));
        Ok(Self { socket: Arc::new(socket), address, sentence, end })
    }

    /// Where it is.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// From now on it says this.
    pub fn say(&self, sentence: impl Into<String>) {
        *self.sentence.write() = sentence.into();
    }

    /// The open socket, for whoever serves there from now on; say [`Notice::end`] as well.
    pub fn socket(&self) -> Socket {
        Arc::clone(&self.socket)
    }

    /// Says no more; the socket stays open.
    pub fn end(&self) {
        self.end.cancel();
    }
}

impl Drop for Notice {
    fn drop(&mut self) {
        self.end.cancel();
    }
}

async fn accept(socket: tokio::net::TcpListener, sentence: Arc<RwLock<String>>, end: CancellationToken) {
    let connections = TaskTracker::new();
    loop {
        let accepted = tokio::select! {
            biased;
            () = end.cancelled() => return,
            accepted = socket.accept() => accepted,
        };
        let Ok((stream, _)) = accepted else {
            tokio::time::sleep(ACCEPT_AGAIN_AFTER).await;
            continue;
        };
        let (sentence, end) = (Arc::clone(&sentence), end.clone());
        connections.spawn(async move {
            let answer = service_fn(move |_| {
                let answer = unavailable(sentence.read().clone());
                async move { Ok::<_, Infallible>(answer) }
            });
            let mut http = http1::Builder::new();
            // One answer to a connection: the next one finds the page, when it is there.
            http.timer(TokioTimer::new()).header_read_timeout(ASK_WITHIN).keep_alive(false);
            tokio::select! {
                // How a browser ends is its own affair.
                _ = http.serve_connection(TokioIo::new(stream), answer) => {}
                () = end.cancelled() => {}
            }
        });
    }
}

fn unavailable(sentence: String) -> Response<Full<Bytes>> {
    let mut answer = Response::new(Full::new(Bytes::from(sentence + "\n")));
    *answer.status_mut() = StatusCode::SERVICE_UNAVAILABLE;
    let headers = answer.headers_mut();
    headers.insert(header::RETRY_AFTER, HeaderValue::from_static("1"));
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=utf-8"));
    answer
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::{
        io::{AsyncReadExt, AsyncWriteExt},
        net::TcpStream,
    };

    async fn asked(address: SocketAddr) -> String {
        let mut stream = TcpStream::connect(address).await.unwrap();
        stream.write_all(b"GET / HTTP/1.1\r\nHost: here\r\n\r\n").await.unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.unwrap();
        answer
    }

    #[tokio::test]
    async fn a_browser_that_comes_too_early_is_told_why_and_when_to_come_again() {
        let notice = Notice::open("127.0.0.1:0".parse().unwrap(), "starting").await.unwrap();
        notice.say("waiting for the database");
        let answer = asked(notice.address()).await;
        assert!(answer.starts_with("HTTP/1.1 503 ") && answer.contains("retry-after: 1\r\n"), "{answer}");
        assert!(answer.ends_with("\r\n\r\nwaiting for the database\n"), "{answer}");
    }

    #[tokio::test]
    async fn the_socket_stays_open_for_whoever_serves_there_next() {
        let notice = Notice::open("127.0.0.1:0".parse().unwrap(), "starting").await.unwrap();
        let (address, socket) = (notice.address(), notice.socket());
        drop(notice);
        let early = tokio::spawn(asked(address));
        tokio::task::yield_now().await;
        let next = tokio::net::TcpListener::from_std(socket.try_clone().unwrap()).unwrap();
        let (mut stream, _) = next.accept().await.unwrap();
        stream.write_all(b"the page").await.unwrap();
        stream.shutdown().await.unwrap();
        assert_eq!(early.await.unwrap(), "the page");
    }
}
