//! The same request many times, and different ones at the same moment: each has its effect once, and an undo wins (I5).

mod world;

use api::payment::v1::{PaymentState, RefundRequest};
use futures::future::join_all;
use tonic::Code;
use world::*;

#[tokio::test(start_paused = true)]
async fn duplicates_at_the_same_moment_are_one_operation() {
    let world = World::new().await;
    for token in ["tok_ok", "tok_slow", "tok_silent_once"] {
        let answers = join_all((0..50).map(|_| world.charge(token, token))).await;
        let first = answers[0].as_ref().unwrap().payment_id.clone();
        assert!(answers.iter().all(|answer| answer.as_ref().unwrap().payment_id == first));
        assert_eq!(world.taken(token).await, HUNDRED);
    }
    world.agrees().await;
}

#[tokio::test(start_paused = true)]
async fn a_repeated_request_is_marked_as_such_and_shows_the_payment_as_it_stands() {
    let world = World::new().await;
    let first = world.client.clone().authorise(authorisation("o1", "tok_ok")).await.unwrap();
    assert!(first.metadata().get("outrigger-replayed").is_none());
    world.capture(&first.into_inner().payment.unwrap()).await.unwrap();
    let again = world.client.clone().authorise(authorisation("o1", "tok_ok")).await.unwrap();
    assert_eq!(again.metadata().get("outrigger-replayed").unwrap(), "true");
    assert_eq!(again.into_inner().payment.unwrap().state(), PaymentState::Captured);
}

#[tokio::test(start_paused = true)]
async fn a_key_used_again_for_something_else_is_refused_naming_the_field() {
    let world = World::new().await;
    let taken = world.charge("o1", "tok_ok").await.unwrap();
    let mut other = charging("o1", "tok_ok");
    other.amount = Some(money(1));
    let refused = world.client.clone().charge(other).await.unwrap_err();
    assert_eq!(refused.code(), Code::AlreadyExists);
    assert_eq!(fabric::status::reason(&refused).unwrap(), "REQUEST_ID_REUSED");
    assert_eq!(fabric::status::info(&refused, "field").unwrap(), "amount");
    world.refund(&taken, "r", 10).await.unwrap();
    assert_eq!(reason(world.refund(&taken, "r", 20).await), "REQUEST_ID_REUSED");
    let mut void = voiding("o1", "pay");
    world.client.clone().void(void.clone()).await.unwrap();
    void.undoes = step("o1", "capture", 0);
    assert_eq!(reason(world.client.clone().void(void).await), "REQUEST_ID_REUSED");
}

#[tokio::test(start_paused = true)]
async fn a_step_that_was_undone_before_it_came_is_refused() {
    let world = World::new().await;
    assert_eq!(world.void("o1").await.unwrap(), None);
    for _ in 0..2 {
        assert_eq!(reason(world.authorise("o1", "tok_ok").await), "STEP_UNDONE");
    }
    let mut second = authorisation("o1", "tok_ok");
    second.request_id = "o1/pay/2".to_owned();
    second.step = step("o1", "pay", 2);
    assert_eq!(reason(world.client.clone().authorise(second).await), "STEP_UNDONE");
    assert_eq!(world.held("tok_ok").await, 0);
}

#[tokio::test(start_paused = true)]
async fn an_attempt_that_comes_after_a_later_one_is_refused() {
    let world = World::new().await;
    let mut second = authorisation("o1", "tok_ok");
    second.request_id = "o1/pay/2".to_owned();
    second.step = step("o1", "pay", 2);
    world.client.clone().authorise(second).await.unwrap();
    assert_eq!(reason(world.authorise("o1", "tok_ok").await), "STEP_STALE");
}

#[tokio::test(start_paused = true)]
async fn the_same_attempt_under_another_key_is_the_same_operation() {
    let world = World::new().await;
    let first = world.charge("o1", "tok_ok").await.unwrap();
    let mut again = charging("o1", "tok_ok");
    again.request_id = "another".to_owned();
    let again = world.client.clone().charge(again).await.unwrap().into_inner().payment.unwrap();
    assert_eq!(again.payment_id, first.payment_id);
    assert_eq!(world.taken("tok_ok").await, HUNDRED);
}

#[tokio::test(start_paused = true)]
async fn a_void_undoes_every_attempt_of_its_step() {
    let world = World::new().await;
    assert_eq!(reason(world.authorise("o1", "tok_declined").await), "PAYMENT_DECLINED");
    let mut second = authorisation("o1", "tok_ok");
    second.request_id = "o1/pay/2".to_owned();
    second.step = step("o1", "pay", 2);
    world.client.clone().authorise(second).await.unwrap();
    assert_eq!(world.void("o1").await.unwrap().unwrap().state(), PaymentState::Voided);
    assert_eq!(world.held("tok_ok").await, 0);
}

#[tokio::test(start_paused = true)]
async fn capture_against_void_ends_with_nothing_held_or_taken() {
    let world = World::new().await;
    for token in ["tok_ok", "tok_slow", "tok_silent_once", "tok_late", "tok_flaky", "tok_twice"] {
        for void_first in [false, true] {
            let order = format!("{token}:{void_first}");
            let held = world.authorise(&order, &order).await.unwrap();
            let (capture, void) = if void_first {
                let (void, capture) = tokio::join!(world.void(&order), world.capture(&held));
                (capture, void)
            } else {
                tokio::join!(world.capture(&held), world.void(&order))
            };
            if capture.is_err() {
                assert_eq!(reason(capture), "NOT_AUTHORISED", "{order}");
            }
            let end = void.unwrap().unwrap().state();
            assert!(matches!(end, PaymentState::Voided | PaymentState::Refunded), "{order}: {end:?}");
            tokio::time::sleep(std::time::Duration::from_secs(10)).await;
            assert_eq!((world.held(&order).await, world.taken(&order).await), (0, 0), "{order}");
        }
    }
    world.agrees().await;
}

#[tokio::test(start_paused = true)]
async fn payment_against_void_ends_with_nothing_held_or_taken() {
    let world = World::new().await;
    for token in ["tok_ok", "tok_slow", "tok_silent_once", "tok_late", "tok_flaky", "tok_twice", "tok_declined"] {
        for (card, void_first) in [(false, false), (false, true), (true, false), (true, true)] {
            let order = format!("{token}:{card}{void_first}");
            let pay =
                async { if card { world.authorise(&order, &order).await } else { world.charge(&order, &order).await } };
            let (pay, void) = if void_first {
                let (void, pay) = tokio::join!(world.void(&order), pay);
                (pay, void)
            } else {
                tokio::join!(pay, world.void(&order))
            };
            if pay.is_err() {
                assert!(["STEP_UNDONE", "PAYMENT_DECLINED"].contains(&reason(pay).as_str()), "{order}");
            }
            if let Some(payment) = void.unwrap() {
                let end = payment.state();
                let at_rest = [PaymentState::Voided, PaymentState::Refunded, PaymentState::Declined];
                assert!(at_rest.contains(&end), "{order}: {end:?}");
            }
            tokio::time::sleep(std::time::Duration::from_secs(10)).await;
            assert_eq!((world.held(&order).await, world.taken(&order).await), (0, 0), "{order}");
        }
    }
    world.agrees().await;
}

#[tokio::test(start_paused = true)]
async fn refund_against_void_gives_everything_back_once() {
    let world = World::new().await;
    for token in ["tok_ok", "tok_slow", "tok_silent_once", "tok_late"] {
        let taken = world.charge(token, token).await.unwrap();
        let refunds = join_all((0..2).map(|n| {
            let (world, taken) = (&world, &taken);
            async move { world.refund(taken, &format!("{token}/r{n}"), 4_000).await }
        }));
        let (refunds, void, again) = tokio::join!(refunds, world.void(token), world.void(token));
        assert_eq!(void.unwrap().unwrap().state(), PaymentState::Refunded);
        assert_eq!(again.unwrap().unwrap().state(), PaymentState::Refunded);
        for refund in refunds.into_iter().filter(Result::is_err) {
            assert_eq!(reason(refund), "REFUND_EXCEEDS_CAPTURE");
        }
        tokio::time::sleep(std::time::Duration::from_secs(10)).await;
        assert_eq!(world.taken(token).await, 0, "{token}");
    }
    world.agrees().await;
}

#[tokio::test(start_paused = true)]
async fn a_hundred_refunds_at_once_never_give_back_more_than_was_taken() {
    let world = World::new().await;
    let taken = world.charge("o1", "tok_ok").await.unwrap();
    let refunds = join_all((0..100).map(|n| {
        let (world, taken) = (&world, &taken);
        async move { world.refund(taken, &format!("r{n}"), 300).await }
    }))
    .await;
    let done = refunds.iter().filter(|refund| refund.is_ok()).count();
    assert_eq!(done, 33);
    for refund in refunds.into_iter().filter(Result::is_err) {
        assert_eq!(reason(refund), "REFUND_EXCEEDS_CAPTURE");
    }
    assert_eq!(world.taken("tok_ok").await, HUNDRED - 33 * 300);
    world.agrees().await;
}

#[tokio::test(start_paused = true)]
async fn two_captures_at_once_take_the_money_once() {
    let world = World::new().await;
    let held = world.authorise("o1", "tok_slow").await.unwrap();
    let mut other = capturing(&held);
    other.request_id = "operator's".to_owned();
    other.step = None;
    let mut client = world.client.clone();
    let (first, second) = tokio::join!(world.capture(&held), client.capture(other));
    assert_eq!(first.unwrap().state(), PaymentState::Captured);
    assert_eq!(reason(second), "NOT_AUTHORISED");
    assert_eq!(world.taken("tok_slow").await, HUNDRED);
}

#[tokio::test(start_paused = true)]
async fn a_refund_is_not_undone() {
    let world = World::new().await;
    let taken = world.charge("o1", "tok_ok").await.unwrap();
    let refund = RefundRequest { step: step("return", "refund", 1), ..refunding(&taken, "r", 100) };
    world.client.clone().refund(refund).await.unwrap();
    let mut void = voiding("return", "refund");
    void.order_id = "o1".to_owned();
    assert_eq!(reason(world.client.clone().void(void.clone()).await), "NOT_UNDOABLE");
    void.order_id = "somebody else's".to_owned();
    assert_eq!(world.client.clone().void(void).await.unwrap_err().code(), Code::InvalidArgument);
}
