//! Retries, their budget, attempt timeouts and breakers, as calls meet them.
#![allow(clippy::unwrap_used)] // stories and helpers of tests, which clippy does not take for tests

extern crate outrigger_fabric as fabric;

mod echo;

use echo::{Client, Echo, World, echo};
use fabric::status;
use std::{sync::atomic::Ordering::SeqCst, time::Duration};
use tokio::time::Instant;
use tonic::{Code, Request};

const UNAVAILABLE: i32 = Code::Unavailable as i32;

fn failing() -> Echo {
    Echo { code: UNAVAILABLE, ..Echo::default() }
}

/// Fails while the server is told to, then succeeds.
fn recovering() -> Echo {
    Echo { text: "until".into(), ..failing() }
}

/// Calls that the handler answers with failures, one after the other, until the breaker says no.
async fn open_the_breaker(client: &mut Client) {
    for _ in 0..50 {
        let status = client.once(failing()).await.unwrap_err();
        if status::reason(&status).as_deref() == Some("BREAKER_OPEN") {
            return;
        }
    }
    panic!("the breaker did not open");
}

in_both_placements! {
    async fn what_fails_for_a_moment_succeeds(world: World) {
        world.server.fail_next(2);
        let answer = world.client().unary(recovering()).await.unwrap();
        assert_eq!(world.server.calls(), 3);
        assert_eq!(answer.metadata().get("x-previous-attempts").unwrap(), "2");
    }

    async fn attempts_have_an_end(world: World) {
        let status = world.client().unary(failing()).await.unwrap_err();
        assert_eq!((status.code(), status.message()), (Code::Unavailable, "sad: ünïcode\nand a line"));
        assert_eq!(world.server.calls(), 3);
    }

    async fn i10_what_the_contract_does_not_call_idempotent_is_never_repeated(world: World) {
        assert!(world.client().once(failing()).await.is_err());
        assert_eq!(world.server.calls(), 1);
    }

    async fn only_the_codes_of_the_policy_are_retried(world: World) {
        assert!(world.client().unary(Echo { code: Code::Internal as i32, ..Echo::default() }).await.is_err());
        assert_eq!(world.server.calls(), 1);
    }

    async fn i9_retries_stay_within_their_budget(world: World) {
        // Every second call fails for good and asks for two retries; the others keep the breaker closed.
        let mut client = world.client();
        let (began, calls) = (Instant::now(), 200);
        for _ in 0..calls / 2 {
            client.unary(echo("fine")).await.unwrap();
            client.unary(failing()).await.unwrap_err();
        }
        let retries = f64::from(world.server.calls() - calls);
        let tenth = f64::from(calls) / 10.0;
        // The floor: a second's worth at the start, and what flowed in since.
        let floor = 10.0 + 10.0 * began.elapsed().as_secs_f64();
        assert!(retries >= tenth, "{retries} retries of {calls} calls");
        assert!(retries <= tenth + floor, "{retries} retries of {calls} calls, with a floor of {floor}");
    }

    async fn i9_a_hop_whose_budget_is_spent_says_so(world: World) {
        let mut client = world.client();
        let mut pushed_back = false;
        for _ in 0..50 {
            client.unary(echo("fine")).await.unwrap();
            let status = client.unary(failing()).await.unwrap_err();
            pushed_back |= status.metadata().get("grpc-retry-pushback-ms").is_some_and(|value| value == "-1");
        }
        assert!(pushed_back);
    }

    async fn i9_a_nested_failure_that_was_pushed_back_is_not_retried_above(world: World) {
        let mut client = world.client();
        open_the_breaker(&mut Client::new(world.mesh.wire("echo", "echo"))).await;
        let before = world.server.calls();
        let status = client.nested(echo("")).await.unwrap_err();
        assert_eq!(status::reason(&status).as_deref(), Some("BREAKER_OPEN"));
        assert_eq!(status.metadata().get("grpc-retry-pushback-ms").unwrap(), "-1");
        assert_eq!(world.server.calls(), before + 1, "the outer call alone");
    }

    async fn a_stream_that_has_begun_is_not_retried(world: World) {
        let mut stream = world.client().watch(Echo { count: 1, ..failing() }).await.unwrap().into_inner();
        assert!(stream.message().await.unwrap().is_some());
        assert_eq!(stream.message().await.unwrap_err().code(), Code::Unavailable);
        assert_eq!(world.server.calls(), 1);
    }

    async fn an_attempt_that_hangs_leaves_time_for_another(world: World) {
        let status = world.client().patient(Echo { delay_ms: 60_000, ..Echo::default() }).await.unwrap_err();
        assert_eq!(status.code(), Code::Unavailable);
        assert!(status.message().contains("100ms"), "{}", status.message());
        assert_eq!(world.server.calls(), 2);
        world.server.dropped(2).await;
    }

    async fn a_breaker_opens_after_ten_failures_in_a_row(world: World) {
        let mut client = world.client();
        open_the_breaker(&mut client).await;
        assert_eq!(world.server.calls(), 10);
        let status = client.unary(echo("fine")).await.unwrap_err();
        assert_eq!(status.code(), Code::Unavailable);
        assert!(status::retry_after(&status).is_some());
        assert_eq!(world.server.calls(), 10, "nothing was sent, and the refusal was not retried");
    }

    async fn a_breaker_is_its_callers_own(world: World) {
        open_the_breaker(&mut world.client()).await;
        assert!(Client::new(world.mesh.wire("echo", "echo")).once(echo("fine")).await.is_ok());
    }

    async fn refusals_of_the_application_open_no_breaker(world: World) {
        let mut client = world.client();
        for _ in 0..30 {
            let status = client.once(Echo { code: Code::FailedPrecondition as i32, ..Echo::default() }).await.unwrap_err();
            assert_eq!(status.code(), Code::FailedPrecondition);
        }
        assert_eq!(world.server.calls(), 30);
    }

    async fn callers_who_leave_open_no_breaker(world: World) {
        let mut client = world.client();
        for call in 1..=15 {
            let mut request = Request::new(Echo { delay_ms: 60_000, ..Echo::default() });
            request.set_timeout(Duration::from_millis(5));
            let status = client.once(request).await.unwrap_err();
            assert_eq!(status.code(), Code::DeadlineExceeded, "call {call}");
        }
        assert!(client.once(echo("fine")).await.is_ok());
    }
}

mod under_virtual_time {
    use super::*;
    use fabric::Placement;

    #[tokio::test(start_paused = true)]
    async fn a_breaker_half_opens_and_a_probe_closes_it() {
        let world = World::new(Placement::InProcess).await;
        let mut client = world.client();
        open_the_breaker(&mut client).await;
        tokio::time::advance(Duration::from_secs(1)).await;
        assert!(client.once(echo("probe")).await.is_ok());
        assert!(client.once(echo("after")).await.is_ok());
    }

    #[tokio::test(start_paused = true)]
    async fn a_breaker_whose_probe_fails_opens_for_longer() {
        let world = World::new(Placement::InProcess).await;
        let mut client = world.client();
        open_the_breaker(&mut client).await;
        tokio::time::advance(Duration::from_secs(1)).await;
        assert_eq!(client.once(failing()).await.unwrap_err().message(), "sad: ünïcode\nand a line");
        let calls = world.server.calls();
        tokio::time::advance(Duration::from_millis(900)).await;
        let status = client.once(echo("too early")).await.unwrap_err();
        assert_eq!(status::reason(&status).as_deref(), Some("BREAKER_OPEN"));
        assert_eq!(world.server.calls(), calls);
    }

    #[tokio::test(start_paused = true)]
    async fn only_one_probe_is_under_way() {
        let world = World::new(Placement::InProcess).await;
        let mut client = world.client();
        open_the_breaker(&mut client).await;
        tokio::time::advance(Duration::from_secs(1)).await;
        let probe = tokio::spawn({
            let mut client = client.clone();
            async move { client.once(Echo { delay_ms: 100, ..Echo::default() }).await }
        });
        world.server.begun(11).await;
        let status = client.once(echo("beside it")).await.unwrap_err();
        assert_eq!(status::reason(&status).as_deref(), Some("BREAKER_OPEN"));
        assert!(probe.await.unwrap().is_ok());
        assert!(client.once(echo("after it")).await.is_ok());
    }

    #[tokio::test(start_paused = true)]
    async fn an_endpoint_that_hangs_opens_the_breaker_by_attempt_timeouts() {
        let world = World::new(Placement::InProcess).await;
        let mut client = world.client();
        let mut refused = false;
        for _ in 0..12 {
            let status = client.patient(Echo { delay_ms: 60_000, ..Echo::default() }).await.unwrap_err();
            refused |= status::reason(&status).as_deref() == Some("BREAKER_OPEN");
        }
        assert!(refused);
        assert_eq!(world.server.seen.calls.load(SeqCst), 10);
    }

    #[tokio::test(start_paused = true)]
    async fn i9_what_is_backing_off_has_paid_already() {
        let world = World::new(Placement::InProcess).await;
        // All fail at once, so that all would wait at once: none gets its retry from what another has not yet used.
        let calls = (0..300).map(|_| {
            let mut client = world.client();
            async move { client.unary(Echo { delay_ms: 1, ..failing() }).await }
        });
        futures::future::join_all(calls).await;
        let retries = world.server.calls().saturating_sub(300);
        assert!(retries <= 10 + 30 + 1, "{retries} retries of 300 calls");
    }
}
