//! The dashboard for people: one page at the root of its own HTTP port, server-rendered and kept up to date by an event
//! stream. It reads the projections and changes nothing; whoever reaches the port may see it, so it listens on loopback
//! unless told otherwise.

mod chart;
mod feed;
mod format;
mod html;
mod panels;

use crate::{store, summary::Summary};
use ::store::{Store, StoreError};
use ambient::Ambient;
use axum::{
    Json, Router,
    extract::State,
    http::{HeaderName, HeaderValue, StatusCode, header},
    response::{
        Html, IntoResponse, Response, Sse,
        sse::{Event, KeepAlive},
    },
    routing::get,
};
use feed::Feed;
use futures::{Stream, StreamExt};
use std::{convert::Infallible, future::ready, sync::Arc, time::Duration};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio_stream::wrappers::WatchStream;
use tokio_util::sync::CancellationToken;
use tower::ServiceBuilder;
use tower_http::{
    catch_panic::CatchPanicLayer, compression::CompressionLayer, set_header::SetResponseHeaderLayer, trace::TraceLayer,
};

/// Everything comes from here and nothing from elsewhere, nothing is inline, and nobody frames the page.
const POLICY: &str = "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; connect-src 'self'; \
    base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

const HEADERS: [(HeaderName, &str); 5] = [
    (header::CONTENT_SECURITY_POLICY, POLICY),
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (header::REFERRER_POLICY, "no-referrer"),
    (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
    (header::CACHE_CONTROL, "no-store"),
];

/// What the page reads.
#[derive(Clone)]
pub struct Source {
    pub store: Store,
    pub ambient: Ambient,
}

impl Source {
    async fn summary(&self) -> Result<Summary, StoreError> {
        self.store.read((), |tx, ()| Box::pin(store::summary(tx))).await
    }
}

#[derive(Clone)]
struct Page {
    source: Source,
    feed: Feed,
    /// One permit a tab that is kept up to date.
    tabs: Arc<Semaphore>,
    stop: CancellationToken,
}

/// The page's routes. `stop` ends its event streams, which would otherwise keep a server from draining; at most
/// `tabs` of them are open at once, further tabs show the page as it was when they loaded it.
pub fn page(source: Source, tabs: usize, stop: CancellationToken) -> Router {
    let feed = Feed::start(source.clone(), stop.clone());
    let routes = Router::new()
        .route("/", get(root))
        .route("/events", get(events))
        .route("/api/summary", get(summary))
        .route("/healthz", get(health))
        .route("/assets/page.css", get(|| asset("text/css; charset=utf-8", include_str!("../assets/page.css"))))
        .route("/assets/page.js", get(|| asset("text/javascript; charset=utf-8", include_str!("../assets/page.js"))))
        .route("/assets/icon.svg", get(|| asset("image/svg+xml", include_str!("../assets/icon.svg"))))
        .with_state(Page { source, feed, tabs: Arc::new(Semaphore::new(tabs)), stop });
    let layers = ServiceBuilder::new()
        .layer(TraceLayer::new_for_http()) // outermost: whatever is answered is seen
        .layer(CompressionLayer::new()) // event streams excepted: they must not wait for a block to fill
        .layer(CatchPanicLayer::new()); // a panic is this request's 500 and nobody else's
    HEADERS.into_iter().fold(routes, with_header).layer(layers)
}

fn with_header(routes: Router, (name, value): (HeaderName, &'static str)) -> Router {
    routes.layer(SetResponseHeaderLayer::if_not_present(name, HeaderValue::from_static(value)))
}

async fn root(State(page): State<Page>) -> Response {
    match page.source.summary().await {
        Ok(summary) => Html(html::page(&summary, page.source.ambient.now()).into_string()).into_response(),
        Err(error) => unavailable(&error, Html(html::page_away(page.source.ambient.now()).into_string())),
    }
}

async fn summary(State(page): State<Page>) -> Response {
    match page.source.summary().await {
        Ok(summary) => Json(summary).into_response(),
        Err(error) => unavailable(&error, UNREADABLE),
    }
}

async fn health(State(page): State<Page>) -> Response {
    match page.source.summary().await {
        Ok(_) => "ok\n".into_response(),
        Err(error) => unavailable(&error, UNREADABLE),
    }
}

async fn asset(kind: &'static str, content: &'static str) -> impl IntoResponse {
    // Asked for anew each time: a page of this version must not meet a style of the last.
    ([(header::CONTENT_TYPE, kind), (header::CACHE_CONTROL, "no-cache")], content)
}

async fn events(State(page): State<Page>) -> Response {
    match Arc::clone(&page.tabs).try_acquire_owned() {
        Ok(permit) => {
            let alive = KeepAlive::new().interval(Duration::from_secs(15));
            Sse::new(stream(&page, permit)).keep_alive(alive).into_response()
        }
        Err(_) => {
            let words = "too many pages are open; this one is not kept up to date\n";
            (StatusCode::SERVICE_UNAVAILABLE, [(header::RETRY_AFTER, "5")], words).into_response()
        }
    }
}

/// One tab's stream. The fragment travels as JSON text, since an event's data has no room for line breaks.
fn stream(page: &Page, permit: OwnedSemaphorePermit) -> impl Stream<Item = Result<Event, Infallible>> + use<> {
    let fragments = WatchStream::new(page.feed.join());
    let stop = page.stop.clone();
    fragments
        .filter_map(|fragment| ready(fragment.map(|json| Ok(Event::default().data(json)))))
        .take_until(async move { stop.cancelled().await })
        .map(move |event| {
            let _held_while_open = &permit;
            event
        })
}

const UNREADABLE: &str = "the figures cannot be read at the moment\n";

/// The feed has a line for the log when the store is away; what is a fault of the program has one here.
fn unavailable(error: &StoreError, words: impl IntoResponse) -> Response {
    if error.is_unavailable() {
        tracing::debug!(%error, "the projections cannot be read");
    } else {
        tracing::error!(%error, "the projections cannot be read");
    }
    (StatusCode::SERVICE_UNAVAILABLE, [(header::RETRY_AFTER, "1")], words).into_response()
}
