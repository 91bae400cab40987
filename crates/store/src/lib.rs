//! Where a service keeps what it knows: units of work, on SQLite or PostgreSQL.
//!
//! A [`Data`] is a place (a folder, a PostgreSQL database, or memory); a [`Store`] is one service's database in it. Everything
//! that changes a store is a **unit**: a closure over a [`Tx`] that commits whole or not at all and is answered when it is
//! durable. On SQLite units that wait at the same time share one commit (group commit): a commit costs milliseconds of waiting,
//! a unit microseconds of work. On PostgreSQL each is a transaction, side by side with others. Reads go beside the units, over a
//! snapshot that never shows what is not committed.
//!
//! Apart because this is the only place that names a database driver; everything above speaks sea-orm.
//!
//! ```
//! # use outrigger_store::{Data, sea_orm::{ConnectionTrait, DbErr}};
//! # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let store = Data::memory().store("orders", Vec::new()).await?;
//! let rows = store
//!     .unit("a", |tx, name| {
//!         Box::pin(async move {
//!             tx.execute_unprepared("CREATE TABLE t(name TEXT)").await?;
//!             Ok(tx.execute_unprepared(&format!("INSERT INTO t VALUES ('{name}')")).await?.rows_affected())
//!         })
//!     })
//!     .await?;
//! # let _ = rows; Ok(()) }
//! ```
//!
//! # What a unit may do
//! - It awaits nothing but its `Tx`: while it waits, every other unit of the store waits too, or on PostgreSQL for its locks. One
//!   that awaits anything else is rolled back and answered [`StoreError::Suspended`].
//! - It may be run again, so it takes identifiers and times from its arguments.
//! - It locks what it decides on, in one order: on PostgreSQL others change it otherwise between the look and the deed.
//!   sea-orm's `lock_exclusive` does that there and nothing on SQLite. What is not there yet is made first, by an
//!   `INSERT … ON CONFLICT DO NOTHING`.
//! - It decides before it writes. Only `Err` rolls back; a business refusal is an `Ok` that says so.
//! - Its constraints are checked at once: a deferred one that is violated fails the commit, and all who share it.
//! - A statement that fails, fails its unit, whatever the closure returns (as on PostgreSQL).

mod data;
mod error;
mod grouped;
mod lite;
mod lock;
mod migrate;
mod parallel;
mod postgres;
mod readers;
mod stats;
mod store;
mod tx;
mod work;
mod writer;

pub use data::Data;
pub use error::{OpenError, StoreError};
pub use futures::future::BoxFuture;
pub use postgres::Postgres;
pub use sea_orm;
pub use sea_orm_migration;
pub use stats::Stats;
pub use store::Store;
pub use tx::{Hook, Tx};
