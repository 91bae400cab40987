//! What customers, operators and the network do to an order, and how each ends right. Each story is written once and
//! told on every placement; each ends with the same audit that `outrigger audit` runs.
#![allow(clippy::unwrap_used)]

mod answers;
mod cancelling;
mod crashes;
mod input;
mod keeping;
mod keys;
mod leaving;
mod network;
mod paying;
mod projections;
mod races;
mod returning;
mod storms;
mod watching;
