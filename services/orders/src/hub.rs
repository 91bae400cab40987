//! Who waits for an order inside this process: told after the unit that changed it is durable.
//!
//! Only the latest is kept for each waiter, whichever unit's word comes first: units that commit side by side are told of
//! in any order. Who needs every change reads the history, which has no gaps. And a word may be missing, when the answer
//! to a commit was lost: who waits looks for itself now and then.

use crate::domain::Order;
use parking_lot::Mutex;
use std::{collections::HashMap, sync::Arc, time::Duration};
use tokio::sync::watch;

/// How long to wait for word of an order before it is looked at.
const LOOK: Duration = Duration::from_secs(5);

/// Waiters by order.
#[derive(Default)]
pub struct Hub(Mutex<HashMap<String, watch::Sender<Option<Order>>>>);

/// One waiter. Subscribe before reading: then nothing falls between.
pub struct Watched {
    hub: Arc<Hub>,
    order_id: String,
    latest: watch::Receiver<Option<Order>>,
}

impl Hub {
    /// Waits for changes of an order from now on.
    pub fn watch(self: &Arc<Self>, order_id: &str) -> Watched {
        let mut waiters = self.0.lock();
        let latest = waiters.entry(order_id.to_owned()).or_insert_with(|| watch::Sender::new(None)).subscribe();
        Watched { hub: self.clone(), order_id: order_id.to_owned(), latest }
    }

    /// Tells who waits.
    pub fn publish(&self, order: Order) {
        if let Some(waiters) = self.0.lock().get(&order.content.order_id) {
            waiters.send_if_modified(|latest| {
                let news = latest.as_ref().is_none_or(|latest| latest.sequence <= order.sequence);
                if news {
                    *latest = Some(order);
                }
                news
            });
        }
    }
}

impl Watched {
    /// The order after its next change; `None` when it is time to look at it instead.
    pub async fn next(&mut self) -> Option<Order> {
        tokio::time::timeout(LOOK, self.told()).await.ok()
    }

    async fn told(&mut self) -> Order {
        loop {
            if self.latest.changed().await.is_err() {
                // The sender lives as long as this receiver is entered in the hub: it cannot be gone.
                std::future::pending::<()>().await;
            }
            if let Some(order) = self.latest.borrow_and_update().clone() {
                return order;
            }
        }
    }
}

impl Drop for Watched {
    fn drop(&mut self) {
        let mut waiters = self.hub.0.lock();
        // This receiver is still counted.
        if waiters.get(&self.order_id).is_some_and(|sender| sender.receiver_count() <= 1) {
            waiters.remove(&self.order_id);
        }
    }
}
