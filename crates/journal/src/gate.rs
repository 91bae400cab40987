//! What a mutating call brings into its unit, and the gates it passes there: the [`barrier`] of its saga, the decision, and
//! its key ([`once`]). All before anything else is written; a refusal writes itself and nothing more (I5).
//!
//! For calls that are decided within one unit. Apart from the two modules it joins because each is of use alone: a call
//! whose outcome somebody else decides (a gateway) keeps its key first and learns the rest later.

use crate::{
    barrier::{self, Passage, Step},
    once::{self, Claim, Fingerprint, Key},
    stamp::Stamp,
};
use sea_orm::DbErr;
use store::Tx;

/// Beside the key of a call that was done; of one that was refused, the refusal stands there.
const DONE: &str = "done";

/// A service's refusals: decided once, recorded with the key and the step, and given again to whoever asks again.
pub trait Refusal: Sized {
    /// The saga undid the step before it arrived.
    const UNDONE: Self;
    /// A later attempt of the step was here.
    const STALE: Self;
    /// As it is kept. Never `done`.
    fn encode(&self) -> String;
    /// The opposite of [`encode`](Self::encode); nothing when it was not that which wrote it.
    fn decode(text: &str) -> Option<Self>;
}

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
    /// False when no saga calls: see [`Place::own`].
    pub in_saga: bool,
}

impl Place {
    /// A saga's step.
    pub fn in_saga(step: Step) -> Self {
        Self { step, in_saga: true }
    }

    /// Outside of sagas. The thing itself then stands for one, so that an undo still overtakes its action; but each key is
    /// an attempt of its own, whatever number it bears.
    pub fn own(thing: &str, name: &str) -> Self {
        Self { step: own(thing, name, 1), in_saga: false }
    }
}

/// A step that is a thing's own, outside of sagas. No saga's identifier holds a slash, so the two cannot meet.
pub fn own(thing: &str, name: &str, attempt: i32) -> Step {
    Step { saga: format!("{thing}/own"), step: name.to_owned(), attempt }
}

/// What came of a call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer<T, R> {
    /// Done, now or before.
    Done { value: T, replayed: bool },
    /// Refused, now or before.
    Refused { refusal: R, replayed: bool },
    /// The key was used with other content; the first field that differs.
    Reused { field: String },
}

/// Why a call ends without doing anything.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ended<R> {
    /// It was done before.
    Replay,
    /// Refused, now or before.
    Refused { refusal: R, replayed: bool },
    /// The key was used with other content; the first field that differs.
    Reused { field: String },
}

impl<R> Ended<R> {
    /// The answer to it; a replay answers the thing as it stands now.
    pub fn answer<T>(self, as_it_stands: T) -> Answer<T, R> {
        match self {
            Self::Replay => Answer::Done { value: as_it_stands, replayed: true },
            Self::Refused { refusal, replayed } => Answer::Refused { refusal, replayed },
            Self::Reused { field } => Answer::Reused { field },
        }
    }
}

/// Passes the barrier, decides and keeps the key. `decide` only computes: what it needs was read before, and held where
/// units run side by side (`FOR UPDATE`).
pub async fn admit<P, R: Refusal>(
    tx: &Tx,
    call: &Call,
    place: &Place,
    decide: impl FnOnce() -> Result<P, R>,
) -> Result<Result<P, Ended<R>>, DbErr> {
    let refused_before = match barrier::forward(tx, &place.step, call.stamp.now).await? {
        Passage::Undone => return Ok(Err(Ended::Refused { refusal: R::UNDONE, replayed: false })),
        Passage::Stale => return Ok(Err(Ended::Refused { refusal: R::STALE, replayed: false })),
        Passage::Again { outcome } if place.in_saga => outcome.as_deref().and_then(R::decode),
        Passage::Fresh | Passage::Again { .. } => None,
    };
    let kept = keep(tx, call, refused_before.map_or_else(decide, Err)).await?;
    // Only what was decided now: of a call that comes again, the key says what came of it.
    if let (Err(Ended::Refused { refusal, replayed: false }), true) = (&kept, place.in_saga) {
        barrier::settle(tx, &place.step, &refusal.encode()).await?;
    }
    Ok(kept)
}

/// Keeps the key with what was decided; a key that is there already decides instead.
pub async fn keep<P, R: Refusal>(tx: &Tx, call: &Call, decision: Result<P, R>) -> Result<Result<P, Ended<R>>, DbErr> {
    let resource = decision.as_ref().map_or_else(R::encode, |_| DONE.to_owned());
    Ok(match once::claim(tx, &call.key, &call.print, &resource, call.stamp.now).await? {
        Claim::Fresh => decision.map_err(|refusal| Ended::Refused { refusal, replayed: false }),
        Claim::Conflict { field } => Err(Ended::Reused { field }),
        Claim::Replay { resource } => Err(match R::decode(&resource) {
            Some(refusal) => Ended::Refused { refusal, replayed: true },
            None => Ended::Replay,
        }),
    })
}
