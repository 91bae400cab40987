//! Where a story's data is kept, and how its time goes: every story is told on both engines, in the same words.

use servers::Database;
use std::time::Duration;
use store::{Data, Postgres};
use tempfile::TempDir;

/// One engine, empty. In memory time is paused, and hours pass in a moment; elsewhere it is real, and a story waits for
/// states wherever it can.
pub struct Place {
    pub data: Data,
    paused: bool,
    /// Gone after what uses it.
    kept: (Option<Database>, Option<TempDir>),
}

impl Place {
    pub fn memory() -> Self {
        Self { data: Data::memory(), paused: true, kept: (None, None) }
    }

    pub fn folder() -> Self {
        let folder = tempfile::tempdir().unwrap();
        Self { data: Data::open(folder.path()).unwrap(), paused: false, kept: (None, Some(folder)) }
    }

    /// None where there is no server, which is said.
    pub async fn postgres(story: &str) -> Option<Self> {
        Some(Self::on(Database::new(story)?).await)
    }

    pub async fn on(database: Database) -> Self {
        let deadline = fabric::Deadline::current; // as the program has it
        let data = Data::postgres(Postgres { deadline, ..Postgres::new(database.url()) }).await.unwrap();
        Self { data, paused: false, kept: (Some(database), None) }
    }

    /// The folder, when it is one, and nothing that holds it.
    pub fn leaves(self) -> Option<TempDir> {
        self.kept.1
    }

    /// Long enough for whatever still travels to the gateway to arrive.
    pub async fn late_ones_arrive(&self) {
        tokio::time::sleep(Duration::from_secs(if self.paused { 10 } else { 4 })).await;
    }
}
