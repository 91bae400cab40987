//! The port of metrics, and what calls leave there.
#![allow(clippy::unwrap_used)] // stories and helpers of tests, which clippy does not take for tests

extern crate outrigger_fabric as fabric;

mod echo;

use echo::{Echo, World};
use fabric::Placement;
use telemetry::metrics::Registry;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};
use tonic::Code;

async fn get(port: &fabric::metrics::Port, path: &str) -> String {
    let mut socket = TcpStream::connect(port.address()).await.unwrap();
    let request = format!("GET {path} HTTP/1.1\r\nhost: here\r\nconnection: close\r\n\r\n");
    socket.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    socket.read_to_string(&mut answer).await.unwrap();
    answer
}

#[tokio::test]
async fn what_calls_did_can_be_scraped() {
    let world = World::new(Placement::InProcess).await;
    world.server.fail_next(1);
    let recovering = Echo { text: "until".into(), code: Code::Unavailable as i32, ..Echo::default() };
    world.client().unary(recovering).await.unwrap();
    while world
        .client()
        .once(Echo { code: Code::Unavailable as i32, ..Echo::default() })
        .await
        .is_err_and(|status| fabric::status::reason(&status).as_deref() != Some("BREAKER_OPEN"))
    {}
    let registry = Registry::default();
    let port = fabric::metrics::serve(([127, 0, 0, 1], 0).into(), move || {
        let registry = registry.clone();
        async move { registry.render().await }
    });
    let port = port.await.unwrap();
    let scrape = get(&port, "/metrics").await;
    for expected in [
        "content-type: text/plain; version=0.0.4; charset=utf-8",
        "rpc_server_call_duration_seconds_bucket{rpc_system_name=\"grpc\",rpc_method=\"test.echo.v1.EchoService/Unary\",rpc_status_code=\"UNAVAILABLE\",le=\"+Inf\"} 1",
        "rpc_client_call_duration_seconds_count{rpc_system_name=\"grpc\",rpc_method=\"test.echo.v1.EchoService/Unary\",outrigger_caller=\"alice\",server_address=\"echo\",rpc_status_code=\"OK\"} 1",
        "grpc_client_attempt_started_total{rpc_method=\"test.echo.v1.EchoService/Unary\",outrigger_caller=\"alice\",server_address=\"echo\"} 2",
        "outrigger_client_call_attempts_sum{rpc_method=\"test.echo.v1.EchoService/Unary\",outrigger_caller=\"alice\",server_address=\"echo\"} 2",
        "outrigger_client_retries_total{rpc_method=\"test.echo.v1.EchoService/Unary\",outrigger_caller=\"alice\",server_address=\"echo\",rpc_status_code=\"UNAVAILABLE\"} 1",
        "outrigger_client_refused_total{rpc_method=\"test.echo.v1.EchoService/Once\",outrigger_caller=\"alice\",server_address=\"echo\"} 1",
        "outrigger_breaker_transitions_total{outrigger_caller=\"alice\",server_address=\"echo\",state=\"open\"} 1",
    ] {
        assert!(scrape.contains(expected), "{expected} in\n{scrape}");
    }
    assert!(get(&port, "/").await.starts_with("HTTP/1.1 404"));
    let address = port.address();
    port.drain().await;
    assert!(TcpStream::connect(address).await.is_err());
}
