//! The port for the world: who is who there, health, reflection, limits, and its end.
#![allow(clippy::unwrap_used)] // stories and helpers of tests, which clippy does not take for tests

extern crate outrigger_fabric as fabric;

mod echo;

use ambient::Ambient;
use echo::{Client, Echo, World, echo};
use fabric::{Listening, Wire};
use std::time::Duration;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    time::timeout,
};
use tonic::{Code, Request};
use tonic_health::pb::{HealthCheckRequest, health_check_response::ServingStatus, health_client::HealthClient};
use tonic_reflection::pb::v1::{
    ServerReflectionRequest, server_reflection_client::ServerReflectionClient,
    server_reflection_request::MessageRequest, server_reflection_response::MessageResponse,
};

async fn listening(world: &World) -> Listening {
    world.mesh.listen("127.0.0.1:0".parse().unwrap()).await.unwrap()
}

fn connected(port: &Listening) -> Wire {
    fabric::connect(&port.address.to_string(), echo::contract(), Ambient::system()).unwrap()
}

async fn health(wire: &Wire, service: &str) -> Result<ServingStatus, tonic::Status> {
    let request = HealthCheckRequest { service: service.to_owned() };
    HealthClient::new(wire.clone()).check(request).await.map(|response| response.into_inner().status())
}

in_both_placements! {
    async fn the_world_is_edge_and_passes(world: World) {
        let port = listening(&world).await;
        let answer = Client::new(connected(&port)).unary(echo("")).await.unwrap();
        assert!(answer.get_ref().said.starts_with("caller=edge "), "{}", answer.get_ref().said);
    }

    async fn the_world_cannot_say_that_it_is_somebody(world: World) {
        let port = listening(&world).await;
        // Not through our own client, which would not send it.
        let channel = tonic::transport::Endpoint::from_shared(format!("http://{}", port.address)).unwrap().connect_lazy();
        let mut grpc = tonic::client::Grpc::new(channel);
        grpc.ready().await.unwrap();
        let mut request = Request::new(echo(""));
        request.metadata_mut().insert("outrigger-caller", "alice".parse().unwrap());
        let path = "/test.echo.v1.EchoService/Unary".parse().unwrap();
        let codec = tonic_prost::ProstCodec::<Echo, Echo>::default();
        let answer = grpc.unary(request, path, codec).await.unwrap();
        assert!(answer.get_ref().said.starts_with("caller=edge "), "{}", answer.get_ref().said);
    }

    async fn health_is_told_for_the_process_and_each_service(world: World) {
        let port = listening(&world).await;
        let wire = connected(&port);
        assert_eq!(health(&wire, "").await.unwrap(), ServingStatus::Serving);
        assert_eq!(health(&wire, "test.echo.v1.EchoService").await.unwrap(), ServingStatus::Serving);
        assert_eq!(health(&wire, "test.none.v1.None").await.unwrap_err().code(), Code::NotFound);
        world.mesh.withdraw("echo").await;
        assert_eq!(health(&wire, "test.echo.v1.EchoService").await.unwrap(), ServingStatus::NotServing);
        assert_eq!(Client::new(wire).once(echo("")).await.unwrap_err().code(), Code::Unimplemented);
    }

    async fn nobody_is_let_in_before_the_process_is_ready(world: World) {
        world.mesh.hold("starting: waiting for the database at db:5432").await;
        let port = listening(&world).await;
        let wire = connected(&port);
        assert_eq!(health(&wire, "").await.unwrap(), ServingStatus::NotServing);
        assert_eq!(health(&wire, "live").await.unwrap(), ServingStatus::Serving);
        let early = Client::new(wire.clone()).once(echo("")).await.unwrap_err();
        assert_eq!((early.code(), early.message()), (Code::Unavailable, "starting: waiting for the database at db:5432"));
        assert_eq!(fabric::status::reason(&early).as_deref(), Some("STARTING"));
        assert_eq!(fabric::status::retry_after(&early), Some(Duration::from_secs(1)));
        assert!(world.client().once(echo("among themselves")).await.is_ok());
        world.mesh.admit().await;
        assert_eq!(health(&wire, "").await.unwrap(), ServingStatus::Serving);
        assert!(Client::new(wire).once(echo("")).await.is_ok());
    }

    async fn whoever_watches_health_is_told_of_each_change_and_holds_nothing_up(world: World) {
        world.mesh.hold("starting").await;
        let port = listening(&world).await;
        let watch = |service: &str| {
            let (mut client, service) = (HealthClient::new(connected(&port)), service.to_owned());
            async move { client.watch(HealthCheckRequest { service }).await.unwrap().into_inner() }
        };
        let (mut ready, mut live) = (watch("").await, watch("live").await);
        assert_eq!(ready.message().await.unwrap().unwrap().status(), ServingStatus::NotServing);
        assert_eq!(live.message().await.unwrap().unwrap().status(), ServingStatus::Serving);
        world.mesh.admit().await;
        assert_eq!(ready.message().await.unwrap().unwrap().status(), ServingStatus::Serving);
        assert!(timeout(Duration::from_secs(1), port.drain()).await.expect("at once, not after the grace"));
        assert_eq!(ready.message().await.unwrap().unwrap().status(), ServingStatus::NotServing);
        assert_eq!(ready.message().await.unwrap(), None);
        assert_eq!(live.message().await.unwrap(), None);
    }

    async fn reflection_serves_the_contract_with_its_policies(world: World) {
        let port = listening(&world).await;
        let request = ServerReflectionRequest {
            host: String::new(),
            message_request: Some(MessageRequest::FileContainingSymbol("test.echo.v1.EchoService".into())),
        };
        let mut client = ServerReflectionClient::new(connected(&port));
        let mut answers = client.server_reflection_info(futures::stream::iter([request])).await.unwrap().into_inner();
        let answer = answers.message().await.unwrap().unwrap().message_response.unwrap();
        let MessageResponse::FileDescriptorResponse(files) = answer else { panic!("{answer:?}") };
        let file = files.file_descriptor_proto.concat();
        // Only an option of the contract says this: its text is in the bytes when the option is.
        assert!(file.windows(5).any(|bytes| bytes == b"100ms"), "the attempt timeout of Patient");
    }

    async fn a_drained_port_finishes_what_is_under_way(world: World) {
        let port = listening(&world).await;
        let wire = connected(&port);
        let call = tokio::spawn({
            let mut client = Client::new(wire.clone());
            async move { client.once(Echo { delay_ms: 300, ..echo("under way") }).await }
        });
        world.server.begun(1).await;
        assert!(port.drain().await, "in time");
        assert_eq!(call.await.unwrap().unwrap().get_ref().text, "under way");
        assert_eq!(Client::new(wire).once(echo("after")).await.unwrap_err().code(), Code::Unavailable);
        assert!(world.client().once(echo("still hosted")).await.is_ok());
    }

    async fn a_drained_port_does_not_wait_for_ever(world: World) {
        let port = listening(&world).await;
        let mut stream = Client::new(connected(&port)).endless(Echo { count: u32::MAX, delay_ms: 1, ..Echo::default() }).await.unwrap().into_inner();
        stream.message().await.unwrap();
        assert!(!port.drain().await, "the grace of two seconds was not enough");
        world.server.dropped(1).await;
        let status = loop {
            if let Err(status) = stream.message().await { break status }
        };
        assert_eq!(status.code(), Code::Unavailable, "{status:?}");
    }

    async fn two_cannot_have_the_same_port(world: World) {
        let port = listening(&world).await;
        let Err(refused) = world.mesh.listen(port.address).await else { panic!("opened twice") };
        assert!(refused.to_string().starts_with(&format!("cannot listen on {}", port.address)), "{refused}");
    }

    async fn nobody_answers_at_a_port_that_is_not_open(_world: World) {
        let wire = fabric::connect("127.0.0.1:9", echo::contract(), Ambient::system()).unwrap();
        let status = Client::new(wire).once(echo("")).await.unwrap_err();
        assert_eq!(status.code(), Code::Unavailable, "{status:?}");
    }
}

#[tokio::test]
async fn an_address_that_makes_no_sense_is_refused() {
    for endpoint in ["", "nonsense", "localhost", "https://localhost:1", "http://", "http://:80", "http://a b:1"] {
        let refused = fabric::connect(endpoint, echo::contract(), Ambient::system());
        assert!(refused.is_err(), "{endpoint:?}");
    }
    let refused = fabric::connect("nonsense", echo::contract(), Ambient::system()).unwrap_err();
    assert!(refused.to_string().contains("give it as http://host:port"), "{refused}");
}

/// Frames of HTTP/2 by hand: what no well-meant client would send.
mod by_hand {
    use super::*;
    use fabric::{Limits, Mesh, Placement};

    const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
    const GOAWAY: u8 = 7;
    const SETTINGS: &[u8] = &[0, 0, 0, 4, 0, 0, 0, 0, 0];
    /// `:method POST`, `:scheme http`, `:path /`, by the static table.
    const HEADERS: [u8; 3] = [0x83, 0x86, 0x84];

    async fn with_limits(limits: Limits) -> (Mesh, Listening) {
        let mesh = Mesh::limited(echo::contract(), Ambient::system(), Placement::InProcess, limits);
        let port = mesh.listen("127.0.0.1:0".parse().unwrap()).await.unwrap();
        (mesh, port)
    }

    fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
        let length = u32::try_from(payload.len()).unwrap().to_be_bytes();
        [&length[1..], &[kind, flags], &stream.to_be_bytes(), payload].concat()
    }

    /// Reads one frame: its kind. None when the other side has closed.
    async fn read_frame(socket: &mut TcpStream) -> Option<u8> {
        let mut header = [0; 9];
        socket.read_exact(&mut header).await.ok()?;
        let length = u32::from_be_bytes([0, header[0], header[1], header[2]]);
        let mut payload = vec![0; usize::try_from(length).unwrap()];
        socket.read_exact(&mut payload).await.ok()?;
        Some(header[3])
    }

    /// Reads until the other side closes: whether it said GOAWAY before.
    async fn said_goaway(socket: &mut TcpStream) -> bool {
        let mut goaway = false;
        while let Some(kind) = read_frame(socket).await {
            goaway |= kind == GOAWAY;
        }
        goaway
    }

    #[tokio::test]
    async fn a_flood_of_resets_ends_its_connection() {
        let (_mesh, port) = with_limits(Limits::default()).await;
        let mut socket = TcpStream::connect(port.address).await.unwrap();
        let opened_and_reset = (0..5_000).flat_map(|n| {
            let stream = 2 * n + 1;
            [frame(1, 0x5, stream, &HEADERS), frame(3, 0, stream, &8u32.to_be_bytes())].concat()
        });
        let flood: Vec<u8> = PREFACE.iter().chain(SETTINGS).copied().chain(opened_and_reset).collect();
        // The other side may be gone before all of it is written.
        let _ = socket.write_all(&flood).await;
        // Well before the ping that such a client does not answer would end it.
        timeout(Duration::from_secs(15), said_goaway(&mut socket)).await.expect("the connection ends");
    }

    #[tokio::test]
    async fn a_connection_that_says_nothing_is_closed() {
        let limits = Limits { first_call_within: Duration::from_millis(50), ..Limits::default() };
        let (_mesh, port) = with_limits(limits).await;
        let mut socket = TcpStream::connect(port.address).await.unwrap();
        said_goaway(&mut socket).await; // returns only when the connection has ended
    }

    #[tokio::test]
    async fn an_idle_connection_is_told_to_go_elsewhere_when_the_port_drains() {
        let (_mesh, port) = with_limits(Limits::default()).await;
        let mut socket = TcpStream::connect(port.address).await.unwrap();
        socket.write_all(&[PREFACE, SETTINGS].concat()).await.unwrap();
        // The server's own settings: the handshake is over.
        read_frame(&mut socket).await.unwrap();
        let drained = tokio::spawn(port.drain());
        while read_frame(&mut socket).await.expect("GOAWAY before the end") != GOAWAY {}
        drop(socket);
        assert!(drained.await.unwrap());
    }

    #[tokio::test]
    async fn dropping_a_mesh_closes_its_ports() {
        let (mesh, port) = with_limits(Limits::default()).await;
        let mut socket = TcpStream::connect(port.address).await.unwrap();
        drop((mesh, port));
        said_goaway(&mut socket).await; // returns only when the connection has ended
    }
}
