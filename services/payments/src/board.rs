//! Where handlers wait for what the driver records. In memory only: who waits has read the books before, and whoever
//! stops waiting loses nothing.

use crate::store::Settled;
use parking_lot::Mutex;
use std::{collections::HashMap, sync::Arc};
use tokio::sync::oneshot;

/// Who waits for which operation or payment.
#[derive(Default)]
pub struct Board(Mutex<HashMap<String, Vec<oneshot::Sender<Arc<Settled>>>>>);

/// The next news of one operation or payment from the moment it was asked for. Dropping it stops waiting.
pub struct Watch {
    board: Arc<Board>,
    topic: String,
    news: oneshot::Receiver<Arc<Settled>>,
}

impl Board {
    /// Begins to wait for news of `topic`: an operation's key or a payment's identifier.
    pub fn watch(self: &Arc<Self>, topic: &str) -> Watch {
        let (sender, news) = oneshot::channel();
        self.0.lock().entry(topic.to_owned()).or_default().push(sender);
        Watch { board: Arc::clone(self), topic: topic.to_owned(), news }
    }

    /// Tells those who wait.
    pub fn publish(&self, settled: Settled) {
        let settled = Arc::new(settled);
        let mut waiting = self.0.lock();
        let topics = settled.operations.iter().map(|operation| &operation.key).chain([&settled.payment.id]);
        for sender in topics.filter_map(|topic| waiting.remove(topic)).flatten() {
            // A closed one is a caller who left.
            let _ = sender.send(Arc::clone(&settled));
        }
    }

    /// Lets go of all who wait: nothing will be recorded any more.
    pub fn close(&self) {
        self.0.lock().clear();
    }
}

impl Watch {
    /// The news; `None` when the service stops before there is any.
    pub async fn news(mut self) -> Option<Arc<Settled>> {
        (&mut self.news).await.ok()
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        self.news.close();
        let mut waiting = self.board.0.lock();
        if let Some(senders) = waiting.get_mut(&self.topic) {
            senders.retain(|sender| !sender.is_closed());
            if senders.is_empty() {
                waiting.remove(&self.topic);
            }
        }
    }
}
