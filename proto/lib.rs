//! Stubs for every Outrigger service, generated from `proto/`: all that an internal client depends on.
//!
//! ```no_run
//! use outrigger_api::order::v1::{order_service_client::OrderServiceClient, GetOrderRequest};
//!
//! # async fn run() -> Result<(), Box<dyn std::error::Error>> {
//! let mut orders = OrderServiceClient::connect("http://127.0.0.1:50051").await?;
//! let order = orders.get_order(GetOrderRequest { order_id: "…".into() }).await?;
//! # Ok(()) }
//! ```
//!
//! [`DESCRIPTORS`] holds the whole contract, policy options included: reflection serves it, `policy` reads it.
#![allow(clippy::all, missing_docs)]

include!(concat!(env!("OUT_DIR"), "/all.rs"));

pub use outrigger::*;

/// Messages that every package shares: `type` is a word of Rust's own.
pub use outrigger::r#type::v1 as types;

/// The encoded `FileDescriptorSet` of the whole contract, custom options kept.
pub static DESCRIPTORS: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/descriptors.bin"));
