//! One operation at the gateway: what was intended, and how it ended.

use super::{Kind, Payment};
use ambient::Timestamp;

/// An intent, written before the gateway is called, and completed by its word.
#[derive(Clone, Debug, PartialEq)]
pub struct Operation {
    /// The gateway's key; also the movement in the ledger.
    pub key: String,
    pub payment: String,
    pub order: String,
    pub kind: Kind,
    pub amount: i64,
    pub currency: String,
    pub stage: Stage,
    /// The gateway's reason for declining, or the [`Refusal`]'s name.
    pub reason: String,
    /// To be cancelled by key rather than carried through.
    pub cancel: bool,
    /// Belongs to a withdrawal, not to a request.
    pub undoing: bool,
    /// The payment's version at which it was accepted: its place in the queue.
    pub position: i64,
    pub step: Option<Step>,
    /// What a refund is for.
    pub note: String,
    /// The trace of the request that asked for it.
    pub trace: Option<String>,
    pub created: Timestamp,
}

impl Operation {
    /// An operation that a withdrawal needs, under way at once. The payment counted up before.
    pub fn undoing(payment: &Payment, kind: Kind, amount: i64, trace: Option<String>, now: Timestamp) -> Self {
        Self {
            key: format!("{}/undo/{}", payment.id, payment.version),
            payment: payment.id.clone(),
            order: payment.order.clone(),
            kind,
            amount,
            currency: payment.currency.clone(),
            stage: Stage::Running,
            reason: String::new(),
            cancel: false,
            undoing: true,
            position: payment.version,
            step: None,
            note: "withdrawn".to_owned(),
            trace,
            created: now,
        }
    }
}

/// The saga's step that an operation serves.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    pub saga: String,
    pub step: String,
    pub attempt: i64,
}

/// Where an operation stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// Behind another of the same payment.
    Queued,
    /// With the gateway, whose answer is not known.
    Running,
    /// Done at the gateway.
    Done,
    /// Declined by the gateway.
    Declined,
    /// Withdrawn by key before it took effect.
    Cancelled,
    /// Refused here; the gateway never heard of it.
    Refused,
}

impl Stage {
    /// Every stage with its number in the tables.
    pub const ALL: [(Self, i64); 6] = [
        (Self::Queued, 0),
        (Self::Running, 1),
        (Self::Done, 2),
        (Self::Declined, 3),
        (Self::Cancelled, 4),
        (Self::Refused, 5),
    ];

    /// Its number in the tables.
    pub fn code(self) -> i64 {
        Self::ALL.iter().find(|(stage, _)| *stage == self).map_or(0, |(_, code)| *code)
    }

    /// From its number.
    pub fn from_code(code: i64) -> Option<Self> {
        Self::ALL.iter().find(|(_, known)| *known == code).map(|(stage, _)| *stage)
    }

    /// Nothing more will come of it.
    pub fn is_settled(self) -> bool {
        !matches!(self, Self::Queued | Self::Running)
    }
}

/// The gateway's definite answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Word {
    Done,
    Declined(String),
    /// Cancelled by key: it never took effect and never will.
    Cancelled,
}

impl Word {
    /// Where it leaves the operation.
    pub fn stage(&self) -> Stage {
        match self {
            Self::Done => Stage::Done,
            Self::Declined(_) => Stage::Declined,
            Self::Cancelled => Stage::Cancelled,
        }
    }

    /// The reason that it gives.
    pub fn reason(&self) -> &str {
        match self {
            Self::Declined(reason) => reason,
            Self::Done | Self::Cancelled => "",
        }
    }
}

/// Why an operation is refused here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// Nothing is held that could be captured.
    NotAuthorised,
    /// More than was taken and not given back or promised.
    RefundExceedsCapture,
}

impl Refusal {
    /// The reason as callers see it.
    pub fn name(self) -> &'static str {
        match self {
            Self::NotAuthorised => "NOT_AUTHORISED",
            Self::RefundExceedsCapture => "REFUND_EXCEEDS_CAPTURE",
        }
    }
}
