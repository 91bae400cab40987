//! What a mutating call brings into its unit, and the gates it passes there: the barrier of its saga, the decision, and its
//! key. All before anything else is written; a refusal writes itself and nothing more (I5).

use crate::{domain::Refusal, stamp::Stamp};
use journal::{
    barrier::{self, Passage, Step},
    once::{self, Claim, Fingerprint, Key},
};
use sea_orm::DbErr;
use store::Tx;

/// Beside the key of a call that was done; of one that was refused, the refusal's name stands there.
const DONE: &str = "done";

/// A call: whose it is, what it says, when it came.
#[derive(Clone, Debug)]
pub struct Call {
    pub key: Key,
    pub print: Fingerprint,
    pub stamp: Stamp,
}

/// Which step of which saga a call is.
#[derive(Clone, Debug)]
pub struct Place {
    pub step: Step,
    /// False when no saga calls. The order itself then stands for one, so that an undo still overtakes its action; but
    /// each key is an attempt of its own, whatever number it bears.
    pub in_saga: bool,
}

/// What came of a call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer<T> {
    /// Done, now or before.
    Done { value: T, replayed: bool },
    /// Refused, now or before.
    Refused { refusal: Refusal, replayed: bool },
    /// The key was used with other content; the first field that differs.
    Reused { field: String },
}

/// Why a call ends without doing anything.
pub enum Ended {
    Replay,
    Refused { refusal: Refusal, replayed: bool },
    Reused { field: String },
}

impl Ended {
    /// The answer to it; a replay answers the thing as it stands now.
    pub fn answer<T>(self, as_it_stands: T) -> Answer<T> {
        match self {
            Self::Replay => Answer::Done { value: as_it_stands, replayed: true },
            Self::Refused { refusal, replayed } => Answer::Refused { refusal, replayed },
            Self::Reused { field } => Answer::Reused { field },
        }
    }
}

/// Passes the barrier, decides and keeps the key. `decide` only computes: what it needs was read before.
pub async fn admit<P>(
    tx: &Tx,
    call: &Call,
    place: &Place,
    decide: impl FnOnce() -> Result<P, Refusal>,
) -> Result<Result<P, Ended>, DbErr> {
    let refused_before = match barrier::forward(tx, &place.step, call.stamp.now).await? {
        Passage::Undone => return Ok(Err(Ended::Refused { refusal: Refusal::StepUndone, replayed: false })),
        Passage::Stale => return Ok(Err(Ended::Refused { refusal: Refusal::StepStale, replayed: false })),
        Passage::Again { outcome } if place.in_saga => outcome.as_deref().and_then(Refusal::parse),
        Passage::Fresh | Passage::Again { .. } => None,
    };
    let decision = refused_before.map_or_else(decide, Err);
    if let (Err(refusal), true) = (&decision, place.in_saga) {
        barrier::settle(tx, &place.step, refusal.reason()).await?;
    }
    keep(tx, call, decision).await
}

/// Keeps the key with what was decided; a key that is there already decides instead.
pub async fn keep<P>(tx: &Tx, call: &Call, decision: Result<P, Refusal>) -> Result<Result<P, Ended>, DbErr> {
    let resource = decision.as_ref().map_or_else(|refusal| refusal.reason(), |_| DONE);
    Ok(match once::claim(tx, &call.key, &call.print, resource, call.stamp.now).await? {
        Claim::Fresh => decision.map_err(|refusal| Ended::Refused { refusal, replayed: false }),
        Claim::Conflict { field } => Err(Ended::Reused { field }),
        Claim::Replay { resource } => Err(match Refusal::parse(&resource) {
            Some(refusal) => Ended::Refused { refusal, replayed: true },
            None => Ended::Replay,
        }),
    })
}
