//! What follows from what is heard, case by case.

use super::*;
use crate::{
    heard::Pause,
    step::{Answer, Backoff, Then},
};
use std::time::Duration;

const STEPS: &[Step] = &[
    Step { name: "pay", undo: true },
    Step { name: "reserve", undo: true },
    Step { name: "commit", undo: false },
    Step { name: "ship", undo: true },
];
const NOW: Timestamp = Timestamp::from_millis(10_000);

fn after(answer: Answer, state: &State, heard: Heard, now: Timestamp) -> Turn {
    let pause =
        Pause { backoff: Backoff { initial: Duration::from_millis(100), max: Duration::from_secs(1) }, dice: 1.0 };
    let answer = move |_: &Refusal| answer;
    let stands = STEPS[state.step].name == "ship";
    let patience = Some(Duration::from_secs(60));
    decide(&Rules { steps: STEPS, then: Then::Wait, answer: &answer, patience, stands, pause }, state, heard, now)
}

fn hear(state: &State, heard: Heard) -> Turn {
    after(Answer::Undo, state, heard, NOW)
}

fn done() -> Heard {
    Heard::Outcome(Outcome::Done { output: "out".into() })
}

fn refused() -> Heard {
    Heard::Outcome(Outcome::Refused { cause: "NO".into(), reason: "no".into() })
}

fn unknown() -> Heard {
    Heard::Outcome(Outcome::Unknown { reason: "silence".into() })
}

fn wish() -> Heard {
    Heard::Wish { cause: "CANCELLED".into(), reason: "why".into(), actor: "me".into() }
}

/// A saga at a step, going forward.
fn at(step: usize) -> State {
    State { step, reached: step, ..State::begun(None) }
}

fn undoing(step: usize, reached: usize) -> State {
    State { direction: Direction::Undo, attempt: 0, step, reached, cause: Some("NO".into()), ..State::begun(None) }
}

fn entries(turn: &Turn) -> Vec<(&'static str, &'static str, i64)> {
    turn.entries.iter().map(|entry| (entry.entry, entry.step, entry.attempt)).collect()
}

#[test]
fn what_came_of_a_step_and_the_next_attempt_are_one_record() {
    let turn = hear(&at(0), done());
    assert_eq!(entries(&turn), [("done", "pay", 1), ("begun", "reserve", 1)]);
    assert_eq!((turn.after.step, turn.after.attempt, turn.after.seq), (1, 1, 3));
    assert!(turn.after.driven());
}

#[test]
fn after_the_last_step_it_waits() {
    let turn = hear(&at(3), done());
    assert_eq!(turn.after.status, Status::Waiting);
    assert_eq!(entries(&turn), [("done", "ship", 1)]);
}

#[test]
fn an_unknown_outcome_repeats_the_same_attempt() {
    let turn = hear(&at(1), unknown());
    assert_eq!((turn.after.step, turn.after.attempt), (1, 1));
    assert_eq!(turn.after.wake_at, Some(NOW.plus(Duration::from_millis(100))));
    assert!(turn.told.is_empty());
    let again = hear(&State { wake_at: None, ..turn.after }, unknown());
    assert_eq!((again.after.attempt, again.after.tries), (1, 2));
}

#[test]
fn what_stays_unknown_too_long_waits_for_a_person_who_has_the_same_attempt_made_again() {
    let state = State { unknown_at: Some(NOW), tries: 30, ..at(1) };
    let parked = after(Answer::Undo, &state, unknown(), NOW.plus(Duration::from_secs(60)));
    assert_eq!(parked.after.status, Status::Parked);
    assert!(matches!(&parked.told[..], [Told::Parked { step: "reserve", cause, .. }] if cause == NO_ANSWER));
    let resumed = hear(&parked.after, Heard::Retry { actor: "me".into(), note: String::new() });
    assert_eq!((resumed.after.status, resumed.after.attempt), (Status::Running, 1));
    assert_eq!(resumed.after.wake_at, Some(NOW));
}

#[test]
fn a_refusal_that_is_tried_again_is_a_new_attempt_counted_from_the_first_refusal() {
    let until = NOW.plus(Duration::from_millis(50));
    let first = after(Answer::Retry { until }, &at(1), refused(), NOW);
    assert_eq!(entries(&first), [("refused", "reserve", 1), ("begun", "reserve", 2)]);
    assert_eq!(first.after.wake_at, Some(until), "no pause reaches beyond the limit");
    let second = after(Answer::Retry { until }, &State { wake_at: None, ..first.after }, refused(), until);
    assert_eq!((second.after.attempt, second.after.refused_at), (3, Some(NOW)));
}

#[test]
fn a_person_gets_a_refused_step_a_new_attempt() {
    let parked = after(Answer::Park, &at(1), refused(), NOW);
    let resumed = hear(&parked.after, Heard::Retry { actor: "me".into(), note: String::new() });
    assert_eq!(resumed.after.attempt, 2);
    assert_eq!(entries(&resumed), [("resumed", "reserve", 1), ("begun", "reserve", 2)]);
}

#[test]
fn undoing_goes_in_reverse_and_begins_with_the_step_that_failed() {
    let turned = hear(&at(2), refused());
    assert_eq!(entries(&turned), [("refused", "commit", 1), ("begun", "reserve", 0)]);
    let reserve_undone = hear(&turned.after, done());
    assert_eq!(entries(&reserve_undone), [("done", "reserve", 0), ("begun", "pay", 0)]);
    let all_undone = hear(&reserve_undone.after, done());
    assert_eq!(all_undone.after.status, Status::Done);
    assert!(matches!(
        &all_undone.told[..],
        [Told::Undone { step: "pay", .. }, Told::Unwound { reached: "commit", .. }]
    ));
}

#[test]
fn an_undo_is_repeated_for_ever_while_its_outcome_is_unknown() {
    let state = State { tries: 1_000, unknown_at: Some(Timestamp::from_millis(0)), ..undoing(0, 1) };
    let turn = hear(&state, unknown());
    assert_eq!(turn.after.status, Status::Running);
    assert!(turn.after.wake_at.is_some());
    assert!(turn.entries.is_empty() && turn.after.seq == state.seq + 1);
}

#[test]
fn an_undo_that_is_refused_waits_for_a_person_who_may_have_it_tried_again() {
    let parked = hear(&undoing(0, 1), refused());
    assert_eq!((parked.after.status, parked.after.direction), (Status::Parked, Direction::Undo));
    for answer in [Heard::Retry { actor: String::new(), note: String::new() }, wish()] {
        let resumed = hear(&parked.after, answer);
        assert_eq!((resumed.after.status, resumed.after.attempt, resumed.after.step), (Status::Running, 0, 0));
    }
}

#[test]
fn a_wish_waits_for_the_step_under_way_and_is_read_whatever_comes_of_it() {
    let wished = hear(&at(1), wish());
    assert_eq!(wished.after.wish.as_deref(), Some("CANCELLED"));
    assert!(wished.told.is_empty() && wished.after.driven() && wished.after.fence == 1);
    for outcome in [done(), refused(), unknown()] {
        let turned = hear(&wished.after, outcome);
        assert_eq!((turned.after.direction, turned.after.step), (Direction::Undo, 1));
        assert!(turned.after.driven() && turned.after.wish.is_none());
    }
}

#[test]
fn a_wish_turns_whatever_nobody_drives_at_once_and_takes_it_over() {
    let resting = [
        State { status: Status::Waiting, ..at(3) },
        State { status: Status::Parked, ..at(3) },
        State { wake_at: Some(NOW.plus(Duration::from_secs(9))), ..at(3) },
    ];
    for state in resting {
        let turned = hear(&state, wish());
        assert_eq!((turned.after.direction, turned.after.step, turned.after.fence), (Direction::Undo, 3, 2));
        assert_eq!(turned.after.wake_at, Some(NOW));
        assert!(matches!(&turned.told[..], [Told::Undoing { first: Some("ship"), actor, .. }] if actor == "me"));
    }
}

#[test]
fn a_step_that_stands_turns_the_saga_forward_again() {
    let stood = hear(&undoing(3, 3), refused());
    assert_eq!((stood.after.direction, stood.after.status), (Direction::Forward, Status::Waiting));
    assert_eq!((stood.after.wish, stood.after.cause), (None, None));
    assert_eq!(stood.told, [Told::Stood { step: "ship" }]);
}

#[test]
fn the_worlds_word_beats_whatever_was_in_doubt() {
    for state in [at(3), undoing(3, 3), State { status: Status::Parked, ..at(3) }] {
        let proven = hear(&state, Heard::Proven);
        assert_eq!((proven.after.direction, proven.after.status), (Direction::Forward, Status::Waiting));
        assert_eq!(proven.after.fence, state.fence + 1, "whoever drove it loses it (I7)");
    }
}

#[test]
fn nothing_to_undo_ends_at_once() {
    let ended = after(Answer::End, &at(0), refused(), NOW);
    assert_eq!(ended.after.status, Status::Done);
    assert!(matches!(&ended.told[..], [Told::Ended { step: "pay", .. }]));
}
