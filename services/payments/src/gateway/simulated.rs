//! A gateway that behaves as gateways do: it declines, delays, does what it is told and says nothing, hears things
//! twice or late. Its memory is durable and its answers are the same for ever; only its manners vary.

use super::{
    Behaviour, Cancellation, Gateway, Instruction, NoAnswer, StatementLine,
    book::{self, Arrival},
    faults::{Fate, Faults},
};
use crate::domain::{Kind, Token, Word};
use ambient::Ambient;
use api::types::Money;
use async_trait::async_trait;
use parking_lot::Mutex;
use std::{
    collections::HashMap,
    future::pending,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};
use store::{Store, StoreError};
use tokio_util::sync::CancellationToken;

/// The simulated gateway. Cloning shares it.
#[derive(Clone)]
pub struct SimulatedGateway(Arc<Inner>);

struct Inner {
    store: Store,
    ambient: Ambient,
    faults: Faults,
    steered: Mutex<HashMap<String, Behaviour>>,
    cut_off: AtomicBool,
    closed: CancellationToken,
}

impl SimulatedGateway {
    pub(crate) fn new(store: Store, ambient: Ambient, faults: Faults) -> Self {
        let (steered, cut_off, closed) = (Mutex::default(), AtomicBool::default(), CancellationToken::new());
        Self(Arc::new(Inner { store, ambient, faults, steered, cut_off, closed }))
    }

    /// Treats a token's payments so from now on, whatever the token says.
    pub fn steer(&self, token: &str, behaviour: Behaviour) {
        self.0.steered.lock().insert(token.to_owned(), behaviour);
    }

    /// While true, nothing arrives and nothing is answered.
    pub fn cut_off(&self, cut: bool) {
        self.0.cut_off.store(cut, Ordering::Release);
    }

    /// What was taken from a token and not given back. A token is taken to pay in one currency.
    pub async fn taken_from(&self, token: &str) -> Result<Money, StoreError> {
        self.sum(token, |account| account.captured - account.refunded).await
    }

    /// What is held of a token.
    pub async fn held_of(&self, token: &str) -> Result<Money, StoreError> {
        self.sum(token, |account| account.held).await
    }

    /// The file in which it keeps what it did.
    pub fn store(&self) -> &Store {
        &self.0.store
    }

    /// Requests that still travel arrive no more.
    pub(crate) fn shutdown(&self) {
        self.0.closed.cancel();
    }

    async fn sum(&self, token: &str, of: impl Fn(&book::account::Model) -> i64) -> Result<Money, StoreError> {
        let accounts = book::accounts_of(&self.0.store, &Token(token.to_owned())).await?;
        let currency_code = accounts.first().map(|account| account.currency.clone()).unwrap_or_default();
        Ok(Money { currency_code, minor_units: accounts.iter().map(of).sum() })
    }

    async fn told(&self, kind: Kind, order: &Instruction) -> Result<Word, NoAnswer> {
        self.line()?;
        let behaviour = self.behaviour(&order.token);
        let arrival = Arrival {
            kind,
            order: order.clone(),
            decline: self.decline(kind, behaviour, order),
            at: self.0.ambient.now(),
        };
        match self.0.faults.fate(behaviour, &order.key, order.attempt) {
            Fate::Prompt => self.arrive(arrival).await,
            Fate::Lost => Err(NoAnswer::Unreachable("the connection was reset".to_owned())),
            Fate::Slow(time) => {
                let word = self.arrive(arrival).await;
                tokio::time::sleep(time).await;
                word
            }
            Fate::Silent => {
                self.arrive(arrival).await?;
                pending().await
            }
            Fate::Late(time) => {
                let (gateway, closed) = (self.clone(), self.0.closed.clone());
                let travel = async move {
                    tokio::time::sleep(time).await;
                    // Nobody waits for this answer, whatever it is.
                    let _ = gateway.arrive(arrival).await;
                };
                tokio::spawn(closed.run_until_cancelled_owned(travel));
                pending().await
            }
            Fate::Twice => {
                let (first, second) = tokio::join!(self.arrive(arrival.clone()), self.arrive(arrival));
                first.or(second)
            }
        }
    }

    async fn arrive(&self, arrival: Arrival) -> Result<Word, NoAnswer> {
        book::arrive(&self.0.store, arrival).await.map_err(unreachable)
    }

    fn behaviour(&self, token: &Token) -> Behaviour {
        let steered = self.0.steered.lock().get(&token.0).copied();
        steered.unwrap_or_else(|| Behaviour::of_token(&token.0))
    }

    fn decline(&self, kind: Kind, behaviour: Behaviour, order: &Instruction) -> Option<&'static str> {
        let opens = matches!(kind, Kind::Authorise | Kind::Charge);
        match (behaviour, kind) {
            (Behaviour::Declines, _) if opens => Some("insufficient_funds"),
            (Behaviour::DeclinesAtCapture, Kind::Capture) => Some("hold_expired"),
            (Behaviour::DeclinesRefunds, Kind::Refund) => Some("account_closed"),
            (Behaviour::Plain, _) if opens && self.0.faults.declines(&order.key) => Some("declined_by_issuer"),
            _ => None,
        }
    }

    fn line(&self) -> Result<(), NoAnswer> {
        if self.0.cut_off.load(Ordering::Acquire) {
            return Err(NoAnswer::Unreachable("the line is down".to_owned()));
        }
        Ok(())
    }
}

#[async_trait]
impl Gateway for SimulatedGateway {
    async fn authorise(&self, order: &Instruction) -> Result<Word, NoAnswer> {
        self.told(Kind::Authorise, order).await
    }

    async fn capture(&self, order: &Instruction) -> Result<Word, NoAnswer> {
        self.told(Kind::Capture, order).await
    }

    async fn charge(&self, order: &Instruction) -> Result<Word, NoAnswer> {
        self.told(Kind::Charge, order).await
    }

    async fn void(&self, order: &Instruction) -> Result<Word, NoAnswer> {
        self.told(Kind::Void, order).await
    }

    async fn refund(&self, order: &Instruction) -> Result<Word, NoAnswer> {
        self.told(Kind::Refund, order).await
    }

    async fn query(&self, key: &str) -> Result<Option<StatementLine>, NoAnswer> {
        self.line()?;
        book::query(&self.0.store, key).await.map_err(unreachable)
    }

    async fn cancel(&self, key: &str) -> Result<Cancellation, NoAnswer> {
        self.line()?;
        book::cancel(&self.0.store, key, self.0.ambient.now()).await.map_err(unreachable)
    }

    async fn statement(&self, after: &str, limit: u64) -> Result<Vec<StatementLine>, NoAnswer> {
        self.line()?;
        book::statement(&self.0.store, after, limit).await.map_err(unreachable)
    }
}

fn unreachable(error: StoreError) -> NoAnswer {
    NoAnswer::Unreachable(error.to_string())
}
