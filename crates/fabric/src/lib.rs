//! Hosts services and connects them. The only place that opens a connection.
//!
//! A [`Mesh`] knows a process's services and the way to each. A service is hosted once ([`Mesh::host`]) and reached through
//! a [`Wire`] ([`Mesh::wire`]), whether it runs in this process or behind a socket: generated clients take a `Wire` as
//! their transport, and no line of a service knows which it is. The stacks around both ends are the same in every placement
//! and read as two sentences: `client.rs` and `server.rs`. What each layer enforces comes from the contract (`policy`); how
//! it decides is `resilience`'s.
//!
//! ```
//! use ambient::Ambient;
//! use outrigger_fabric::{Mesh, Placement};
//! use policy::Contract;
//!
//! # fn main() -> Result<(), policy::ContractError> {
//! let contract = Contract::from_descriptors(&[])?; // a real one: api::DESCRIPTORS
//! let mesh = Mesh::new(contract, Ambient::system(), Placement::InProcess);
//! let wire = mesh.wire("orders", "payments"); // PaymentServiceClient::new(wire); resolved at each call
//! # let _ = wire; Ok(()) }
//! ```
//!
//! For handlers: [`caller`] says who calls, [`Deadline::current`] until when, [`trace::current`] within which trace; and
//! [`status`] builds errors with google.rpc details. What the contract promises of every service alike is here once:
//! [`Check`] reads requests, [`page`] tells lists apart, [`replay`] what came before, [`time`] writes times.

mod attempt;
mod callers;
mod check;
mod client;
mod connect;
mod context;
mod deadline;
mod ending;
mod error;
mod front;
mod health;
mod isolated;
mod listener;
mod mesh;
mod metadata;
mod method;
mod methods;
pub mod metrics;
mod notice;
mod observed;
mod one_status;
pub mod page;
mod panics;
mod registry;
pub mod replay;
mod server;
mod simulated;
pub mod status;
pub mod time;
pub mod trace;
mod traced;
mod transport;
mod way;
mod wire;

pub use callers::{CALLER_HEADER, EDGE, caller};
pub use check::{Check, Violations};
pub use connect::connect;
pub use deadline::Deadline;
pub use error::{ConnectError, HostError};
pub use listener::Limits;
pub use mesh::{Listening, Mesh, Placement};
pub use notice::{Notice, Socket};
pub use simulated::simulated;
pub use way::Between;
pub use wire::Wire;
