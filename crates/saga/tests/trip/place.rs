//! Where a story's data is kept, and how its time goes: every story is told on both engines, in the same words.

use outrigger_saga::Settings;
use servers::Database;
use std::time::Duration;
use store::{Data, Postgres};

/// One engine, empty. In memory time is paused, and hours pass in a moment; on PostgreSQL it is real, and a story waits
/// for states wherever it can.
pub struct Place {
    pub data: Data,
    /// Where it is; dropped after what uses it.
    database: Option<(Database, &'static str)>,
}

impl Place {
    pub fn memory() -> Self {
        Self { data: Data::memory(), database: None }
    }

    /// None where there is no server, which is said.
    pub async fn postgres(story: &'static str) -> Option<Self> {
        let database = Database::new(story)?;
        let settings = Postgres { connections: 4, ..Postgres::new(database.url()) };
        let data = Data::postgres(settings).await.expect("the database is there");
        Some(Self { data, database: Some((database, story)) })
    }

    /// Another of the same engine, for another world of the same story.
    pub async fn another(&self) -> Self {
        match &self.database {
            None => Self::memory(),
            Some((_, story)) => Self::postgres(story).await.expect("the server is there"),
        }
    }

    /// As stories need them: nobody waits five seconds for real.
    pub fn settings(&self) -> Settings {
        let step_deadline = if self.database.is_some() { Duration::from_millis(500) } else { Duration::from_secs(5) };
        Settings { step_deadline, ..Settings::default() }
    }

    /// Long enough for all that would still happen by itself to happen.
    pub async fn stays_quiet(&self) {
        let time = if self.database.is_some() { Duration::from_secs(1) } else { Duration::from_secs(60) };
        tokio::time::sleep(time).await;
    }
}
