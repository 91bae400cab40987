//! Every way in which an in-process call was seen to differ from a remote one: here they do not. Each row of the table is
//! one test, run in both placements.
#![allow(clippy::unwrap_used)] // stories and helpers of tests, which clippy does not take for tests

extern crate outrigger_fabric as fabric;

mod echo;

use echo::{Echo, Server, World, echo};
use futures::StreamExt;
use std::{sync::atomic::Ordering::SeqCst, time::Duration};
use tonic::{Code, Request, Status, Streaming};

/// Reads a stream to its end: how many messages, and how it ended.
async fn read(mut stream: Streaming<Echo>) -> (usize, Option<Status>) {
    let mut messages = 0;
    loop {
        match stream.message().await {
            Ok(Some(_)) => messages += 1,
            Ok(None) => return (messages, None),
            Err(status) => return (messages, Some(status)),
        }
    }
}

fn assert_is_the_handlers(status: &Status, code: Code) {
    assert_eq!(status.code(), code);
    assert_eq!(status.message(), "sad: ünïcode\nand a line");
    assert_eq!(status.details(), [1, 2, 3]);
    assert_eq!(status.metadata().get("x-error").unwrap(), "metadata");
}

in_both_placements! {
    async fn metadata_of_an_answer_arrives(world: World) {
        let answer = world.client().unary(echo("hello")).await.unwrap();
        assert_eq!(answer.get_ref().text, "hello");
        assert_eq!(answer.metadata().get("x-head").unwrap(), "ascii");
        assert_eq!(answer.metadata().get_bin("x-head-bin").unwrap().to_bytes().unwrap().as_ref(), [0, 255, 7]);
    }

    async fn an_error_arrives_with_message_details_and_metadata(world: World) {
        let status = world.client().once(Echo { code: 9, ..Echo::default() }).await.unwrap_err();
        assert_is_the_handlers(&status, Code::FailedPrecondition);
    }

    async fn an_error_after_messages_arrives_in_trailers(world: World) {
        let stream = world.client().watch(Echo { count: 2, code: 14, ..Echo::default() }).await.unwrap();
        let (messages, end) = read(stream.into_inner()).await;
        assert_eq!(messages, 2);
        assert_is_the_handlers(&end.unwrap(), Code::Unavailable);
    }

    async fn a_panic_is_internal_for_that_call_alone(world: World) {
        let mut client = world.client();
        let slow = tokio::spawn({
            let mut client = client.clone();
            async move { client.once(Echo { delay_ms: 200, ..Echo::default() }).await }
        });
        world.server.begun(1).await;
        let status = client.once(Echo { panic: true, ..Echo::default() }).await.unwrap_err();
        assert_eq!((status.code(), status.message()), (Code::Internal, "the handler panicked"));
        assert!(slow.await.unwrap().is_ok(), "a call beside it on the same connection");
        assert!(client.once(echo("after")).await.is_ok());
    }

    async fn a_panic_in_a_stream_is_internal_for_that_stream_alone(world: World) {
        let stream = world.client().watch(Echo { count: 3, delay_ms: 1, panic: true, ..Echo::default() }).await.unwrap();
        let (messages, end) = read(stream.into_inner()).await;
        assert_eq!((messages, end.unwrap().code()), (1, Code::Internal));
        assert!(world.client().once(echo("after")).await.is_ok());
    }

    async fn nothing_but_headers_reaches_the_handler(world: World) {
        let mut request = Request::new(echo("planting"));
        request.extensions_mut().insert(echo::Planted);
        let mut client = world.client();
        let answer = echo::PLANTED.scope(7, client.unary(request)).await.unwrap();
        assert!(answer.get_ref().said.ends_with("planted=false local=false"), "{}", answer.get_ref().said);
        assert!(answer.extensions().get::<echo::Planted>().is_none(), "nor the caller");
    }

    async fn a_deadline_cuts_a_handler_off(world: World) {
        let mut request = Request::new(Echo { delay_ms: 60_000, ..Echo::default() });
        request.set_timeout(Duration::from_millis(50));
        let status = world.client().unary(request).await.unwrap_err();
        assert_eq!(status.code(), Code::DeadlineExceeded);
        world.server.dropped(1).await;
    }

    async fn a_deadline_cuts_a_stream_off(world: World) {
        let mut request = Request::new(Echo { count: 8, delay_ms: 50, ..Echo::default() });
        request.set_timeout(Duration::from_millis(120));
        let stream = world.client().watch(request).await.unwrap();
        let (messages, end) = read(stream.into_inner()).await;
        assert!(messages < 4, "{messages} messages of 50 ms in 120 ms");
        assert_eq!(end.unwrap().code(), Code::DeadlineExceeded);
        world.server.dropped(1).await;
    }

    async fn a_caller_who_leaves_aborts_the_handler(world: World) {
        let mut client = world.client();
        let call = tokio::spawn(async move { client.once(Echo { delay_ms: 60_000, ..Echo::default() }).await });
        world.server.begun(1).await;
        call.abort();
        world.server.dropped(1).await;
    }

    async fn a_caller_who_leaves_a_stream_ends_it(world: World) {
        let mut stream = world.client().watch(Echo { count: 100_000, delay_ms: 1, ..Echo::default() }).await.unwrap().into_inner();
        stream.message().await.unwrap();
        drop(stream);
        world.server.dropped(1).await;
    }

    async fn too_much_metadata_is_refused_on_its_way_there(world: World) {
        let mut request = Request::new(echo("big"));
        request.metadata_mut().insert("x-big", "a".repeat(20_000).parse().unwrap());
        let status = world.client().unary(request).await.unwrap_err();
        assert_eq!(status.code(), Code::ResourceExhausted);
        assert_eq!(fabric::status::reason(&status).as_deref(), Some("METADATA_TOO_LARGE"));
        assert_eq!(world.server.calls(), 0);
    }

    async fn too_much_metadata_is_refused_on_its_way_back(world: World) {
        let status = world.client().once(echo("metadata of 20000")).await.unwrap_err();
        assert_eq!(status.code(), Code::ResourceExhausted);
        assert_eq!(fabric::status::reason(&status).as_deref(), Some("METADATA_TOO_LARGE"));
    }

    async fn metadata_within_the_limit_passes(world: World) {
        let mut request = Request::new(echo("metadata of 15000"));
        request.metadata_mut().insert("x-big", "a".repeat(15_000).parse().unwrap());
        assert!(world.client().unary(request).await.is_ok());
    }

    async fn a_message_over_four_megabytes_is_out_of_range(world: World) {
        let status = world.client().once(Echo { payload: vec![0; 5 << 20], ..Echo::default() }).await.unwrap_err();
        assert_eq!(status.code(), Code::OutOfRange);
        assert_eq!(world.server.calls(), 0);
    }

    async fn an_unknown_service_is_said(world: World) {
        let status = world.client().at("/test.none.v1.None/Call", Request::new(echo(""))).await.unwrap_err();
        assert!(matches!(status.code(), Code::Unimplemented | Code::Unavailable), "{status:?}");
    }

    async fn an_unknown_method_is_unimplemented(world: World) {
        let status = world.client().call("Missing", Request::new(echo(""))).await.unwrap_err();
        assert_eq!(status.code(), Code::Unimplemented);
    }

    async fn a_stream_both_ways_ends_when_its_caller_has_said_all(world: World) {
        let echoes = futures::stream::iter((0..5).map(|n| echo(&n.to_string())));
        let answers = world.client().chat(echoes).await.unwrap().into_inner();
        let texts: Vec<String> = answers.map(|answer| answer.unwrap().text).collect().await;
        assert_eq!(texts, ["0", "1", "2", "3", "4"]);
    }

    /// How far ahead differs (a buffer here, a window there): that it ends somewhere does not.
    async fn a_stream_does_not_run_to_its_end_ahead_of_a_reader_who_waits(world: World) {
        let told = Echo { count: 2_000, payload: vec![7; 10_000], ..Echo::default() };
        let mut stream = world.client().watch(told).await.unwrap().into_inner();
        stream.message().await.unwrap();
        tokio::time::sleep(Duration::from_millis(200)).await;
        let ahead = world.server.seen.produced.load(SeqCst);
        assert!(ahead < 2_000, "all {ahead} messages were made for a reader who has taken one");
        let (rest, end) = read(stream).await;
        assert!(rest == 1_999 && end.is_none(), "{rest} more arrived, then {end:?}");
    }

    /// When a server reads on while nobody takes its answers differs: that nothing is lost or stuck does not.
    async fn a_caller_may_say_all_before_it_hears_anything(world: World) {
        let (say, said) = tokio::sync::mpsc::channel(8);
        let heard = futures::stream::unfold(said, |mut said| async { said.recv().await.map(|echo| (echo, said)) });
        let answers = world.client().chat(heard).await.unwrap().into_inner();
        for n in 0..5 {
            say.send(echo(&n.to_string())).await.unwrap();
        }
        drop(say);
        tokio::time::sleep(Duration::from_millis(50)).await;
        let texts: Vec<String> = answers.map(|answer| answer.unwrap().text).collect().await;
        assert_eq!(texts, ["0", "1", "2", "3", "4"]);
    }

    async fn the_caller_is_known_by_name(world: World) {
        let answer = world.client().unary(echo("")).await.unwrap();
        assert!(answer.get_ref().said.starts_with("caller=alice "), "{}", answer.get_ref().said);
    }

    async fn a_caller_cannot_say_that_it_is_somebody_else(world: World) {
        let mut request = Request::new(echo(""));
        request.metadata_mut().insert("outrigger-caller", "operator".parse().unwrap());
        let answer = world.client().unary(request).await.unwrap();
        assert!(answer.get_ref().said.starts_with("caller=alice "), "{}", answer.get_ref().said);
    }

    async fn whom_the_contract_does_not_list_is_refused(world: World) {
        let status = echo::Client::new(world.mesh.wire("mallory", "echo")).unary(echo("")).await.unwrap_err();
        assert_eq!(status.code(), Code::PermissionDenied);
        assert_eq!(fabric::status::reason(&status).as_deref(), Some("CALLER_NOT_ALLOWED"));
        assert_eq!(world.server.calls(), 0);
    }

    async fn what_is_not_hosted_is_unavailable_until_it_is(world: World) {
        let mut client = echo::Client::new(world.mesh.wire("alice", "inner"));
        assert_eq!(client.once(echo("")).await.unwrap_err().code(), Code::Unavailable);
        world.mesh.withdraw("echo").await;
        world.mesh.host("inner", world.server.clone()).await.unwrap();
        assert!(client.once(echo("")).await.is_ok());
        assert_eq!(world.client().once(echo("")).await.unwrap_err().code(), Code::Unavailable);
    }

    async fn a_service_is_hosted_once(world: World) {
        let again = world.mesh.host("again", world.server.clone()).await.unwrap_err();
        assert!(again.to_string().contains("hosted already (as echo)"), "{again}");
    }

    async fn nothing_answers_after_a_shutdown(world: World) {
        let mut client = world.client();
        assert!(client.once(echo("")).await.is_ok());
        world.mesh.shutdown().await;
        assert_eq!(client.once(echo("")).await.unwrap_err().code(), Code::Unavailable);
    }
}

#[tokio::test]
async fn a_service_without_a_contract_is_not_hosted() {
    let world = World::new(fabric::Placement::InProcess).await;
    let mesh = fabric::Mesh::new(
        policy::Contract::from_descriptors(&[]).unwrap(),
        ambient::Ambient::system(),
        fabric::Placement::InProcess,
    );
    let server: Server = world.server.clone();
    let refused = mesh.host("echo", server).await.unwrap_err();
    assert!(refused.to_string().contains("not in the contract"), "{refused}");
}
