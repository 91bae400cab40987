//! What may happen to a payment: plain values and pure rules, no I/O and no clock.
//!
//! A payment is a small machine that is moved by *operations* at the gateway. At most one of them is under way; what
//! comes meanwhile queues behind it and is judged again when its turn comes. A *withdrawal* is not an operation but a
//! wish that stays on the payment: whatever is held or taken is given back as soon as nothing else is under way.

mod operation;
#[cfg(test)]
mod tests;

pub use api::{
    mesh::v1::OperationKind as Kind, order::v1::PaymentMethod as Method, payment::v1::PaymentState as State,
};
pub use operation::{Operation, Refusal, Stage, Step, Word};

use ambient::Timestamp;
use std::fmt;

/// The gateway's name for a means of payment. It shows itself to nobody: not in logs, spans, events or facts.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Token(pub String);

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Token(…)")
    }
}

/// One order's payment. Amounts are minor units of `currency` and only ever grow, `promised` excepted.
#[derive(Clone, Debug, PartialEq)]
pub struct Payment {
    pub id: String,
    pub order: String,
    pub method: Method,
    pub token: Token,
    pub currency: String,
    /// What was asked for.
    pub amount: i64,
    pub authorised: i64,
    pub captured: i64,
    pub refunded: i64,
    /// Refunds accepted and not yet answered by the gateway: refunded + promised ≤ captured.
    pub promised: i64,
    pub state: State,
    pub decline_reason: String,
    /// A void was asked for: nothing may be taken any more, and what is taken or held goes back.
    pub withdrawn: bool,
    /// The operation that is under way.
    pub running: Option<String>,
    /// Operations that wait behind it.
    pub queued: i64,
    /// Counts the changes; orders events and the queue.
    pub version: i64,
    pub created: Timestamp,
    pub updated: Timestamp,
}

/// Whether an operation that is asked for may go to the gateway.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Admission {
    /// Now.
    Start,
    /// After the one under way; then it is judged again.
    Queue,
    /// Never.
    Refuse(Refusal),
}

/// What a withdrawal has to do first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Withdrawal {
    /// Nothing is held or taken, and nothing can be any more.
    AtRest,
    /// Ask the gateway to cancel the operation under way by its key; its word ends the doubt.
    Cancel { key: String },
    /// Something that gives back is under way already.
    Wait,
    /// Give back what is held or taken.
    Start { kind: Kind, amount: i64 },
}

impl Payment {
    /// Judges a capture or a refund that is asked for now.
    pub fn admit(&self, kind: Kind, amount: i64) -> Admission {
        let allowed = match kind {
            Kind::Capture => self.may_capture(),
            Kind::Refund => self.may_refund(amount),
            _ => Ok(()),
        };
        match (allowed, &self.running) {
            (Err(refusal), _) => Admission::Refuse(refusal),
            (Ok(()), Some(_)) => Admission::Queue,
            (Ok(()), None) => Admission::Start,
        }
    }

    /// An operation was admitted: counts it, and takes the money that it promises out of reach of others.
    pub fn accept(&mut self, operation: &Operation) {
        if operation.kind == Kind::Refund {
            self.promised += operation.amount;
        }
        match operation.stage {
            Stage::Running => self.running = Some(operation.key.clone()),
            Stage::Queued => self.queued += 1,
            _ => {}
        }
    }

    /// The gateway's word on the operation under way. Returns what moved, negative when it was given back.
    pub fn settle(&mut self, operation: &Operation, word: &Word) -> i64 {
        self.running = None;
        if operation.kind == Kind::Refund {
            self.promised -= operation.amount;
        }
        match word {
            Word::Done => self.done(operation),
            Word::Declined(reason) => {
                self.decline_reason.clone_from(reason);
                self.refused(operation.kind, State::Declined)
            }
            Word::Cancelled => self.refused(operation.kind, State::Voided),
        }
    }

    /// Judges a queued operation whose turn has come.
    pub fn turn(&mut self, operation: &Operation) -> Result<(), Refusal> {
        self.queued -= 1;
        match operation.kind {
            Kind::Capture if self.state != State::Authorised => Err(Refusal::NotAuthorised),
            Kind::Capture => self.may_capture(),
            // Its amount was set aside when it was accepted.
            _ => Ok(()),
        }
        .inspect(|()| self.running = Some(operation.key.clone()))
    }

    /// What a withdrawn payment still has to give back, once nothing is under way.
    pub fn remainder(&self) -> Option<(Kind, i64)> {
        match self.state {
            _ if !self.withdrawn || self.running.is_some() => None,
            State::Authorised => Some((Kind::Void, self.authorised)),
            State::Captured => {
                Some((Kind::Refund, self.captured - self.refunded - self.promised)).filter(|(_, amount)| *amount > 0)
            }
            _ => None,
        }
    }

    /// A void is asked for; `running` is the kind of the operation under way.
    pub fn withdraw(&mut self, running: Option<Kind>) -> Withdrawal {
        if self.at_rest() {
            return Withdrawal::AtRest;
        }
        self.withdrawn = true;
        match (running, &self.running) {
            (Some(Kind::Authorise | Kind::Charge | Kind::Capture), Some(key)) => {
                Withdrawal::Cancel { key: key.clone() }
            }
            (_, Some(_)) => Withdrawal::Wait,
            (_, None) => match self.remainder() {
                Some((kind, amount)) => Withdrawal::Start { kind, amount },
                None => Withdrawal::Wait,
            },
        }
    }

    /// Nothing is held or taken, and nothing can be any more.
    pub fn at_rest(&self) -> bool {
        self.running.is_none() && matches!(self.state, State::Declined | State::Voided | State::Refunded)
    }

    fn may_capture(&self) -> Result<(), Refusal> {
        // A pending one may yet be authorised: its capture waits for that.
        let holds = matches!(self.state, State::Authorised | State::Pending);
        if holds && !self.withdrawn { Ok(()) } else { Err(Refusal::NotAuthorised) }
    }

    fn may_refund(&self, amount: i64) -> Result<(), Refusal> {
        let left = self.captured - self.refunded - self.promised;
        if amount <= left && !self.withdrawn { Ok(()) } else { Err(Refusal::RefundExceedsCapture) }
    }

    fn done(&mut self, operation: &Operation) -> i64 {
        let amount = operation.amount;
        match operation.kind {
            Kind::Authorise => {
                self.authorised = amount;
                self.state = State::Authorised;
                0
            }
            Kind::Charge => {
                self.authorised = amount;
                self.captured = amount;
                self.state = State::Captured;
                amount
            }
            Kind::Capture => {
                self.captured = amount;
                self.state = State::Captured;
                amount
            }
            Kind::Refund => {
                self.refunded += amount;
                if self.refunded == self.captured {
                    self.state = State::Refunded;
                }
                -amount
            }
            Kind::Void | Kind::Unspecified => {
                self.state = State::Voided;
                0
            }
        }
    }

    /// A first operation that did not happen ends the payment; any other leaves it as it was.
    fn refused(&mut self, kind: Kind, end: State) -> i64 {
        if matches!(kind, Kind::Authorise | Kind::Charge) {
            self.state = end;
        }
        0
    }
}

/// The two accounts that every movement touches.
pub const GATEWAY_ACCOUNT: &str = "gateway";
/// See [`GATEWAY_ACCOUNT`].
pub const SALES_ACCOUNT: &str = "sales";

/// The rows of one movement: they add up to zero (I1). Nothing moved, no rows.
pub fn entries(moved: i64) -> Vec<(&'static str, i64)> {
    if moved == 0 { Vec::new() } else { vec![(GATEWAY_ACCOUNT, moved), (SALES_ACCOUNT, -moved)] }
}
