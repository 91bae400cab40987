//! Stories of the shipping service, told from outside: through its client, its events and its facts.
#![allow(clippy::unwrap_used, reason = "a story that fails here says where")]

mod carrying;
mod creating;
mod listing;
mod world;
