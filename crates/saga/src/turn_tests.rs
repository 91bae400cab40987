//! A turn of which no answer came, and which is recorded again.

use super::*;
use crate::{
    engine::Engine,
    heard::{Entry, Told},
    plan::Loaded,
    state::{Direction, State},
    step::{Answer, Backoff, Call, Refusal, Step, Then},
    worker::Settings,
};
use ambient::Ambient;
use futures::future::BoxFuture;
use std::time::Duration;
use store::Data;

struct Walk;

impl Plan for Walk {
    type Case = ();

    fn kind(&self) -> &'static str {
        "walk"
    }

    fn steps(&self, _: &()) -> &'static [Step] {
        &[Step { name: "left", undo: true }, Step { name: "right", undo: true }]
    }

    fn then(&self) -> Then {
        Then::Finish
    }

    fn answer(&self, _: &(), _: &Refusal) -> Answer {
        Answer::Undo
    }

    fn patience(&self, _: &str) -> Option<Duration> {
        None
    }

    fn backoff(&self, _: &str) -> Backoff {
        Backoff { initial: Duration::from_secs(1), max: Duration::from_secs(1) }
    }

    fn perform<'a>(&'a self, _: &'a (), _: &'a Call) -> BoxFuture<'a, Outcome> {
        Box::pin(async { Outcome::Done { output: String::new() } })
    }

    fn record<'a>(&'a self, _: &'a Tx, _: &'a (), _: &'a [Told], _: Timestamp) -> BoxFuture<'a, Result<(), DbErr>> {
        Box::pin(async { Ok(()) })
    }

    fn load<'a>(&'a self, _: &'a Tx, sagas: &'a [String]) -> BoxFuture<'a, Loaded<()>> {
        Box::pin(async { Ok(sagas.iter().map(|id| (id.clone(), ())).collect()) })
    }
}

/// A saga whose first step is under way, and a worker that holds it.
async fn under_way() -> (Arc<Worker<Walk>>, Driven<()>) {
    let ambient = Ambient::seeded(1, Timestamp::from_millis(1_700_000_000_000));
    let store = Data::memory().store("walks", crate::migrations()).await.expect("it opens");
    let engine = Engine::new(&ambient, store.clone(), Walk, Settings::default());
    let state = State::begun(None);
    let begun = store.unit(state.clone(), |tx, state| {
        Box::pin(async move {
            let now = Timestamp::from_millis(1);
            let entry = Entry {
                seq: 1,
                direction: Direction::Forward,
                step: "left",
                attempt: 1,
                entry: "begun",
                detail: String::new(),
            };
            rows::insert(tx, "walk", "a", None, state, now).await?;
            rows::append(tx, "a", &[entry], now).await
        })
    });
    begun.await.expect("it is there");
    (engine.0.clone(), Driven { id: "a".into(), case: (), trace: None, state })
}

fn done() -> Outcome {
    Outcome::Done { output: String::new() }
}

async fn entries(worker: &Worker<Walk>) -> usize {
    use sea_orm::EntityTrait;
    let entries = worker.store.read((), |tx, ()| Box::pin(async move { rows::log::Entity::find().all(tx).await }));
    entries.await.expect("readable").len()
}

#[tokio::test]
async fn a_turn_whose_answer_was_lost_is_recorded_once_and_gone_on_from() {
    let (worker, saga) = under_way().await;
    let turn = Arc::new(Heard::new(&worker, saga, done()));
    let first = record(&worker, turn.clone()).await.expect("recorded").expect("still its own");
    assert_eq!((first.state.step, entries(&worker).await), (1, 3));
    let again = record(&worker, turn).await.expect("recorded").expect("still its own");
    assert_eq!(again.state, first.state, "the answer to one step is not taken for the next one's");
    assert_eq!(entries(&worker).await, 3);
    // A saga that rests after it is not lost from sight either: whoever recorded it knows when it is due.
    let unknown = Outcome::Unknown { reason: String::new() };
    let turn = Arc::new(Heard::new(&worker, again, unknown));
    let rests = record(&worker, turn.clone()).await.expect("recorded").expect("still its own");
    let again = record(&worker, turn).await.expect("recorded").expect("still its own");
    assert!(again.state.wake_at.is_some() && again.state == rests.state);
}

#[tokio::test]
async fn a_turn_that_a_wish_or_another_worker_overtook_is_told_apart() {
    let (worker, saga) = under_way().await;
    let engine = Engine(worker.clone());
    let args = (engine, worker.ambient.now());
    let wished = worker.store.unit(args, |tx, (engine, now)| {
        Box::pin(async move { Ok(engine.wish(tx, ("a", &()), ("WISH", "", ""), *now).await?.0) })
    });
    wished.await.expect("wished");
    let turn = Arc::new(Heard::new(&worker, saga.clone(), done()));
    let turned = record(&worker, turn.clone()).await.expect("recorded").expect("still its own");
    assert_eq!(turned.state.direction, Direction::Undo);
    let again = record(&worker, turn.clone()).await.expect("recorded").expect("still its own");
    assert_eq!(again.state, turned.state);
    let taken = worker.store.unit((), |tx, ()| {
        Box::pin(rows::orphans_due(tx, "walk", Timestamp::from_millis(i64::MAX), Timestamp::from_millis(2)))
    });
    assert_eq!(taken.await.expect("taken over"), 1);
    assert!(record(&worker, turn).await.expect("heard").is_none(), "I7");
}
