//! Carries operations to the gateway until its answer is definite. Apart from the handlers, because an effect outside
//! finishes under its owner: a caller that leaves, or a process that dies, leaves the intent in the books and the
//! driver (or the next start's) goes on from there.
//!
//! One key for all sendings of an operation. Where an answer is missing the driver asks what became of the key before
//! it sends again, for an absent answer is not a no. An operation that was withdrawn is cancelled by its key, and only
//! the gateway's word ends the doubt.

mod absence;
mod looks;

pub use absence::Absence;

use crate::{
    Settings,
    board::Board,
    domain::{Kind, Operation, Token, Word},
    gateway::{Cancellation, Gateway, Instruction, NoAnswer},
    store::{Books, Errand, Ruling, Settled},
};
use ambient::Ambient;
use api::types::Money;
use looks::Looks;
use std::{
    collections::{HashMap, hash_map::Entry},
    sync::Arc,
    time::Duration,
};
use store::StoreError;
use tokio::{
    sync::{Semaphore, mpsc::UnboundedReceiver},
    task::JoinSet,
    time::{Instant, sleep, timeout},
};
use tokio_util::sync::CancellationToken;

/// How many operations are read from the books at once.
const PAGE: u64 = 500;

pub struct Driver {
    pub books: Books,
    pub gateway: Arc<dyn Gateway>,
    pub board: Arc<Board>,
    pub ambient: Ambient,
    pub settings: Settings,
    /// Calls to the gateway at the same time.
    pub calls: Semaphore,
    /// The books' absence, told once.
    pub absence: Absence,
}

/// What the driver has in hand.
#[derive(Default)]
struct Hands {
    tasks: JoinSet<String>,
    /// By operation: how its task learns that it is withdrawn.
    under_way: HashMap<String, CancellationToken>,
}

impl Driver {
    /// Takes errands until the service stops. What is under way then is found by the next start.
    pub async fn run(self: Arc<Self>, mut errands: UnboundedReceiver<Errand>, stop: CancellationToken) {
        let mut hands = Hands::default();
        // Operations of an earlier life: what became of them is not known here.
        let mut looks = Looks::at_once(Instant::now());
        loop {
            tokio::select! {
                biased;
                () = stop.cancelled() => break,
                Some(ended) = hands.tasks.join_next(), if !hands.tasks.is_empty() => match ended {
                    Ok(key) => { hands.under_way.remove(&key); }
                    Err(error) => tracing::error!(%error, "carrying an operation failed; the next start goes on with it"),
                },
                () = looks.due() => {
                    let ended = self.look(&mut hands).await;
                    looks.looked(ended.is_ok(), Instant::now() + self.settings.max_backoff);
                }
                Some(errand) = errands.recv() => match errand {
                    Errand::Carry { operation, token } => self.begin(&mut hands, *operation, token, false),
                    Errand::Withdraw { key } => if let Some(withdrawn) = hands.under_way.get(&key) { withdrawn.cancel() },
                    Errand::Look => looks.wanted(Instant::now()),
                },
            }
        }
        hands.tasks.shutdown().await;
        self.board.close();
    }

    /// Takes from the books, in batches, what is to be carried and is not.
    async fn look(self: &Arc<Self>, hands: &mut Hands) -> Result<(), StoreError> {
        let mut after = String::new();
        loop {
            let page = self.books.unfinished(&after, PAGE).await;
            let page = page.inspect_err(|error| self.absence.met(error, self.ambient.now()))?;
            self.absence.over(self.ambient.now());
            let Some((last, _)) = page.last() else { return Ok(()) };
            after.clone_from(&last.payment);
            for (operation, token) in page {
                self.begin(hands, operation, token, true);
            }
        }
    }

    fn begin(self: &Arc<Self>, hands: &mut Hands, operation: Operation, token: Token, doubt: bool) {
        let cancel = operation.cancel;
        let withdrawn = match hands.under_way.entry(operation.key.clone()) {
            Entry::Occupied(known) => known.into_mut(),
            Entry::Vacant(free) => {
                let withdrawn = free.insert(CancellationToken::new());
                hands.tasks.spawn(Arc::clone(self).carry(operation, token, doubt, withdrawn.clone()));
                withdrawn
            }
        };
        if cancel {
            withdrawn.cancel();
        }
    }

    async fn carry(
        self: Arc<Self>,
        operation: Operation,
        token: Token,
        doubt: bool,
        withdrawn: CancellationToken,
    ) -> String {
        let key = operation.key.clone();
        let word = self.definite(&operation, &token, doubt, &withdrawn).await;
        if let Some(mut settled) = self.record(operation, word).await {
            let next = settled.next.take();
            self.board.publish(settled);
            if let Some(next) = next {
                self.books.carry(next, token);
            }
        }
        key
    }

    /// The gateway's definite word, however long it takes.
    async fn definite(
        &self,
        operation: &Operation,
        token: &Token,
        mut doubt: bool,
        withdrawn: &CancellationToken,
    ) -> Word {
        let mut order = instruction(operation, token);
        loop {
            match self.ask(operation.kind, &order, doubt, withdrawn).await {
                Ok(word) => return word,
                Err(reason) => {
                    tracing::debug!(operation = order.key, attempt = order.attempt, %reason, "no definite answer yet");
                }
            }
            doubt = true;
            // The wake-up may have come before this task was known; the books are never late.
            if self.books.operation(&order.key).await.is_ok_and(|row| row.is_some_and(|row| row.cancel)) {
                withdrawn.cancel();
            }
            self.pause(order.attempt, withdrawn).await;
            order.attempt = order.attempt.saturating_add(1);
        }
    }

    async fn ask(
        &self,
        kind: Kind,
        order: &Instruction,
        doubt: bool,
        withdrawn: &CancellationToken,
    ) -> Result<Word, NoAnswer> {
        let _call = self.calls.acquire().await;
        tokio::select! {
            biased;
            () = withdrawn.cancelled() => {}
            word = self.told(kind, order, doubt) => return word,
        }
        self.limited(self.gateway.cancel(&order.key)).await.map(|cancelled| match cancelled {
            Cancellation::Cancelled => Word::Cancelled,
            Cancellation::AlreadyDone { result } => result,
        })
    }

    async fn told(&self, kind: Kind, order: &Instruction, doubt: bool) -> Result<Word, NoAnswer> {
        if doubt && let Some(line) = self.limited(self.gateway.query(&order.key)).await? {
            return Ok(line.word);
        }
        self.limited(async {
            match kind {
                Kind::Authorise => self.gateway.authorise(order).await,
                Kind::Capture => self.gateway.capture(order).await,
                Kind::Charge => self.gateway.charge(order).await,
                Kind::Refund => self.gateway.refund(order).await,
                Kind::Void | Kind::Unspecified => self.gateway.void(order).await,
            }
        })
        .await
    }

    async fn limited<T>(&self, call: impl Future<Output = Result<T, NoAnswer>>) -> Result<T, NoAnswer> {
        timeout(self.settings.attempt_timeout, call).await.unwrap_or(Err(NoAnswer::Silent))
    }

    /// Waits longer each time, but not when there is a withdrawal to tell of.
    async fn pause(&self, attempt: u32, withdrawn: &CancellationToken) {
        let backoff = sleep(self.backoff(attempt));
        if withdrawn.is_cancelled() {
            backoff.await;
        } else {
            let _ = withdrawn.run_until_cancelled(backoff).await;
        }
    }

    fn backoff(&self, attempt: u32) -> Duration {
        let grown = self.settings.backoff.saturating_mul(1 << attempt.saturating_sub(1).min(16));
        let half = grown.min(self.settings.max_backoff) / 2;
        half + self.ambient.jitter(half)
    }

    /// Records the word; the store's trouble is waited out. `None`: recorded before, or the store is closed.
    async fn record(&self, operation: Operation, word: Word) -> Option<Settled> {
        let mut attempt = 1;
        loop {
            let ruling = Ruling {
                operation: operation.clone(),
                word: word.clone(),
                event: self.ambient.id(),
                now: self.ambient.now(),
            };
            match self.books.rule(ruling).await {
                Ok(settled) => {
                    self.absence.over(self.ambient.now());
                    if settled.is_none() {
                        // By a unit whose answer was lost: what it left to be carried next, nobody was told of.
                        self.books.look();
                    }
                    return settled;
                }
                Err(StoreError::Closed) => return None,
                Err(error) => self.absence.met(&error, self.ambient.now()),
            }
            sleep(self.backoff(attempt)).await;
            attempt += 1;
        }
    }
}

fn instruction(operation: &Operation, token: &Token) -> Instruction {
    Instruction {
        key: operation.key.clone(),
        payment: operation.payment.clone(),
        token: token.clone(),
        amount: Money { currency_code: operation.currency.clone(), minor_units: operation.amount },
        attempt: 1,
    }
}
