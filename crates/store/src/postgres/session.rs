//! One connection to PostgreSQL, with a limit to how long it is waited for.
//!
//! The server has a limit of its own for each statement; this one is for a network that swallows everything. A session
//! that was not heard to the end (too late, broken, or its caller left in the middle of a statement) is *lost*: it says
//! nothing more, and nobody puts it back among those that are used again.

use super::{Address, Trouble, failed};
use futures::future::BoxFuture;
use sea_orm::{DbErr, ExecResult, QueryResult, Statement};
use sea_query_sqlx::SqlxValues;
use sqlx::{
    AssertSqlSafe, ConnectOptions, Error, Executor, PgConnection, Postgres, Row,
    postgres::{PgConnectOptions, PgRow},
    query::Query,
};
use std::{io, time::Duration};

/// How long a server may take to accept a connection.
const CONNECT: Duration = Duration::from_secs(5);

/// A transaction may be silent at least this long.
const IDLE: Duration = Duration::from_secs(10);

/// How much longer than the server itself the client waits for the end of a statement.
const GRACE: Duration = Duration::from_secs(5);

/// A connection.
pub(crate) struct Session {
    connection: PgConnection,
    limit: Duration,
    lost: bool,
}

impl Session {
    /// Connects. Everything unqualified means the schema of `service`.
    pub async fn open(address: &Address, service: &str, statement_timeout: Duration) -> Result<Self, Error> {
        let options = options(address, service, statement_timeout);
        let opening = tokio::time::timeout(CONNECT, options.connect()).await;
        let connection = opening.unwrap_or_else(|_| Err(silent()))?;
        Ok(Self { connection, limit: statement_timeout + GRACE, lost: false })
    }

    /// Whether it may be used again.
    pub fn is_lost(&self) -> bool {
        self.lost
    }

    /// Runs any number of statements in one round trip; rows are thrown away.
    pub async fn control(&mut self, sql: String) -> Result<(), Error> {
        let reply = self.connection.execute(AssertSqlSafe(sql));
        heard(&mut self.lost, self.limit, reply).await.map(drop)
    }

    /// The first row of the first statement that gives one, as text.
    pub async fn ask(&mut self, sql: String) -> Result<Option<Vec<Option<String>>>, Error> {
        let reply = self.connection.fetch_optional(AssertSqlSafe(sql));
        let row = heard(&mut self.lost, self.limit, reply).await?;
        row.map(|row| (0..row.len()).map(|column| row.try_get_unchecked(column)).collect()).transpose()
    }

    pub async fn script(&mut self, sql: &str) -> Result<ExecResult, DbErr> {
        let reply = self.connection.execute(AssertSqlSafe(sql.to_owned()));
        heard(&mut self.lost, self.limit, reply).await.map(Into::into).map_err(failed)
    }

    pub async fn execute(&mut self, statement: Statement) -> Result<ExecResult, DbErr> {
        let reply = self.connection.execute(query(statement));
        heard(&mut self.lost, self.limit, reply).await.map(Into::into).map_err(failed)
    }

    pub async fn first(&mut self, statement: Statement) -> Result<Option<QueryResult>, DbErr> {
        let reply: BoxFuture<'_, Result<Option<PgRow>, Error>> = self.connection.fetch_optional(query(statement));
        let row = heard(&mut self.lost, self.limit, reply).await.map_err(failed)?;
        Ok(row.map(Into::into))
    }

    pub async fn all(&mut self, statement: Statement) -> Result<Vec<QueryResult>, DbErr> {
        let reply: BoxFuture<'_, Result<Vec<PgRow>, Error>> = self.connection.fetch_all(query(statement));
        let rows = heard(&mut self.lost, self.limit, reply).await.map_err(failed)?;
        Ok(rows.into_iter().map(Into::into).collect())
    }
}

/// What every session is told at its start, whatever the role or the database would have it default to.
pub(super) fn options(address: &Address, service: &str, statement_timeout: Duration) -> PgConnectOptions {
    let idle = statement_timeout.max(IDLE) + GRACE;
    let settings = [
        ("search_path", format!("\"{service}\"")),
        ("statement_timeout", statement_timeout.as_millis().to_string()),
        // A unit that stops speaking holds its locks no longer than this.
        ("idle_in_transaction_session_timeout", idle.as_millis().to_string()),
        // One that nobody needs at the moment, or that holds the lock of the database, may rest.
        ("idle_session_timeout", "0".to_owned()),
        // A statement whose client has gone is not finished for nobody.
        ("client_connection_check_interval", "1000".to_owned()),
        // The other end of a dead network is noticed within some ten seconds, and its locks are free.
        ("tcp_keepalives_idle", "5".to_owned()),
        ("tcp_keepalives_interval", "2".to_owned()),
        ("tcp_keepalives_count", "3".to_owned()),
        ("client_min_messages", "warning".to_owned()),
        ("default_transaction_isolation", "read committed".to_owned()),
    ];
    address.options().application_name(&format!("outrigger/{service}")).options(settings)
}

fn query(statement: Statement) -> Query<'static, Postgres, SqlxValues> {
    let values = statement.values.unwrap_or_else(|| sea_orm::sea_query::Values(Vec::new()));
    sqlx::query_with(AssertSqlSafe(statement.sql), SqlxValues(values))
}

/// Waits for a reply, but not for ever. Until it was heard whole the session counts as lost, and so it stays when its
/// caller leaves before that.
async fn heard<T>(lost: &mut bool, limit: Duration, reply: BoxFuture<'_, Result<T, Error>>) -> Result<T, Error> {
    if std::mem::replace(lost, true) {
        return Err(Error::InvalidArgument("an earlier statement was given up before its end".to_owned()));
    }
    let reply = tokio::time::timeout(limit, reply).await.unwrap_or_else(|_| Err(silent()));
    *lost = reply.as_ref().is_err_and(|error| Trouble::of(error) == Trouble::Gone);
    reply
}

fn silent() -> Error {
    Error::Io(io::Error::new(io::ErrorKind::TimedOut, "the server did not answer in time"))
}
