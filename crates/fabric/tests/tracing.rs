//! Traces: begun where a call comes in, carried on by every call made under it, stored and come back to.
#![allow(clippy::unwrap_used)] // stories and helpers of tests, which clippy does not take for tests

extern crate outrigger_fabric as fabric;

mod echo;

use echo::{World, echo};
use tonic::Request;

const TRACEPARENT: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

/// The trace that the handler says it works in.
fn said(answer: &tonic::Response<echo::Echo>) -> Option<String> {
    let said = &answer.get_ref().said;
    let rest = said.split("trace=Some(\"").nth(1)?;
    rest.split('"').next().map(str::to_owned)
}

in_both_placements! {
    async fn a_call_without_a_trace_begins_one(world: World) {
        let mut client = world.client();
        let first = said(&client.unary(echo("")).await.unwrap()).unwrap();
        let second = said(&client.unary(echo("")).await.unwrap()).unwrap();
        assert!(first.starts_with("00-") && first.len() == 55, "{first}");
        assert_ne!(first[3..35], second[3..35]);
    }

    async fn a_trace_is_carried_to_the_handler(world: World) {
        let mut client = world.client();
        let answer = fabric::trace::scope(TRACEPARENT, client.unary(echo(""))).await.unwrap();
        assert_eq!(said(&answer).unwrap()[..35], TRACEPARENT[..35]);
    }

    async fn a_trace_in_the_metadata_is_inherited(world: World) {
        let mut request = Request::new(echo(""));
        request.metadata_mut().insert("traceparent", TRACEPARENT.parse().unwrap());
        assert_eq!(said(&world.client().unary(request).await.unwrap()).unwrap()[..35], TRACEPARENT[..35]);
    }

    async fn a_trace_is_carried_through_nested_calls(world: World) {
        let mut client = world.client();
        let answer = fabric::trace::scope(TRACEPARENT, client.nested(echo(""))).await.unwrap();
        assert_eq!(said(&answer).unwrap()[..35], TRACEPARENT[..35]);
    }

    async fn what_is_no_trace_is_dropped_and_a_new_one_begins(world: World) {
        let mut request = Request::new(echo(""));
        request.metadata_mut().insert("traceparent", "00-not-a-trace".parse().unwrap());
        let trace = said(&world.client().unary(request).await.unwrap()).unwrap();
        assert_eq!(trace.len(), 55);
        let mut client = world.client();
        let answer = fabric::trace::scope("", client.unary(echo(""))).await.unwrap();
        assert_eq!(said(&answer).unwrap().len(), 55);
    }
}

#[tokio::test]
async fn outside_of_a_call_there_is_no_trace() {
    assert_eq!(fabric::trace::current(), None);
    fabric::trace::scope(TRACEPARENT, async { assert_eq!(fabric::trace::current().as_deref(), Some(TRACEPARENT)) })
        .await;
}
