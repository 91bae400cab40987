//! I8: no call outlives its caller's deadline. Streams, nested calls and backoffs included.
#![allow(clippy::unwrap_used)] // stories and helpers of tests, which clippy does not take for tests

extern crate outrigger_fabric as fabric;

mod echo;

use echo::{Echo, World, echo};
use fabric::Deadline;
use std::time::Duration;
use tokio::time::Instant;
use tonic::{Code, Request};

const MINUTE: u32 = 60_000;

fn within(time: Duration, echo: Echo) -> Request<Echo> {
    let mut request = Request::new(echo);
    request.set_timeout(time);
    request
}

fn slow() -> Echo {
    Echo { delay_ms: MINUTE, ..Echo::default() }
}

in_both_placements! {
    async fn i8_a_call_without_a_deadline_has_the_contracts(world: World) {
        let answer = world.client().unary(echo("")).await.unwrap();
        assert!(answer.get_ref().said.contains("deadline=Some(1900)"), "{}", answer.get_ref().said);
    }

    async fn i8_no_call_has_more_than_the_contract_grants(world: World) {
        let answer = world.client().unary(within(Duration::from_secs(3_600), echo(""))).await.unwrap();
        assert!(answer.get_ref().said.contains("deadline=Some(4900)"), "{}", answer.get_ref().said);
    }

    async fn i8_a_nested_call_inherits_what_is_left(world: World) {
        let answer = world.client().nested(within(Duration::from_millis(800), echo(""))).await.unwrap();
        assert!(answer.get_ref().said.contains("deadline=Some(700)"), "{}", answer.get_ref().said);
    }

    async fn i8_a_nested_call_is_cut_with_its_caller(world: World) {
        let status = world.client().nested(within(Duration::from_millis(80), slow())).await.unwrap_err();
        assert_eq!(status.code(), Code::DeadlineExceeded);
        world.server.dropped(1).await;
    }

    async fn i8_a_nested_stream_without_a_deadline_of_its_own_is_cut_with_its_caller(world: World) {
        let endless = Echo { count: 1_000_000, delay_ms: 5, ..Echo::default() };
        let status = world.client().nested(within(Duration::from_millis(80), endless)).await.unwrap_err();
        assert_eq!(status.code(), Code::DeadlineExceeded);
        world.server.dropped(1).await;
    }

    async fn i8_a_stream_that_is_never_at_rest_is_cut_as_well(world: World) {
        let busy = Echo { count: u32::MAX - 1, payload: vec![0; 10_000], ..Echo::default() };
        let mut stream = world.client().watch(within(Duration::from_millis(80), busy)).await.unwrap().into_inner();
        let status = loop {
            match stream.message().await {
                Ok(message) => assert!(message.is_some(), "ended well"),
                Err(status) => break status,
            }
        };
        assert_eq!(status.code(), Code::DeadlineExceeded);
        world.server.dropped(1).await;
    }

    async fn i8_an_unbounded_stream_has_no_deadline_unless_its_caller_gives_one(world: World) {
        let few = Echo { count: 3, delay_ms: 1, ..Echo::default() };
        let mut stream = world.client().endless(few.clone()).await.unwrap().into_inner();
        assert_eq!(stream.message().await.unwrap().unwrap().said, "deadline=false");
        let bounded = within(Duration::from_millis(50), Echo { delay_ms: MINUTE, ..few });
        let mut stream = world.client().endless(bounded).await.unwrap().into_inner();
        assert_eq!(stream.message().await.unwrap_err().code(), Code::DeadlineExceeded);
    }

    async fn i8_calls_made_while_producing_a_stream_inherit_too(world: World) {
        let mut stream = world.client().watch(Echo { count: 1, delay_ms: 1, ..Echo::default() }).await.unwrap().into_inner();
        assert_eq!(stream.message().await.unwrap().unwrap().said, "deadline=true");
    }

    async fn i8_work_that_is_late_is_not_begun(world: World) {
        let mut client = world.client();
        let late = Deadline::scope(Some(Instant::now()), client.unary(echo(""))).await.unwrap_err();
        assert_eq!(late.code(), Code::DeadlineExceeded);
        assert_eq!(world.server.calls(), 0);
    }

    async fn i8_a_deadline_of_ones_own_binds_calls(world: World) {
        let mut client = world.client();
        let until = Instant::now() + Duration::from_millis(50);
        let status = Deadline::scope(Some(until), client.once(slow())).await.unwrap_err();
        assert_eq!(status.code(), Code::DeadlineExceeded);
    }

    async fn i8_a_retry_is_not_begun_when_its_wait_would_reach_the_deadline(world: World) {
        let failing = Echo { code: 14, delay_ms: 40, ..Echo::default() };
        let status = world.client().unary(within(Duration::from_millis(41), failing)).await.unwrap_err();
        assert!(matches!(status.code(), Code::Unavailable | Code::DeadlineExceeded), "{status:?}");
        assert_eq!(world.server.calls(), 1);
    }

    async fn a_timeout_that_makes_no_sense_is_refused(world: World) {
        let mut request = Request::new(echo(""));
        request.metadata_mut().insert("grpc-timeout", "soon".parse().unwrap());
        assert_eq!(world.client().unary(request).await.unwrap_err().code(), Code::InvalidArgument);
        assert_eq!(world.server.calls(), 0);
    }
}

#[tokio::test]
async fn there_is_no_deadline_outside_of_a_call() {
    assert_eq!(Deadline::current(), None);
    let until = Instant::now() + Duration::from_secs(1);
    Deadline::scope(Some(until), async move { assert_eq!(Deadline::current(), Some(until)) }).await;
}
