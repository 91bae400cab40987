//! Sagas on a real store: what a crash leaves, who may write, when what is due wakes.

mod trip;

use outrigger_saga::{Resolution, Settings, Status, Wished};
use std::time::Duration;
use trip::{Place, Reply, STEPS, World};

servers::on_both_engines! {
    Place:
    a_saga_runs_from_its_first_step_to_its_last,
    a_refusal_is_undone_in_reverse,
    an_unknown_outcome_repeats_the_same_attempt_until_it_is_known,
    a_refusal_that_is_tried_again_is_a_new_attempt_until_the_patience_ends,
    a_crash_after_every_record_leaves_a_saga_that_the_next_start_carries_on,
    who_lost_the_fence_writes_nothing,
    a_wish_is_read_between_two_steps,
    a_wish_turns_a_saga_that_sleeps_at_once,
    a_parked_saga_does_what_a_person_says,
    more_sagas_than_seats_are_all_driven_in_the_end,
    workers_side_by_side_never_drive_one_saga_twice,
    wishes_at_any_moment_are_never_lost,
    shutdown_ends_between_steps_and_the_next_start_goes_on,
    a_unit_that_fails_is_recorded_again_and_nothing_of_it_was_kept,
    what_was_begun_and_never_handed_over_is_found,
}

async fn a_saga_runs_from_its_first_step_to_its_last(place: Place) {
    let world = World::new(place).await;
    world.begin("a").await;
    world.rests("a").await;
    assert_eq!(world.calls(), ["a/pay/1", "a/reserve/1", "a/ship/1"]);
    assert_eq!(world.state("a").await.status, Status::Done);
    assert_eq!(world.book("a").await, ["stepped pay", "stepped reserve", "stepped ship", "finished"]);
}

async fn a_refusal_is_undone_in_reverse(place: Place) {
    let world = World::new(place).await;
    world.script("a/ship/1", [Reply::Refused]);
    world.begin("a").await;
    world.rests("a").await;
    assert_eq!(world.calls(), ["a/pay/1", "a/reserve/1", "a/ship/1", "a/ship/undo", "a/reserve/undo", "a/pay/undo"]);
    assert_eq!(world.book("a").await.last().map(String::as_str), Some("unwound"));
}

async fn an_unknown_outcome_repeats_the_same_attempt_until_it_is_known(place: Place) {
    let world = World::new(place).await;
    world.script("a/pay/1", [Reply::Unknown, Reply::Silent, Reply::Panic, Reply::Done]);
    world.begin("a").await;
    world.rests("a").await;
    assert_eq!(world.calls(), ["a/pay/1", "a/pay/1", "a/pay/1", "a/pay/1", "a/reserve/1", "a/ship/1"]);
    assert_eq!(world.book("a").await.len(), 4);
}

async fn a_refusal_that_is_tried_again_is_a_new_attempt_until_the_patience_ends(place: Place) {
    let world = World::new(place).await;
    for attempt in 1..=3 {
        world.script(&format!("retrying/retried/{attempt}"), [Reply::Refused]);
    }
    world.begin_retrying("retrying").await;
    world.rests("retrying").await;
    let calls = world.calls();
    assert_eq!(calls[..4], ["retrying/pay/1", "retrying/retried/1", "retrying/retried/2", "retrying/retried/3"]);
    assert_eq!(world.state("retrying").await.status, Status::Done);
}

async fn a_crash_after_every_record_leaves_a_saga_that_the_next_start_carries_on(place: Place) {
    // The saga makes six calls when its last step is refused: the world ends in the middle of each of them in turn.
    for crash_at in 0..6 {
        let mut world = World::new(place.another().await).await;
        world.script("a/ship/1", [Reply::Refused]);
        world.hang_at_call(crash_at);
        world.begin("a").await;
        world.hangs().await;
        world.crash_and_restart().await;
        world.rests("a").await;
        let mut calls = world.calls();
        assert_eq!(calls[crash_at], calls[crash_at + 1], "the attempt that was under way is made again");
        calls.dedup();
        assert_eq!(calls, ["a/pay/1", "a/reserve/1", "a/ship/1", "a/ship/undo", "a/reserve/undo", "a/pay/undo"]);
        let book = world.book("a").await;
        assert_eq!(book.iter().filter(|told| *told == "unwound").count(), 1);
    }
}

#[tokio::test(start_paused = true)]
async fn a_timer_keeps_its_time_over_a_restart() {
    let mut world = World::new(Place::memory()).await;
    world.script("a/pay/1", [Reply::Unknown; 12]);
    world.begin("a").await;
    tokio::time::sleep(Duration::from_secs(20)).await;
    let due = world.state("a").await.wake_at.expect("between two tries");
    let made = world.calls().len();
    world.crash_and_restart().await;
    tokio::time::sleep_until(world.ambient.instant(due) - Duration::from_millis(1)).await;
    assert_eq!(world.calls().len(), made);
    tokio::time::sleep(Duration::from_millis(5)).await;
    assert_eq!(world.calls().len(), made + 1);
}

async fn who_lost_the_fence_writes_nothing(place: Place) {
    let world = World::new(place).await;
    world.hang_at_call(1);
    world.begin("a").await;
    world.hangs().await;
    // Another worker takes the saga over while this one waits for its answer, and the answer comes all the same.
    world.take_over("a").await;
    let before = world.state("a").await;
    world.answer_what_hangs();
    world.place.stays_quiet().await;
    assert_eq!(world.state("a").await, before, "I7");
    assert_eq!(world.calls().len(), 2, "and drives no further");
}

async fn a_wish_is_read_between_two_steps(place: Place) {
    let world = World::new(place).await;
    world.hang_at_call(1);
    world.begin("a").await;
    world.hangs().await;
    assert_eq!(world.wish("a").await, Wished::Kept);
    assert_eq!(world.wish("a").await, Wished::Kept);
    world.answer_what_hangs();
    world.rests("a").await;
    assert_eq!(world.calls(), ["a/pay/1", "a/reserve/1", "a/reserve/undo", "a/pay/undo"]);
    assert_eq!(world.wish("a").await, Wished::Over);
}

async fn a_wish_turns_a_saga_that_sleeps_at_once(place: Place) {
    let world = World::new(place).await;
    world.script("a/reserve/1", [Reply::Unknown; 30]);
    world.begin("a").await;
    world.place.stays_quiet().await;
    assert_eq!(world.wish("a").await, Wished::Turning);
    world.rests("a").await;
    assert_eq!(world.calls().last().map(String::as_str), Some("a/pay/undo"));
}

async fn a_parked_saga_does_what_a_person_says(place: Place) {
    for (resolution, last) in [
        (Resolution::Retry, "stepped ship"),
        (Resolution::Undo { cause: "PERSON".into() }, "unwound"),
        (Resolution::End, "parked reserve"),
    ] {
        let world = World::new(place.another().await).await;
        world.script("a/reserve/1", [Reply::RefusedForAPerson]);
        world.begin("a").await;
        world.rests("a").await;
        assert_eq!(world.state("a").await.status, Status::Parked);
        assert!(world.resolve("a", resolution.clone()).await);
        assert!(!world.resolve("a", resolution).await, "it waits for nobody any more");
        world.rests("a").await;
        let book = world.book("a").await;
        let book: Vec<&String> = book.iter().filter(|told| *told != "finished").collect();
        assert_eq!(book.last().map(|told| told.as_str()), Some(last));
    }
}

async fn more_sagas_than_seats_are_all_driven_in_the_end(place: Place) {
    let settings = Settings { concurrency: 3, claim: 2, ..place.settings() };
    let world = World::with(place, settings).await;
    let ids: Vec<String> = (0..40).map(|n| format!("s{n}")).collect();
    for id in &ids {
        world.begin(id).await;
    }
    for id in &ids {
        world.rests(id).await;
        assert_eq!(world.state(id).await.status, Status::Done);
    }
    assert_eq!(world.calls().len(), 120, "each step once");
}

async fn workers_side_by_side_never_drive_one_saga_twice(place: Place) {
    // No worker has a seat for what it begins: all of it waits in the table, for whoever claims it first.
    let settings = Settings { concurrency: 5, claim: 7, ..place.settings() };
    let world = World::with(place, settings).await;
    let mut workers = world.more_workers(3).await;
    workers.push(world.engine.clone());
    let seats: Vec<_> = workers.iter().flat_map(|worker| (0..5).map(|_| worker.seat())).collect();
    let ids: Vec<String> = (0..200).map(|n| format!("s{n}")).collect();
    let begun = ids.iter().zip(workers.iter().cycle()).map(|(id, worker)| world.begin_at(worker, id, STEPS));
    futures::future::join_all(begun).await;
    drop(seats);
    for id in &ids {
        world.rests(id).await;
        assert_eq!(world.state(id).await.status, Status::Done);
        assert_eq!(world.book(id).await.len(), 4);
    }
    let mut calls = world.calls();
    calls.sort();
    calls.dedup();
    assert_eq!((world.calls().len(), calls.len()), (600, 600), "I7: each step of each once");
}

async fn wishes_at_any_moment_are_never_lost(place: Place) {
    let world = World::new(place).await;
    let ids: Vec<String> = (0..60).map(|n| format!("s{n}")).collect();
    let told = ids.iter().map(async |id| {
        world.begin(id).await;
        world.wish(id).await
    });
    for (id, told) in ids.iter().zip(futures::future::join_all(told).await) {
        world.rests(id).await;
        let last = world.book(id).await.pop();
        let expected = if told == Wished::Over { "finished" } else { "unwound" };
        assert_eq!(last.as_deref(), Some(expected), "{id}: {told:?}");
    }
}

async fn shutdown_ends_between_steps_and_the_next_start_goes_on(place: Place) {
    let mut world = World::new(place).await;
    world.hang_at_call(0);
    world.begin("a").await;
    world.hangs().await;
    let engine = world.engine.clone();
    let shutdown = tokio::spawn(async move { engine.shutdown().await });
    tokio::task::yield_now().await;
    world.answer_what_hangs();
    shutdown.await.expect("it ends");
    assert_eq!(world.calls(), ["a/pay/1"]);
    world.restart().await;
    world.rests("a").await;
    assert_eq!(world.calls(), ["a/pay/1", "a/reserve/1", "a/ship/1"]);
}

async fn a_unit_that_fails_is_recorded_again_and_nothing_of_it_was_kept(place: Place) {
    let world = World::new(place).await;
    world.fail_records(2);
    world.begin("a").await;
    world.rests("a").await;
    assert_eq!(world.calls(), ["a/pay/1", "a/reserve/1", "a/ship/1"], "the call is not made again");
    assert_eq!(world.book("a").await.len(), 4);
}

#[tokio::test(start_paused = true)]
async fn finished_sagas_are_forgotten_after_their_time() {
    let world = World::new(Place::memory()).await;
    world.begin("a").await;
    world.rests("a").await;
    tokio::time::sleep(Settings::default().keep + Duration::from_secs(2 * 3600)).await;
    assert!(world.find("a").await.is_none());
}

async fn what_was_begun_and_never_handed_over_is_found(place: Place) {
    let world = World::new(place).await;
    // As after a commit whose answer was lost: the saga stands in the table as one that is driven, no task has it, and
    // what the unit left to be done was dropped.
    world.leave_astray("a").await;
    world.place.stays_quiet().await;
    assert!(world.state("a").await.driven() && world.calls().is_empty());
    world.begin_and_fail("b").await;
    world.rests("a").await;
    assert_eq!(world.calls(), ["a/pay/1", "a/reserve/1", "a/ship/1"]);
    assert!(world.find("b").await.is_none());
}
