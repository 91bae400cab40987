//! What a generated server and a handler behind it would be.

use super::{Client, Echo};
use fabric::{Deadline, Wire};
use futures::{Stream, StreamExt, future::BoxFuture};
use std::{
    convert::Infallible,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering::SeqCst},
    },
    task::{Context, Poll},
    time::Duration,
};
use tokio::{
    sync::{mpsc, watch},
    time::{Instant, sleep},
};
use tonic::{Code, Request, Response, Status, Streaming, body::Body, server::Grpc};
use tonic_prost::ProstCodec;
use tower::{Service, service_fn};

type Echoes = Pin<Box<dyn Stream<Item = Result<Echo, Status>> + Send>>;

/// What the handler has seen so far.
#[derive(Default)]
pub struct Seen {
    /// Calls that reached the handler.
    pub calls: AtomicU32,
    /// Messages that streams have produced.
    pub produced: AtomicU32,
    /// Failures still to come before calls succeed.
    pub failing: AtomicU32,
}

/// The server, cloned for each call.
#[derive(Clone)]
pub struct Server {
    pub seen: Arc<Seen>,
    inner: Wire,
    begun: watch::Sender<u32>,
    dropped: watch::Sender<u32>,
}

tokio::task_local! {
    /// Something of the caller's that must not reach the handler.
    pub static PLANTED: u32;
}

/// Something else of the caller's.
#[derive(Clone)]
pub struct Planted;

impl Server {
    pub fn new(inner: Wire) -> Self {
        Self { seen: Arc::default(), inner, begun: watch::Sender::new(0), dropped: watch::Sender::new(0) }
    }

    pub fn calls(&self) -> u32 {
        self.seen.calls.load(SeqCst)
    }

    /// The next `count` calls fail with their own `code`, the others succeed.
    pub fn fail_next(&self, count: u32) {
        self.seen.failing.store(count, SeqCst);
    }

    /// Waits until so many handlers have begun.
    pub async fn begun(&self, count: u32) {
        self.begun.subscribe().wait_for(|begun| *begun >= count).await.unwrap();
    }

    /// Waits until so many handlers or streams were dropped before their end.
    pub async fn dropped(&self, count: u32) {
        self.dropped.subscribe().wait_for(|dropped| *dropped >= count).await.unwrap();
    }

    async fn unary(self, request: Request<Echo>) -> Result<Response<Echo>, Status> {
        self.seen.calls.fetch_add(1, SeqCst);
        self.begun.send_modify(|begun| *begun += 1);
        let said = surroundings(&request);
        let attempts = request.metadata().get("grpc-previous-rpc-attempts").cloned();
        let echo = request.into_inner();
        if echo.text.starts_with("order-") {
            fabric::trace::annotate(fabric::trace::names::ORDER_ID, &echo.text);
        }
        let mut unfinished = Unfinished(Some(self.dropped.clone()));
        if echo.delay_ms > 0 {
            sleep(Duration::from_millis(echo.delay_ms.into())).await;
        }
        unfinished.finish();
        assert!(!echo.panic, "told to panic");
        let failing = self.seen.failing.fetch_update(SeqCst, SeqCst, |left| left.checked_sub(1));
        if echo.code != 0 && (failing.is_ok() || !echo.text.starts_with("until")) {
            return Err(failure(&echo));
        }
        let mut response = Response::new(Echo { said, ..echo });
        response.metadata_mut().insert("x-head", "ascii".parse().unwrap());
        response.metadata_mut().insert_bin("x-head-bin", tonic::metadata::MetadataValue::from_bytes(&[0, 255, 7]));
        if let Some(attempts) = attempts {
            response.metadata_mut().insert("x-previous-attempts", attempts);
        }
        let size = response.get_ref().text.strip_prefix("metadata of ").map(|size| size.parse().unwrap());
        if let Some(size) = size {
            response.metadata_mut().insert("x-big", "a".repeat(size).parse().unwrap());
        }
        response.extensions_mut().insert(Planted);
        Ok(response)
    }

    async fn nested(self, request: Request<Echo>) -> Result<Response<Echo>, Status> {
        self.seen.calls.fetch_add(1, SeqCst);
        let echo = request.into_inner();
        let mut inner = Client::new(self.inner.clone());
        if echo.count == 0 {
            return inner.unary(echo).await;
        }
        let mut stream = inner.endless(echo).await?.into_inner();
        let mut last = Echo::default();
        while let Some(echo) = stream.message().await? {
            last = echo;
        }
        Ok(Response::new(last))
    }

    async fn watch(self, request: Request<Echo>) -> Result<Response<Echoes>, Status> {
        self.seen.calls.fetch_add(1, SeqCst);
        self.begun.send_modify(|begun| *begun += 1);
        let (echo, seen) = (request.into_inner(), self.seen.clone());
        let unfinished = Unfinished(Some(self.dropped.clone()));
        let stream = futures::stream::unfold((0, Some(unfinished)), move |(n, mut unfinished)| {
            let (echo, seen) = (echo.clone(), seen.clone());
            async move {
                if n > echo.count || (n == echo.count && echo.code == 0) {
                    unfinished.iter_mut().for_each(Unfinished::finish);
                    return None;
                }
                if n == echo.count {
                    unfinished.iter_mut().for_each(Unfinished::finish);
                    return Some((Err(failure(&echo)), (n + 1, None)));
                }
                if echo.delay_ms > 0 {
                    sleep(Duration::from_millis(echo.delay_ms.into())).await;
                }
                assert!(!(echo.panic && n == 1), "told to panic");
                seen.produced.fetch_add(1, SeqCst);
                let said = format!("deadline={}", Deadline::current().is_some());
                Some((Ok(Echo { said, ..echo }), (n + 1, unfinished)))
            }
        });
        Ok(Response::new(Box::pin(stream)))
    }

    async fn chat(self, request: Request<Streaming<Echo>>) -> Result<Response<Echoes>, Status> {
        let mut incoming = request.into_inner();
        let (out, echoes) = mpsc::channel(1);
        tokio::spawn(async move {
            while let Ok(Some(echo)) = incoming.message().await {
                if out.send(Ok(echo)).await.is_err() {
                    return;
                }
            }
        });
        Ok(Response::new(tokio_stream::wrappers::ReceiverStream::new(echoes).boxed()))
    }
}

fn failure(echo: &Echo) -> Status {
    let mut status = Status::with_details(Code::from(echo.code), "sad: ünïcode\nand a line", vec![1, 2, 3].into());
    status.metadata_mut().insert("x-error", "metadata".parse().unwrap());
    status
}

/// What a handler can find out of its call.
fn surroundings(request: &Request<Echo>) -> String {
    let left = Deadline::current().map(|until| (until - Instant::now()).as_millis() / 100 * 100);
    format!(
        "caller={} deadline={left:?} trace={:?} planted={} local={}",
        fabric::caller(request),
        fabric::trace::current(),
        request.extensions().get::<Planted>().is_some(),
        PLANTED.try_with(|_| ()).is_ok(),
    )
}

/// Tells when it is dropped before its end.
struct Unfinished(Option<watch::Sender<u32>>);

impl Unfinished {
    fn finish(&mut self) {
        self.0 = None;
    }
}

impl Drop for Unfinished {
    fn drop(&mut self) {
        if let Some(dropped) = self.0.take() {
            dropped.send_modify(|dropped| *dropped += 1);
        }
    }
}

impl tonic::server::NamedService for Server {
    const NAME: &'static str = "test.echo.v1.EchoService";
}

impl Service<http::Request<Body>> for Server {
    type Response = http::Response<Body>;
    type Error = Infallible;
    type Future = BoxFuture<'static, Result<http::Response<Body>, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: http::Request<Body>) -> Self::Future {
        let server = self.clone();
        Box::pin(async move { Ok(server.answer(request).await) })
    }
}

impl Server {
    async fn answer(self, request: http::Request<Body>) -> http::Response<Body> {
        let mut grpc = Grpc::new(ProstCodec::<Echo, Echo>::default());
        match request.uri().path().rsplit('/').next().unwrap_or_default() {
            "Unary" | "Once" | "Patient" => grpc.unary(service_fn(by(self, Self::unary)), request).await,
            "Nested" => grpc.unary(service_fn(by(self, Self::nested)), request).await,
            "Watch" | "Endless" => grpc.server_streaming(service_fn(by(self, Self::watch)), request).await,
            "Chat" => grpc.streaming(service_fn(by(self, Self::chat)), request).await,
            other => Status::unimplemented(other).into_http(),
        }
    }
}

fn by<R, F>(server: Server, handle: fn(Server, R) -> F) -> impl FnMut(R) -> F + Clone {
    move |request| handle(server.clone(), request)
}
