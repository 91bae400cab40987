//! What open tabs are sent: one task renders for all of them, when something changed and somebody looks.

use super::{Source, html};
use std::{sync::Arc, time::Duration};
use tokio::sync::{Notify, watch};
use tokio_util::sync::CancellationToken;

/// Between two updates, at least: four a second are as much as an eye can follow.
const PACE: Duration = Duration::from_millis(250);

/// How often ages ("waiting for 5 min") are looked at when nothing else changes.
const AGES: Duration = Duration::from_secs(5);

/// The inside of `main`, as JSON text; none while nobody looks.
pub type Fragment = Option<Arc<str>>;

/// The one end that tabs hold.
#[derive(Clone)]
pub struct Feed {
    fragments: watch::Sender<Fragment>,
    joined: Arc<Notify>,
}

impl Feed {
    /// The feed, and the task that keeps it up to date until it is told to stop.
    pub fn start(source: Source, stop: CancellationToken) -> Self {
        let feed = Self { fragments: watch::Sender::new(None), joined: Arc::default() };
        tokio::spawn(feed.clone().run(source, stop));
        feed
    }

    /// A tab's own end: the latest fragment at once, if there is one, then every new one.
    pub fn join(&self) -> watch::Receiver<Fragment> {
        let receiver = self.fragments.subscribe();
        self.joined.notify_one();
        receiver
    }

    async fn run(self, source: Source, stop: CancellationToken) {
        let mut changes = source.store.announcements();
        loop {
            let watched = self.fragments.receiver_count() > 0;
            if !watched {
                self.fragments.send_replace(None); // whoever comes next shall not start with what is old by then
            }
            tokio::select! {
                biased;
                () = stop.cancelled() => return,
                () = self.joined.notified() => {}
                Ok(()) = changes.changed(), if watched => {}
                () = tokio::time::sleep(AGES), if watched => {}
            }
            changes.mark_unchanged();
            match source.summary().await {
                Ok(summary) => self.tell(html::fragment(&summary, source.ambient.now()).into_string()),
                Err(error) => tracing::warn!(%error, "the page cannot be brought up to date"),
            }
            tokio::select! {
                () = stop.cancelled() => return,
                () = tokio::time::sleep(PACE) => {}
            }
        }
    }

    fn tell(&self, html: String) {
        let json = serde_json::Value::String(html).to_string();
        self.fragments.send_if_modified(|last| {
            let new = last.as_deref() != Some(json.as_str());
            if new {
                *last = Some(json.into());
            }
            new
        });
    }
}
