//! What a saga asks of the work it carries: the plan.

use crate::{
    heard::Told,
    step::{Answer, Backoff, Call, Outcome, Refusal, Step, Then},
};
use ambient::Timestamp;
use futures::future::BoxFuture;
use sea_orm::DbErr;
use std::time::Duration;
use store::Tx;

/// Cases with their sagas' identifiers.
pub type Loaded<C> = Result<Vec<(String, C)>, DbErr>;

/// A kind of work carried in steps. Everything but [`perform`](Plan::perform) must be free of other I/O than the
/// transaction it is handed.
pub trait Plan: Send + Sync + 'static {
    /// What a saga is about: held in memory while it is driven, loaded when it is taken up again. Cheap to clone.
    type Case: Clone + Send + Sync + 'static;

    /// The kind's name in the table.
    fn kind(&self) -> &'static str;

    /// The steps of this case, always the same for the same case.
    fn steps(&self, case: &Self::Case) -> &'static [Step];

    /// What follows the last step.
    fn then(&self) -> Then;

    /// What to do about a refusal. Pure.
    fn answer(&self, case: &Self::Case, refusal: &Refusal) -> Answer;

    /// How long an unknown outcome of a step is asked for again before a person is asked. `None`: for ever. Undos are
    /// repeated for ever.
    fn patience(&self, step: &str) -> Option<Duration>;

    /// Pauses before another try of a step.
    fn backoff(&self, step: &str) -> Backoff;

    /// Whether a refused undo of the last step means that the step stands and the saga goes on, instead of asking a
    /// person.
    fn stands(&self, step: &str) -> bool {
        let _ = step;
        false
    }

    /// Makes one call. Dropped when the step's time is over: the outcome is then unknown.
    fn perform<'a>(&'a self, case: &'a Self::Case, call: &'a Call) -> BoxFuture<'a, Outcome>;

    /// Writes what a turn means to the plan's own tables and events, inside the unit that records the turn (I6), and
    /// gives the case back as it stands after it. May run again: times come from `now`.
    fn record<'a>(
        &'a self,
        tx: &'a Tx,
        case: &'a Self::Case,
        told: &'a [Told],
        now: Timestamp,
    ) -> BoxFuture<'a, Result<Self::Case, DbErr>>;

    /// The cases of these sagas, in any order.
    fn load<'a>(&'a self, tx: &'a Tx, sagas: &'a [String]) -> BoxFuture<'a, Loaded<Self::Case>>;
}
