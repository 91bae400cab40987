//! The sender: takes mails whose time has come, delivers them, and marks what became of them, a batch at a time. A task
//! of its own, since a mail server's answer may take minutes and must not hold up a unit of work.
//!
//! Between the server's acceptance and the mark there is a gap that nothing can close: a crash in it sends those mails
//! again, under the same Message-IDs. One sender a store.

use crate::{
    domain::{Backoff, Letter},
    settings::Settings,
    store::{self, Failure},
    transport::{Outcome, Post},
};
use ::store::{Store, StoreError};
use ambient::{Ambient, Timestamp};
use std::time::Duration;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

const TIDY_EVERY: Duration = Duration::from_secs(3_600);
const LONGEST_PAUSE: Duration = Duration::from_secs(60);

/// Everything the sender works with.
pub struct Sender {
    pub store: Store,
    pub ambient: Ambient,
    pub post: Post,
    pub settings: Settings,
    /// Counts rounds, for those who wait for mails to be sent.
    pub rounds: watch::Sender<u64>,
}

/// What a round leads to.
#[derive(Debug, PartialEq)]
enum Next {
    /// There was a full batch, so there may be more.
    Again,
    /// Nothing to do until then, or until a mail is written.
    Sleep(Option<Timestamp>),
    /// Mails cannot leave; new ones change nothing about that.
    Pause,
}

impl Sender {
    /// Sends until it is told to stop; a round that has begun is finished first.
    pub async fn run(self, stop: CancellationToken) {
        let mut pauses = 0;
        let mut written = self.store.announcements();
        let mut tidy_at = self.ambient.now().plus(TIDY_EVERY);
        while !stop.is_cancelled() {
            written.mark_unchanged(); // what is written from here on, this round may miss
            let next = self.round().await.unwrap_or_else(|error| {
                tracing::warn!(%error, "mails wait: the store does not answer");
                Next::Pause
            });
            self.rounds.send_modify(|rounds| *rounds += 1);
            pauses = if next == Next::Pause { pauses + 1 } else { 0 };
            self.wait(next, pauses, tidy_at, &mut written, &stop).await;
            if self.ambient.now() >= tidy_at {
                self.tidy().await;
                tidy_at = self.ambient.now().plus(TIDY_EVERY);
            }
        }
    }

    async fn wait(
        &self,
        next: Next,
        pauses: i64,
        tidy_at: Timestamp,
        written: &mut watch::Receiver<u64>,
        stop: &CancellationToken,
    ) {
        let (until, wakeful) = match next {
            Next::Again => return,
            Next::Sleep(due) => (due.map_or(tidy_at, |due| due.min(tidy_at)), true),
            Next::Pause => (self.ambient.now().plus(self.backoff(LONGEST_PAUSE).wait(pauses, self.chance())), false),
        };
        tokio::select! {
            biased;
            () = stop.cancelled() => {}
            Ok(()) = written.changed(), if wakeful => {}
            () = tokio::time::sleep_until(self.ambient.instant(until)) => {}
        }
    }

    /// Takes a batch, delivers it, marks it.
    async fn round(&self) -> Result<Next, StoreError> {
        let batch = self.take().await?;
        if batch.is_empty() {
            let due = self.store.read((), |tx, ()| Box::pin(store::next_due(tx))).await?;
            return Ok(Next::Sleep(due));
        }
        let outcomes = self.post.deliver(&batch).await;
        let stuck = outcomes.iter().any(|outcome| matches!(outcome, Outcome::Unreachable(_)));
        self.mark(&batch, outcomes).await?;
        Ok(if stuck { Next::Pause } else { Next::Again })
    }

    async fn take(&self) -> Result<Vec<Letter>, StoreError> {
        let args = (self.ambient.now(), self.settings.batch.max(1));
        self.store.read(args, |tx, (now, limit)| Box::pin(store::due(tx, *now, *limit))).await
    }

    /// Records outcomes in one unit.
    async fn mark(&self, batch: &[Letter], outcomes: Vec<Outcome>) -> Result<(), StoreError> {
        let (mut sent, mut failures) = (Vec::new(), Vec::new());
        for (letter, outcome) in batch.iter().zip(outcomes) {
            match outcome {
                Outcome::Sent => sent.push(letter.event_id.clone()),
                Outcome::Refused(error) => failures.push(self.failure(letter, error, false)),
                Outcome::Later(error) | Outcome::Unreachable(error) => failures.push(self.failure(letter, error, true)),
            }
        }
        for failure in &failures {
            let Failure { event_id, error, again_at } = failure;
            tracing::warn!(%event_id, %error, given_up = again_at.is_none(), "a mail was not delivered");
        }
        self.store.unit((sent, failures), |tx, (sent, failures)| Box::pin(store::mark(tx, sent, failures))).await
    }

    fn failure(&self, letter: &Letter, error: String, again: bool) -> Failure {
        let now = self.ambient.now();
        let again = again && now.since(letter.at) < self.settings.give_up_after;
        let wait = self.backoff(self.settings.longest_wait).wait(letter.attempts + 1, self.chance());
        Failure { event_id: letter.event_id.clone(), error, again_at: again.then(|| now.plus(wait)) }
    }

    async fn tidy(&self) {
        let now = self.ambient.now().as_millis();
        let keep = i64::try_from(self.settings.keep.as_millis()).unwrap_or(i64::MAX);
        let horizon = Timestamp::from_millis(now.saturating_sub(keep));
        let forget = self.store.unit(horizon, |tx, horizon| Box::pin(store::forget(tx, *horizon)));
        if let Err(error) = forget.await {
            tracing::warn!(%error, "old mails could not be forgotten; tried again in an hour");
        }
    }

    fn backoff(&self, longest: Duration) -> Backoff {
        Backoff { first: self.settings.first_wait, longest }
    }

    fn chance(&self) -> f64 {
        self.ambient.dice().unit()
    }
}
