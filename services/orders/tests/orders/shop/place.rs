//! Where a story's data is kept, and how its time goes: every story is told on both engines, in the same words.

use outrigger_orders::{Backoff, Settings};
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
        let deadline = fabric::Deadline::current; // as the program has it
        let settings = Postgres { connections: 4, deadline, ..Postgres::new(database.url()) };
        let data = Data::postgres(settings).await.expect("the database is there");
        Some(Self { data, database: Some((database, story)) })
    }

    /// Another of the same engine, for another shop of the same story.
    pub async fn another(&self) -> Self {
        match &self.database {
            None => Self::memory(),
            Some((_, story)) => Self::postgres(story).await.expect("the server is there"),
        }
    }

    /// As stories need them: no patience lasts a minute where a minute lasts one.
    pub fn settings(&self) -> Settings {
        let patience = self.time(Duration::from_secs(60), Duration::from_secs(8));
        Settings {
            ship_patience: patience,
            unknown_patience: patience,
            step_deadline: self.time(Settings::default().step_deadline, Duration::from_secs(2)),
            backoff: Backoff {
                max: self.time(Settings::default().backoff.max, Duration::from_secs(1)),
                ..Settings::default().backoff
            },
            ..Settings::default()
        }
    }

    /// Long enough for all that would still happen by itself to happen.
    pub async fn stays_quiet(&self) {
        tokio::time::sleep(self.time(Duration::from_secs(60), Duration::from_secs(2))).await;
    }

    fn time(&self, paused: Duration, real: Duration) -> Duration {
        if self.database.is_some() { real } else { paused }
    }
}
