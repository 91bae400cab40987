//! What the gates promise: a call is decided once, and whoever asks again is given what was decided then.

#![allow(clippy::unwrap_used, reason = "tests")]

mod common;

use common::{Home, START, ambient, open, places};
use outrigger_journal::{
    Fingerprint, Key, Stamp,
    barrier::{self, Step},
    gate::{self, Answer, Call, Ended, Place, Refusal},
};
use store::Store;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum No {
    Empty,
    Undone,
    Stale,
}

impl Refusal for No {
    const UNDONE: Self = Self::Undone;
    const STALE: Self = Self::Stale;

    fn encode(&self) -> String {
        format!("{self:?}")
    }

    fn decode(text: &str) -> Option<Self> {
        [Self::Empty, Self::Undone, Self::Stale].into_iter().find(|no| no.encode() == text)
    }
}

type Told = Result<(), Ended<No>>;

const REPLAY: Told = Err(Ended::Replay);

fn call(request: &str, content: &str) -> Call {
    let print = Fingerprint::new().field("lines", content);
    Call { key: Key::new("orders", "Reserve", request), print, stamp: Stamp::take(&ambient(), None) }
}

fn step(attempt: i32) -> Step {
    Step { saga: "A1".into(), step: "reserve".into(), attempt }
}

/// One call, decided as said if it comes to that.
async fn admit(store: &Store, call: Call, place: Place, decision: Result<(), No>) -> Told {
    let unit = store.unit((call, place, decision), |tx, (call, place, decision)| {
        Box::pin(async move { gate::admit(tx, call, place, || *decision).await })
    });
    unit.await.unwrap()
}

const fn refused(refusal: No, replayed: bool) -> Told {
    Err(Ended::Refused { refusal, replayed })
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_that_comes_again_is_told_what_came_of_it_and_a_key_used_for_something_else_is_refused() {
    for Home { data, .. } in &places().await {
        let store = open(data, "inventory").await;
        let place = || Place::in_saga(step(1));
        assert_eq!(admit(&store, call("r1", "a"), place(), Ok(())).await, Ok(()));
        assert_eq!(admit(&store, call("r1", "a"), place(), Err(No::Empty)).await, REPLAY);
        let reused = Ended::Reused { field: "lines".to_owned() };
        assert_eq!(admit(&store, call("r1", "b"), Place::own("A2", "reserve"), Ok(())).await, Err(reused));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refusal_stands_for_its_key_and_for_its_attempt_and_a_new_attempt_is_decided_anew() {
    for Home { data, .. } in &places().await {
        let store = open(data, "inventory").await;
        let at = |attempt| Place::in_saga(step(attempt));
        assert_eq!(admit(&store, call("r1", "a"), at(1), Err(No::Empty)).await, refused(No::Empty, false));
        assert_eq!(admit(&store, call("r1", "a"), at(1), Ok(())).await, refused(No::Empty, true));
        assert_eq!(admit(&store, call("r2", "a"), at(1), Ok(())).await, refused(No::Empty, false));
        assert_eq!(admit(&store, call("r3", "a"), at(2), Ok(())).await, Ok(()));
        assert_eq!(admit(&store, call("r4", "a"), at(1), Ok(())).await, refused(No::Stale, false));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn outside_of_sagas_each_key_is_an_attempt_of_its_own_until_the_undo() {
    for Home { data, .. } in &places().await {
        let store = open(data, "inventory").await;
        let own = || Place::own("A1", "reserve");
        assert_eq!(admit(&store, call("r1", "a"), own(), Err(No::Empty)).await, refused(No::Empty, false));
        assert_eq!(admit(&store, call("r2", "a"), own(), Ok(())).await, Ok(()));
        let undo = store
            .unit((), |tx, ()| Box::pin(async move { barrier::undo(tx, &gate::own("A1", "reserve", 0), START).await }));
        undo.await.unwrap();
        assert_eq!(admit(&store, call("r3", "a"), own(), Ok(())).await, refused(No::Undone, false));
        // A saga of the same name is another.
        assert_eq!(admit(&store, call("r4", "a"), Place::in_saga(step(1)), Ok(())).await, Ok(()));
    }
}

#[test]
fn a_replay_answers_the_thing_as_it_stands_and_further_events_of_a_unit_are_numbered() {
    assert_eq!(Ended::<No>::Replay.answer(7), Answer::Done { value: 7, replayed: true });
    let stamp = Stamp { now: START, id: "01HF".to_owned(), trace: None };
    assert_eq!([0, 1, 2].map(|place| stamp.event_id(place)), ["01HF", "01HF-1", "01HF-2"]);
}
