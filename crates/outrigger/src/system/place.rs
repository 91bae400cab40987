//! The place where data lives, opened: a folder, memory, or a database.

use super::config::{Config, Where};
use fabric::Deadline;
use store::{Data, OpenError, Postgres};

/// For a system that is to run there: what is not there yet is made.
pub async fn open(config: &Config) -> Result<Data, OpenError> {
    match &config.data {
        Where::Directory(folder) => Data::open(folder),
        Where::Memory => Ok(Data::memory()),
        Where::Postgres(url) => Data::postgres(database(config, url)).await,
    }
}

/// For reading only: nothing is made.
pub async fn existing(config: &Config) -> Result<Data, OpenError> {
    match &config.data {
        Where::Directory(folder) => Data::open_existing(folder),
        Where::Memory => Ok(Data::memory()),
        Where::Postgres(url) => Data::postgres_existing(database(config, url)).await,
    }
}

/// What a statement may take ends with the call that it serves.
fn database(config: &Config, url: &str) -> Postgres {
    let (connections, statement_timeout) = (config.database.connections, config.database.statement_timeout);
    Postgres { connections, statement_timeout, deadline: Deadline::current, ..Postgres::new(url) }
}
