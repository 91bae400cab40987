//! PostgreSQL beneath the store: where it is, sessions with it, who owns it, and what became of a commit.
//!
//! The only modules that name sqlx. They know nothing of units and closures; `parallel` puts those on top.
//!
//! ```text
//! settings → address → session → opening → { ownership, migration, pool → mark }; trouble: what an error means
//! ```

mod address;
mod mark;
mod migration;
mod opening;
mod ownership;
mod patience;
mod pool;
mod session;
mod settings;
mod trouble;

pub(crate) use address::Address;
pub(crate) use mark::{Fate, migration as mark_migration};
pub(crate) use migration::Migrating;
pub(crate) use opening::check;
pub(crate) use ownership::Ownership;
pub(crate) use patience::Patience;
pub(crate) use pool::{Lease, Pool};
pub(crate) use session::Session;
pub use settings::Postgres;
pub(crate) use trouble::{Trouble, failed};
