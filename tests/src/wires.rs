//! The network between the services, as a story wants it: calls lost, late, twice, or heard by nobody.

use fabric::Wire;
use futures::future::BoxFuture;
use http_body_util::{BodyExt, Full};
use parking_lot::RwLock;
use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    task::{Context, Poll},
    time::Duration,
};
use tonic::{Status, body::Body};
use tower::{Service, ServiceExt};

/// What becomes of one attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Delivery {
    /// It arrives, and so does its answer.
    Once,
    /// It never arrives.
    Lost,
    /// It arrives; its answer is lost.
    AnswerLost,
    /// It arrives twice at the same time; the caller hears one answer.
    Twice,
    /// It arrives and is answered; a copy arrives so much later.
    AgainAfter(Duration),
    /// The caller hears that it was lost; it arrives so much later.
    LateBy(Duration),
    /// It never arrives, and the caller never hears of it.
    Hangs,
    /// It arrives, and the caller never hears of it.
    AnswerHangs,
}

/// One attempt on its way.
pub struct Attempt<'a> {
    /// Who is called: "payments".
    pub callee: &'a str,
    /// What is called: "Charge".
    pub method: &'a str,
    /// The how manieth attempt of the whole story, from 1.
    pub number: u64,
    /// The trace that it belongs to, as a W3C `traceparent`.
    pub trace: Option<&'a str>,
}

type Rule = Arc<dyn Fn(&Attempt<'_>) -> Delivery + Send + Sync>;

/// The network: every attempt of every call between services passes it.
#[derive(Clone, Default)]
pub struct Wires(Arc<Inner>);

#[derive(Default)]
struct Inner {
    rule: RwLock<Option<Rule>>,
    attempts: AtomicU64,
}

impl Wires {
    /// From now on attempts fare as `rule` says.
    pub fn fare(&self, rule: impl Fn(&Attempt<'_>) -> Delivery + Send + Sync + 'static) {
        *self.0.rule.write() = Some(Arc::new(rule));
    }

    /// From now on every attempt arrives.
    pub fn heal(&self) {
        *self.0.rule.write() = None;
    }

    /// Attempts made so far.
    pub fn attempts(&self) -> u64 {
        self.0.attempts.load(Ordering::Relaxed)
    }

    /// The way to `callee`, through this network.
    pub fn around(&self, callee: &'static str, way: Wire) -> Wire {
        Wire::new(Way { wires: self.clone(), callee, way })
    }

    fn fate(&self, callee: &str, request: &Request) -> Delivery {
        let number = self.0.attempts.fetch_add(1, Ordering::Relaxed) + 1;
        let path = request.uri().path();
        let method = path.rsplit('/').next().unwrap_or(path);
        let rule = self.0.rule.read().clone();
        let trace = request.headers().get("traceparent").and_then(|trace| trace.to_str().ok());
        rule.map_or(Delivery::Once, |rule| rule(&Attempt { callee, method, number, trace }))
    }
}

#[derive(Clone)]
struct Way {
    wires: Wires,
    callee: &'static str,
    way: Wire,
}

type Request = http::Request<Body>;
type Answer = Result<http::Response<Body>, Status>;

impl Service<Request> for Way {
    type Response = http::Response<Body>;
    type Error = Status;
    type Future = BoxFuture<'static, Answer>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Status>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request) -> Self::Future {
        let fate = self.wires.fate(self.callee, &request);
        let way = self.way.clone();
        Box::pin(async move {
            match fate {
                Delivery::Once => way.oneshot(request).await,
                Delivery::Lost => Err(Status::unavailable("lost on the way (a story's network)")),
                Delivery::AnswerLost => {
                    let _ = way.oneshot(request).await;
                    Err(Status::unavailable("the answer was lost on the way (a story's network)"))
                }
                Delivery::Twice => {
                    let (one, two) = doubled(request).await?;
                    let again = tokio::spawn(way.clone().oneshot(two));
                    let answer = way.oneshot(one).await;
                    let _ = again.await;
                    answer
                }
                Delivery::AgainAfter(delay) => {
                    let (one, two) = doubled(request).await?;
                    arrive_later(way.clone(), two, delay);
                    way.oneshot(one).await
                }
                Delivery::LateBy(delay) => {
                    let (one, _) = doubled(request).await?;
                    arrive_later(way, one, delay);
                    Err(Status::unavailable("late on the way (a story's network)"))
                }
                Delivery::Hangs => std::future::pending().await,
                Delivery::AnswerHangs => {
                    let _ = way.oneshot(request).await;
                    std::future::pending().await
                }
            }
        })
    }
}

fn arrive_later(way: Wire, request: Request, delay: Duration) {
    tokio::spawn(async move {
        tokio::time::sleep(delay).await;
        let _ = way.oneshot(request).await;
    });
}

/// A request and its copy. The deadline stays as it was sent: a late copy does not know that it is late.
async fn doubled(request: Request) -> Result<(Request, Request), Status> {
    let (parts, body) = request.into_parts();
    let bytes = body.collect().await?.to_bytes();
    let copy = |parts| Request::from_parts(parts, Body::new(Full::new(bytes.clone())));
    Ok((copy(parts.clone()), copy(parts)))
}
