//! Where a PostgreSQL is, checked before anybody connects, and how to speak of it without its password.

use crate::OpenError;
use sqlx::{ConnectOptions, postgres::PgConnectOptions};
use std::fmt;
use url::{ParseError, Url};

/// Parameters that a URL may carry. Any other would be ignored by the driver, with its value in the log.
const PARAMETERS: [&str; 4] = ["sslmode", "sslrootcert", "sslcert", "sslkey"];

/// Statements kept prepared per connection, as on SQLite: more than a service has.
const PREPARED: usize = 512;

/// A database's address.
#[derive(Clone)]
pub(crate) struct Address {
    options: PgConnectOptions,
    shown: String,
}

impl Address {
    /// Reads a URL.
    ///
    /// # Errors
    /// [`OpenError::Url`], which names what is wrong and shows nothing of the URL.
    pub fn parse(text: &str) -> Result<Self, OpenError> {
        let url = Url::parse(text).map_err(|error| match error {
            ParseError::EmptyHost => wrong("names no host"),
            error => wrong(format!("is none ({error})")),
        })?;
        check(&url)?;
        let options: PgConnectOptions =
            text.parse().map_err(|_| wrong("has a parameter with a value it cannot have"))?;
        let options = options.disable_statement_logging().statement_cache_capacity(PREPARED);
        let (user, host) = (options.get_username(), options.get_host());
        let host = options.get_socket().map_or_else(|| host.to_owned(), |socket| socket.display().to_string());
        let database = options.get_database().unwrap_or_default();
        let shown = format!("postgres://{user}@{host}:{}/{database}", options.get_port());
        Ok(Self { options, shown })
    }

    /// How to connect to it.
    pub fn options(&self) -> PgConnectOptions {
        self.options.clone()
    }

    /// Without the password.
    pub fn shown(&self) -> &str {
        &self.shown
    }

    pub fn user(&self) -> &str {
        self.options.get_username()
    }
}

impl fmt::Debug for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.shown)
    }
}

fn check(url: &Url) -> Result<(), OpenError> {
    if !matches!(url.scheme(), "postgres" | "postgresql") {
        return Err(wrong(format!("begins with {:?}, not with \"postgres://\"", url.scheme())));
    }
    if url.host_str().unwrap_or_default().is_empty() {
        return Err(wrong("names no host"));
    }
    match url.path().strip_prefix('/').unwrap_or_default() {
        "" => return Err(wrong("names no database")),
        path if path.contains('/') => return Err(wrong("names a database with a \"/\" in it")),
        _ => {}
    }
    match url.query_pairs().find(|(name, _)| !PARAMETERS.contains(&&**name)) {
        Some((name, _)) => {
            Err(wrong(format!("has the parameter {name:?}, and may have only {}", PARAMETERS.join(", "))))
        }
        None => Ok(()),
    }
}

fn wrong(reason: impl Into<String>) -> OpenError {
    OpenError::Url { reason: reason.into() }
}
