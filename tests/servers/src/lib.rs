//! Real servers for tests. `tests/run` starts them or says by variables where they are; a test that finds its variable
//! unset says aloud that it did not run, which in CI fails the run.
//!
//! A package of its own, so that the tests of single rooms can use it without the whole system.

mod database;
mod engines;
pub mod http;
mod jaeger;
mod postgres;
mod skipped;

pub use database::{Database, SERVER};
pub use jaeger::{Jaeger, PROGRAM};
pub use postgres::Postgres;
pub use skipped::not_run;
