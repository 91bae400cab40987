//! What open tabs are sent: one task renders for all of them, when something changed and somebody looks. While the figures
//! cannot be read it says so in their place, and goes on by itself.

use super::{Source, html};
use crate::summary::Summary;
use ::store::StoreError;
use ambient::{Outage, Timestamp};
use std::{sync::Arc, time::Duration};
use tokio::sync::{Notify, watch};
use tokio_util::sync::CancellationToken;

/// Between two updates, at least: four a second are as much as an eye can follow.
const PACE: Duration = Duration::from_millis(250);

/// How often ages ("waiting for 5 min") are looked at when nothing else changes.
const AGES: Duration = Duration::from_secs(5);

/// How often it is tried again when the figures cannot be read.
const AGAIN: Duration = Duration::from_secs(1);

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
        let mut said = Said::default();
        loop {
            let watched = self.fragments.receiver_count() > 0;
            if !watched {
                self.fragments.send_replace(None); // whoever comes next shall not start with what is old by then
                said.last = None;
            }
            tokio::select! {
                biased;
                () = stop.cancelled() => return,
                () = self.joined.notified() => {}
                Ok(()) = changes.changed(), if watched => {}
                () = tokio::time::sleep(if said.away.is_some() { AGAIN } else { AGES }), if watched => {}
            }
            changes.mark_unchanged();
            let summary = source.summary().await;
            self.tell(said.of(summary, source.ambient.now()));
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

/// What was said last, to be said again while nothing newer is known.
#[derive(Default)]
struct Said {
    last: Option<Summary>,
    /// Since when the figures could not be read.
    away: Option<Timestamp>,
    outage: Outage,
}

impl Said {
    /// The inside of `main`: the figures, or that they cannot be read above those that could be read last.
    fn of(&mut self, read: Result<Summary, StoreError>, now: Timestamp) -> String {
        match read {
            Ok(summary) => {
                if let Some(lasted) = self.outage.ends(now) {
                    tracing::info!(?lasted, "the page follows again");
                }
                self.away = None;
                html::fragment(self.last.insert(summary), now).into_string()
            }
            Err(error) => {
                if self.outage.begins(now) {
                    tracing::warn!(%error, "the page stands still: the figures cannot be read");
                }
                let since = *self.away.get_or_insert(now);
                html::away(self.last.as_ref(), since).into_string()
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn while_the_figures_cannot_be_read_it_says_so_above_those_it_had_and_then_goes_on() {
        let (mut said, at) = (Said::default(), Timestamp::from_millis);
        let away = || Err(StoreError::Closed);
        assert!(said.of(away(), at(0)).contains("cannot be read"));
        assert!(!said.of(Ok(Summary::default()), at(1_000)).contains("cannot be read"));
        let (first, later) = (said.of(away(), at(2_000)), said.of(away(), at(900_000)));
        assert!(first.contains("cannot be read") && first.contains("0 events taken in"), "{first}");
        assert_eq!(first, later, "it says since when, not for how long: nothing is sent again");
        assert!(!said.of(Ok(Summary::default()), at(901_000)).contains("cannot be read"));
    }
}
