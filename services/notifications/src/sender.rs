//! The sender: takes mails whose time has come, delivers them, and marks what became of them, a batch at a time. A task
//! of its own, since a mail server's answer may take minutes and must not hold up a unit of work.
//!
//! Between the server's acceptance and the mark there is a gap that nothing can close: a crash in it sends those mails
//! again, under the same Message-IDs. One sender a store; where the database cannot promise that, a sender claims a batch
//! for a while before it sends it, so that two do not send the same mails. A start gives up the claims of an earlier life.

use crate::{
    domain::{Backoff, Letter},
    settings::Settings,
    store::{self, Failure, Marks},
    transport::{Outcome, Post},
};
use ::store::{Store, StoreError};
use ambient::{Ambient, Outage, Timestamp};
use std::{sync::Arc, time::Duration};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

const TIDY_EVERY: Duration = Duration::from_secs(3_600);
const LONGEST_PAUSE: Duration = Duration::from_secs(60);
/// Until the store is tried again that failed, and until mails are looked for again that another sender has.
const SOON: Duration = Duration::from_secs(1);
/// A claim lasts as long as so many deliveries that take all the patience there is. In most cases one round of them is
/// enough; what is left is given back.
const CLAIM: u32 = 4;

/// Everything the sender works with.
pub struct Sender {
    pub store: Store,
    pub ambient: Ambient,
    pub post: Post,
    pub settings: Settings,
    /// Counts rounds, for those who wait for mails to be sent.
    pub rounds: watch::Sender<u64>,
    /// Others may look at the same mails.
    pub shared: bool,
    /// What became of mails that the store could not be told of yet. Told before anything else is taken: it would be sent
    /// twice.
    pub untold: Option<Arc<Marks>>,
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
    /// The store does not answer.
    Soon,
}

impl Sender {
    /// Sends until it is told to stop; a round that has begun is finished first.
    pub async fn run(mut self, stop: CancellationToken) {
        let (mut pauses, mut outage) = (0, Outage::default());
        let mut written = self.store.announcements();
        let mut tidy_at = self.ambient.now().plus(TIDY_EVERY);
        while !stop.is_cancelled() {
            written.mark_unchanged(); // what is written from here on, this round may miss
            let round = self.round().await;
            let next = self.judge(round, &mut outage);
            self.rounds.send_modify(|rounds| *rounds += 1);
            pauses = if next == Next::Pause { pauses + 1 } else { 0 };
            self.wait(next, pauses, tidy_at, &mut written, &stop).await;
            if self.ambient.now() >= tidy_at {
                self.tidy().await;
                tidy_at = self.ambient.now().plus(TIDY_EVERY);
            }
        }
    }

    /// A line in the log when the store begins to fail and one when it is back, however long that takes.
    fn judge(&self, round: Result<Next, StoreError>, outage: &mut Outage) -> Next {
        match round {
            Ok(next) => {
                if let Some(lasted) = outage.ends(self.ambient.now()) {
                    tracing::info!(?lasted, "mails leave again");
                }
                next
            }
            Err(error) => {
                if outage.begins(self.ambient.now()) {
                    tracing::warn!(%error, "mails wait while the store fails; tried again every {SOON:?}");
                }
                Next::Soon
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
            Next::Soon => (self.ambient.now().plus(SOON), false),
        };
        tokio::select! {
            biased;
            () = stop.cancelled() => {}
            Ok(()) = written.changed(), if wakeful => {}
            () = tokio::time::sleep_until(self.ambient.instant(until)) => {}
        }
    }

    /// Takes a batch, delivers it, marks it.
    async fn round(&mut self) -> Result<Next, StoreError> {
        self.tell().await?;
        let now = self.ambient.now();
        let until = self.shared.then(|| now.plus(self.settings.patience.saturating_mul(CLAIM)));
        let batch = self.take(now, until).await?;
        if batch.is_empty() {
            let due = self.store.read((), |tx, ()| Box::pin(store::next_due(tx))).await?;
            // Due, and yet not to be had: another sender has it.
            let elsewhere = due.filter(|due| *due <= now && self.shared).map(|_| now.plus(SOON));
            return Ok(Next::Sleep(elsewhere.or(due)));
        }
        let outcomes = self.post.deliver(&batch, until.map(|until| self.ambient.instant(until))).await;
        let stuck = outcomes.iter().any(|outcome| matches!(outcome, Outcome::Unreachable(_)));
        self.untold = Some(Arc::new(self.marks(&batch, outcomes)));
        self.tell().await?;
        Ok(if stuck { Next::Pause } else { Next::Again })
    }

    async fn take(&self, now: Timestamp, until: Option<Timestamp>) -> Result<Vec<Letter>, StoreError> {
        let limit = self.settings.batch.max(1);
        match until {
            None => self.store.read((now, limit), |tx, (now, limit)| Box::pin(store::due(tx, *now, *limit))).await,
            Some(until) => {
                let args = (now, until, limit);
                let claim =
                    self.store.unit(args, |tx, (now, until, limit)| Box::pin(store::claim(tx, *now, *until, *limit)));
                claim.await
            }
        }
    }

    fn marks(&self, batch: &[Letter], outcomes: Vec<Outcome>) -> Marks {
        let mut marks = Marks::default();
        if self.shared {
            let untried = batch.iter().skip(outcomes.len());
            marks.given_back = untried.map(|letter| letter.event_id.clone()).collect();
        }
        for (letter, outcome) in batch.iter().zip(outcomes) {
            match outcome {
                Outcome::Sent => marks.sent.push(letter.event_id.clone()),
                Outcome::Refused(error) => marks.failures.push(self.failure(letter, error, false)),
                Outcome::Later(error) | Outcome::Unreachable(error) => {
                    marks.failures.push(self.failure(letter, error, true));
                }
            }
        }
        for Failure { event_id, error, again_at } in &marks.failures {
            tracing::warn!(%event_id, %error, given_up = again_at.is_none(), "a mail was not delivered");
        }
        marks
    }

    /// Records outcomes in one unit; until that has worked they are kept here.
    async fn tell(&mut self) -> Result<(), StoreError> {
        if let Some(marks) = &self.untold {
            self.store.unit(Arc::clone(marks), |tx, marks| Box::pin(store::mark(tx, marks))).await?;
            self.untold = None;
        }
        Ok(())
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
