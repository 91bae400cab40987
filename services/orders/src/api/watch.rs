//! WatchOrder: an order's history from a sequence on, then each change as it happens.
//!
//! The history is what is streamed, never the wake-up: a watcher that is slow, or was away, reads on where it was.

use super::{Inner, status};
use crate::{
    domain::{Change, Violations},
    hub::Watched,
    store as rows,
};
use api::order::v1::{WatchOrderRequest, WatchOrderResponse};
use futures::{
    StreamExt,
    stream::{self, BoxStream},
};
use std::{collections::VecDeque, sync::Arc};
use tonic::Status;

/// Changes read at once.
const PAGE: u64 = 100;

struct Watcher {
    inner: Arc<Inner>,
    order_id: String,
    watched: Watched,
    after: i64,
    ready: VecDeque<Change>,
    /// The order is final and everything was read.
    over: bool,
}

pub async fn watch(
    inner: Arc<Inner>,
    request: WatchOrderRequest,
) -> Result<BoxStream<'static, Result<WatchOrderResponse, Status>>, Status> {
    if request.after_sequence < 0 {
        let mut violations = Violations::default();
        violations.add("after_sequence", "must not be negative");
        return Err(status::invalid(violations));
    }
    status::may_exist(&request.order_id)?;
    // Before the first read, so that nothing falls between reading and waiting.
    let watched = inner.hub.watch(&request.order_id);
    let mut watcher = Watcher {
        inner,
        order_id: request.order_id,
        watched,
        after: request.after_sequence,
        ready: VecDeque::new(),
        over: false,
    };
    watcher.read().await?;
    let changes = stream::unfold(Some(watcher), |watcher| async move {
        let mut watcher = watcher?;
        match watcher.next().await {
            Ok(Some(change)) => Some((Ok(WatchOrderResponse { change: Some(change.message()) }), Some(watcher))),
            Ok(None) => None,
            Err(status) => Some((Err(status), None)),
        }
    });
    Ok(changes.boxed())
}

impl Watcher {
    async fn next(&mut self) -> Result<Option<Change>, Status> {
        loop {
            if let Some(change) = self.ready.pop_front() {
                return Ok(Some(change));
            }
            if self.over {
                return Ok(None);
            }
            tokio::select! {
                // Changed, or time to look: the history says which.
                _ = self.watched.next() => {}
                () = self.inner.stop.cancelled() => return Err(Status::unavailable("the service is ending")),
            }
            self.read().await?;
        }
    }

    async fn read(&mut self) -> Result<(), Status> {
        loop {
            let args = (self.order_id.clone(), self.after);
            let read = self.inner.store.read(args, |tx, (order_id, after)| {
                Box::pin(async move {
                    let Some(order) = rows::find_bare(tx, order_id).await? else { return Ok(None) };
                    Ok(Some((order.is_final(), rows::history_after(tx, order_id, *after, PAGE).await?)))
                })
            });
            let found = read.await.map_err(status::store)?;
            let (is_final, changes) = found.ok_or_else(|| status::no_order(&self.order_id))?;
            let full = changes.len() as u64 == PAGE;
            self.over = is_final && !full;
            self.after = changes.last().map_or(self.after, |last| last.sequence);
            self.ready.extend(changes);
            if !full {
                return Ok(());
            }
        }
    }
}
