//! The gateway is silent, late, broken or gone, and the process dies: money moves once, or not at all.

#![allow(clippy::unwrap_used, reason = "stories are tests")]

mod world;

use api::payment::v1::PaymentState;
use outrigger_payments::{Behaviour, FaultRates, Settings};
use std::time::Duration;
use tonic::{Code, Status};
use world::*;

servers::on_both_engines! {
    Place:
    a_charge_that_timed_out_is_never_taken_twice,
    slow_doubled_and_broken_calls_are_one_payment_each,
    a_void_ends_the_doubt_by_the_gateway_s_word_and_what_comes_late_is_refused,
    a_void_of_what_happened_in_silence_gives_it_back,
    a_void_waits_for_a_gateway_that_cannot_be_reached_and_ends_when_it_can,
    a_void_whose_refund_is_declined_says_so_and_the_next_one_tries_again,
    a_caller_that_leaves_loses_nothing,
    an_intent_that_a_crash_left_unfinished_is_driven_to_its_end_by_the_next_start,
    whatever_the_dice_do_every_payment_ends_and_the_books_agree,
}

async fn a_charge_that_timed_out_is_never_taken_twice(place: Place) {
    let world = World::new(place).await;
    let taken = world.charge("o1", "tok_silent_once").await.unwrap();
    assert_eq!(taken.state(), PaymentState::Captured);
    assert_eq!(world.taken("tok_silent_once").await, HUNDRED);
    world.agrees().await;
}

async fn slow_doubled_and_broken_calls_are_one_payment_each(place: Place) {
    let world = World::new(place).await;
    let tokens = ["tok_slow", "tok_twice", "tok_flaky", "tok_late"];
    for token in tokens {
        let held = world.authorise(token, token).await.unwrap();
        world.capture(&held).await.unwrap();
    }
    world.place.late_ones_arrive().await;
    for token in tokens {
        assert_eq!(world.taken(token).await, HUNDRED, "{token}");
    }
    world.agrees().await;
}

async fn a_void_ends_the_doubt_by_the_gateway_s_word_and_what_comes_late_is_refused(place: Place) {
    let world = World::new(place).await;
    world.gateway().steer("tok", Behaviour::Late(Duration::from_secs(3)));
    let (charge, void) = tokio::join!(world.charge("o1", "tok"), async {
        tokio::time::sleep(Duration::from_millis(100)).await;
        world.void("o1").await
    });
    assert_eq!(reason(charge), "STEP_UNDONE");
    assert_eq!(void.unwrap().unwrap().state(), PaymentState::Voided);
    world.place.late_ones_arrive().await;
    assert_eq!(world.taken("tok").await, 0);
    world.agrees().await;
}

async fn a_void_of_what_happened_in_silence_gives_it_back(place: Place) {
    let world = World::new(place).await;
    let (charge, void) = tokio::join!(world.charge("o1", "tok_silent_once"), async {
        tokio::time::sleep(Duration::from_millis(100)).await;
        world.void("o1").await
    });
    charge.unwrap();
    assert_eq!(void.unwrap().unwrap().state(), PaymentState::Refunded);
    assert_eq!(world.taken("tok_silent_once").await, 0);
    world.agrees().await;
}

async fn a_void_waits_for_a_gateway_that_cannot_be_reached_and_ends_when_it_can(place: Place) {
    let world = World::new(place).await;
    let held = world.authorise("o1", "tok").await.unwrap();
    world.gateway().cut_off(true);
    let unknown = world.void("o1").await.unwrap_err();
    assert_eq!(unknown.code(), Code::DeadlineExceeded);
    assert!(world.payment(&held.payment_id).await.in_doubt);
    world.gateway().cut_off(false);
    assert_eq!(world.void("o1").await.unwrap().unwrap().state(), PaymentState::Voided);
    assert_eq!(world.held("tok").await, 0);
}

async fn a_void_whose_refund_is_declined_says_so_and_the_next_one_tries_again(place: Place) {
    let world = World::new(place).await;
    world.charge("o1", "tok").await.unwrap();
    world.gateway().steer("tok", Behaviour::DeclinesRefunds);
    for _ in 0..2 {
        assert_eq!(reason(world.void("o1").await), "PAYMENT_DECLINED");
    }
    world.gateway().steer("tok", Behaviour::Plain);
    assert_eq!(world.void("o1").await.unwrap().unwrap().state(), PaymentState::Refunded);
    assert_eq!(world.taken("tok").await, 0);
    world.agrees().await;
}

async fn a_caller_that_leaves_loses_nothing(place: Place) {
    let world = World::new(place).await;
    let mut client = world.client.clone();
    let call = tokio::spawn(async move { client.charge(charging("o1", "tok_silent_once")).await });
    while world.payments_of("o1").await.is_empty() {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    call.abort();
    assert!(call.await.is_err_and(|ended| ended.is_cancelled()), "the gateway is silent for a second");
    while world.payments_of("o1").await[0].state() == PaymentState::Pending {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    assert_eq!(world.taken("tok_silent_once").await, HUNDRED);
    world.agrees().await;
    assert_eq!(world.charge("o1", "tok_silent_once").await.unwrap().state(), PaymentState::Captured);
    assert_eq!(world.taken("tok_silent_once").await, HUNDRED);
}

async fn an_intent_that_a_crash_left_unfinished_is_driven_to_its_end_by_the_next_start(place: Place) {
    let world = World::new(place).await;
    let held = world.authorise("o0", "tok_ok").await.unwrap();
    let impatient = Duration::from_millis(300);
    assert!(tokio::time::timeout(impatient, world.charge("o3", "tok_silent_once")).await.is_err());
    world.gateway().cut_off(true);
    assert!(tokio::time::timeout(impatient, world.charge("o1", "tok_one")).await.is_err());
    assert!(tokio::time::timeout(impatient, world.capture(&held)).await.is_err());
    assert!(tokio::time::timeout(impatient, world.charge("o2", "tok_two")).await.is_err());
    assert!(tokio::time::timeout(impatient, world.void("o2")).await.is_err());
    let world = world.restarted().await;
    assert_eq!(world.charge("o1", "tok_one").await.unwrap().state(), PaymentState::Captured);
    assert_eq!(world.capture(&held).await.unwrap().state(), PaymentState::Captured);
    assert_eq!(world.void("o2").await.unwrap().unwrap().state(), PaymentState::Voided);
    assert_eq!(world.charge("o3", "tok_silent_once").await.unwrap().state(), PaymentState::Captured);
    assert_eq!(world.taken("tok_silent_once").await, HUNDRED, "the gateway had done it before the crash");
    assert_eq!((world.taken("tok_one").await, world.taken("tok_ok").await), (HUNDRED, HUNDRED));
    assert_eq!(world.taken("tok_two").await, 0);
    world.agrees().await;
    world.stop().await;
}

#[tokio::test]
async fn and_so_it_is_when_the_books_are_a_folder() {
    an_intent_that_a_crash_left_unfinished_is_driven_to_its_end_by_the_next_start(Place::folder()).await;
}

async fn whatever_the_dice_do_every_payment_ends_and_the_books_agree(place: Place) {
    let faults = FaultRates { decline: 0.2, silent: 0.2, error: 0.2, slow: 0.2 };
    let world = World::over(place, Settings { faults, seed: 42, ..Settings::default() }).await;
    let payments = (0..200).map(|n| {
        let world = &world;
        async move {
            let (order, token) = (format!("o{n}"), format!("tok{n}"));
            let Ok(held) = until_known(|| world.authorise(&order, &token)).await else { return (token, 0) };
            if n % 3 == 0 {
                until_known(|| world.void(&order)).await.unwrap();
                return (token, 0);
            }
            until_known(|| world.capture(&held)).await.unwrap();
            if n % 3 == 1 {
                let request = format!("r{n}");
                until_known(|| world.refund(&held, &request, 1_000)).await.unwrap();
                return (token, HUNDRED - 1_000);
            }
            (token, HUNDRED)
        }
    });
    for (token, due) in futures::future::join_all(payments).await {
        assert_eq!(world.taken(&token).await, due, "{token}");
        assert_eq!(world.held(&token).await, 0, "{token}");
    }
    world.agrees().await;
}

/// As a saga does: the same again for as long as nobody knows.
async fn until_known<T, F>(mut call: impl FnMut() -> F) -> Result<T, Status>
where
    F: Future<Output = Result<T, Status>>,
{
    loop {
        match call().await {
            Err(status) if matches!(status.code(), Code::DeadlineExceeded | Code::Unavailable) => {}
            known => return known,
        }
    }
}
