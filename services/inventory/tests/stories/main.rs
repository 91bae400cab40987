//! Stories of the inventory service, told from outside: through its client, its events and its facts, on each
//! engine.
#![allow(clippy::unwrap_used, reason = "a story that fails here says where")]

mod conserved;
mod counting;
mod crossing;
mod faults;
mod outage;
mod reserving;
mod returning;
mod world;
