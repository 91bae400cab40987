//! A service that does what it is told, its client, and worlds to host it in: in-process and over TCP.
// Each test file uses a part of it, and `unwrap` is for tests: this is one, outside of any `#[test]`.
#![allow(dead_code, unused_imports, clippy::unwrap_used)]

mod client;
mod server;

pub use client::Client;
pub use server::{PLANTED, Planted, Server};

use ambient::{Ambient, Timestamp};
use fabric::{Limits, Mesh, Placement};
use policy::Contract;
use std::time::Duration;

/// What to do, and what came of it. Written out so that no build script is needed; see `echo.proto`.
#[derive(Clone, PartialEq, prost::Message)]
pub struct Echo {
    #[prost(string, tag = "1")]
    pub text: String,
    /// How many messages a stream has.
    #[prost(uint32, tag = "2")]
    pub count: u32,
    /// Waited before the answer, or before each message of a stream.
    #[prost(uint32, tag = "3")]
    pub delay_ms: u32,
    /// The status to fail with; of a stream, after its messages.
    #[prost(int32, tag = "4")]
    pub code: i32,
    #[prost(bool, tag = "5")]
    pub panic: bool,
    #[prost(bytes = "vec", tag = "6")]
    pub payload: Vec<u8>,
    /// What the handler has to say of its surroundings.
    #[prost(string, tag = "7")]
    pub said: String,
}

pub fn echo(text: &str) -> Echo {
    Echo { text: text.to_owned(), ..Echo::default() }
}

/// The contract of `echo.proto`, compiled with its options kept.
pub fn contract() -> Contract {
    let root = env!("CARGO_MANIFEST_DIR");
    let mut compiler = protox::Compiler::new([format!("{root}/../../proto"), format!("{root}/tests/echo")]).unwrap();
    compiler.include_imports(true).open_file("echo.proto").unwrap();
    Contract::from_descriptors(&compiler.encode_file_descriptor_set()).unwrap()
}

/// A mesh with the service hosted as "echo", and "alice" who calls it.
pub struct World {
    pub mesh: Mesh,
    pub server: Server,
}

impl World {
    pub async fn new(placement: Placement) -> Self {
        let limits = Limits { grace: Duration::from_secs(2), ..Limits::default() };
        let ambient = Ambient::seeded(1, Timestamp::from_millis(0));
        let mesh = Mesh::limited(contract(), ambient, placement, limits);
        let server = Server::new(mesh.wire("echo", "echo"));
        mesh.host("echo", server.clone()).await.unwrap();
        Self { mesh, server }
    }

    /// A client of the service, calling as "alice".
    pub fn client(&self) -> Client {
        Client::new(self.mesh.wire("alice", "echo"))
    }
}

/// Writes each test once and runs it in both placements.
#[macro_export]
macro_rules! in_both_placements {
    ($($(#[$meta:meta])* async fn $name:ident($world:ident: World) $body:block)*) => {$(
        mod $name {
            use super::*;

            $(#[$meta])*
            async fn story($world: World) $body

            #[tokio::test]
            async fn in_process() {
                story(World::new(fabric::Placement::InProcess).await).await;
            }

            #[tokio::test]
            async fn over_tcp() {
                story(World::new(fabric::Placement::Tcp).await).await;
            }
        }
    )*};
}
