//! What may be said about a PostgreSQL besides where it is.

use std::{fmt, time::Duration};
use tokio::time::Instant;

/// A PostgreSQL database (14 or newer), and how to use it.
#[derive(Clone)]
pub struct Postgres {
    /// `postgres://USER:PASSWORD@HOST:PORT/DATABASE`, with `sslmode`, `sslrootcert`, `sslcert` and `sslkey` as
    /// parameters. Never shown: `Debug`, errors and logs leave the password out.
    pub url: String,
    /// Connections per service, 8 unless said: units and reads at the same moment; others wait their turn.
    pub connections: u32,
    /// The longest that one statement may take, 10 s unless said. Less when its caller has less time left.
    pub statement_timeout: Duration,
    /// The deadline of whoever calls just now, when it has one.
    pub deadline: fn() -> Option<Instant>,
}

impl Postgres {
    /// The database at `url`, used as most would.
    pub fn new(url: impl Into<String>) -> Self {
        Self { url: url.into(), connections: 8, statement_timeout: Duration::from_secs(10), deadline: || None }
    }
}

impl fmt::Debug for Postgres {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Postgres")
            .field("connections", &self.connections)
            .field("statement_timeout", &self.statement_timeout)
            .finish_non_exhaustive()
    }
}
