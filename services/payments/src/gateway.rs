//! The world outside: whoever really moves the money.
//!
//! A trait, because the service must not know more of a gateway than this: it is told one thing under one key, as often
//! as it takes, and may fall silent at any moment. Silence is not a no. What it has said definitely, it goes on saying.

mod book;
mod facts;
mod faults;
mod migration;
mod simulated;
#[cfg(test)]
mod tests;

pub use facts::gateway_facts;
pub use faults::{Behaviour, FaultRates, Faults, tokens};
pub use migration::gateway_migrations;
pub use simulated::SimulatedGateway;

use crate::domain::{Kind, Token, Word};
use api::types::Money;
use async_trait::async_trait;

/// The gateway's store: `gateway.db` beside the services' files, for it is nobody's but its own.
pub const GATEWAY: &str = "gateway";

/// What the gateway is told to do.
#[derive(Clone, Debug)]
pub struct Instruction {
    /// Names this operation for ever: the same key is the same operation, however often it arrives.
    pub key: String,
    /// The payment that it belongs to; what a capture, void or refund refers to.
    pub payment: String,
    pub token: Token,
    pub amount: Money,
    /// Which sending of this key this is, from 1.
    pub attempt: u32,
}

/// No definite answer: the operation may have happened, or not, or may yet happen.
#[derive(Debug, thiserror::Error)]
pub enum NoAnswer {
    /// The line broke, or an answer came that says nothing.
    #[error("the gateway cannot be reached: {0}")]
    Unreachable(String),
    /// Nothing came within the time that was given.
    #[error("the gateway is silent")]
    Silent,
}

/// What became of a key that was asked to be cancelled. Definite either way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Cancellation {
    /// It had not happened, and is refused for ever when it comes late.
    Cancelled,
    /// It had been answered before; cancelling changed nothing.
    AlreadyDone { result: Word },
}

/// One operation as the gateway keeps it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StatementLine {
    pub key: String,
    pub payment: String,
    pub kind: Kind,
    pub word: Word,
    pub amount: Money,
}

impl StatementLine {
    /// What it moved; negative when given back.
    pub fn moved(&self) -> i64 {
        match (&self.word, self.kind) {
            (Word::Done, Kind::Capture | Kind::Charge) => self.amount.minor_units,
            (Word::Done, Kind::Refund) => -self.amount.minor_units,
            _ => 0,
        }
    }
}

/// A payment gateway. Every call may take as long as it likes: who calls sets the time limit and drops it.
#[async_trait]
pub trait Gateway: Send + Sync + 'static {
    /// Holds an amount.
    async fn authorise(&self, order: &Instruction) -> Result<Word, NoAnswer>;
    /// Takes what is held.
    async fn capture(&self, order: &Instruction) -> Result<Word, NoAnswer>;
    /// Takes at once.
    async fn charge(&self, order: &Instruction) -> Result<Word, NoAnswer>;
    /// Gives a hold up.
    async fn void(&self, order: &Instruction) -> Result<Word, NoAnswer>;
    /// Gives back what was taken.
    async fn refund(&self, order: &Instruction) -> Result<Word, NoAnswer>;
    /// What became of a key. `None`: it has not arrived, which is not a no: it may still travel.
    async fn query(&self, key: &str) -> Result<Option<StatementLine>, NoAnswer>;
    /// Withdraws a key, arrived or not.
    async fn cancel(&self, key: &str) -> Result<Cancellation, NoAnswer>;
    /// What was answered under keys after `after`, in the order of keys, at most `limit`.
    async fn statement(&self, after: &str, limit: u64) -> Result<Vec<StatementLine>, NoAnswer>;
}
