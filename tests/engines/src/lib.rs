//! One story, told on each engine that data is kept in: [`on_both_engines!`] writes its tests, an [`Engine`] is where its
//! data is.
//!
//! On SQLite everything is in memory, and a story may have its clock paused: hours take no time. PostgreSQL is a real
//! server with a clock of its own, so there time is real, and where a story lets time pass the clock jumps. A package of
//! its own beside `servers`, which knows no store.

use servers::Database;
use std::time::Duration;
use store::{Data, Postgres};

/// Connections of a service: enough that units run side by side, few enough that many stories run at once.
const CONNECTIONS: u32 = 6;

/// Where a story's data is; gone with this value.
#[derive(Debug)]
pub struct Engine {
    data: Data,
    database: Option<Database>,
}

impl Engine {
    /// In memory.
    pub fn sqlite() -> Self {
        Self { data: Data::memory(), database: None }
    }

    /// A database of its own. None where there is no server, which is said.
    ///
    /// # Panics
    /// When the server is there and the database cannot be opened.
    pub async fn postgres(story: &str) -> Option<Self> {
        Some(Self::at(Database::new(story)?).await)
    }

    /// A database of a server that the story may end and start again.
    ///
    /// # Panics
    /// When the database cannot be opened.
    pub async fn at(database: Database) -> Self {
        let deadline = fabric::Deadline::current; // as the program has it
        let settings = Postgres { connections: CONNECTIONS, deadline, ..Postgres::new(database.url()) };
        let data = Data::postgres(settings).await.expect("a database that was just made can be opened");
        Self { data, database: Some(database) }
    }

    /// For stores: all of one engine are in one place.
    pub fn data(&self) -> &Data {
        &self.data
    }

    /// Whether its units run side by side, and in real time.
    pub fn is_postgres(&self) -> bool {
        self.database.is_some()
    }

    /// Lets time pass. Under a paused clock whatever becomes due on the way is done on the way; a real clock jumps, and the
    /// story waits by itself for what was due.
    pub async fn pass(&self, time: Duration) {
        if !self.is_postgres() {
            return tokio::time::sleep(time).await;
        }
        tokio::time::pause();
        tokio::time::advance(time).await;
        tokio::time::resume();
    }
}

/// Writes each story once and tells it on both engines. The attribute is that of the test on SQLite, whose clock may be
/// paused.
#[macro_export]
macro_rules! on_both_engines {
    (#[$sqlite:meta] $($(#[doc = $doc:expr])* async fn $story:ident($engine:ident: &Engine) $body:block)*) => {$(
        $(#[doc = $doc])*
        mod $story {
            #[allow(unused_imports, reason = "some stories need nothing of what stands around them")]
            use super::*;

            async fn tell($engine: &$crate::Engine) $body

            #[$sqlite]
            async fn on_sqlite() {
                tell(&$crate::Engine::sqlite()).await;
            }

            #[tokio::test]
            async fn on_postgres() {
                if let Some(engine) = $crate::Engine::postgres(concat!(module_path!(), "::on_postgres")).await {
                    tell(&engine).await;
                }
            }
        }
    )*};
}
