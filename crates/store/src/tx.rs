//! What a unit of work, or a read, speaks to: a sea-orm connection with a memory for one unit.

use crate::{lite::Lite, postgres::Session, stats::Counters};
use parking_lot::Mutex;
use sea_orm::{ConnectionTrait, DbBackend, DbErr, ExecResult, QueryResult, RuntimeErr, Statement, StatementBuilder};
use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering::Relaxed},
};

/// Run once the unit is durable; dropped when it is not.
pub type Hook = Box<dyn FnOnce() + Send>;

/// The connection of one unit of work, or of one read.
///
/// Entities and queries take it as any other sea-orm connection.
pub struct Tx {
    connection: Connection,
    writes: bool,
    counters: Arc<Counters>,
    hooks: Mutex<Vec<Hook>>,
    announced: AtomicBool,
    failure: Mutex<Option<DbErr>>,
}

/// The engines. An enum, because `ConnectionTrait` cannot be a trait object.
enum Connection {
    Lite(Arc<Lite>),
    /// One statement after the other, though a unit may have several futures under way.
    Postgres(tokio::sync::Mutex<Session>),
}

/// What a unit leaves to be done after its commit.
#[derive(Default)]
pub(crate) struct Aftermath {
    pub hooks: Vec<Hook>,
    pub announced: bool,
}

impl Tx {
    pub(crate) fn lite(lite: Arc<Lite>, writes: bool, counters: Arc<Counters>) -> Self {
        Self::new(Connection::Lite(lite), writes, counters)
    }

    /// Over a session in whose transaction everything happens.
    pub(crate) fn postgres(session: Session, writes: bool, counters: Arc<Counters>) -> Self {
        Self::new(Connection::Postgres(session.into()), writes, counters)
    }

    fn new(connection: Connection, writes: bool, counters: Arc<Counters>) -> Self {
        let (hooks, failure) = (Mutex::default(), Mutex::default());
        Self { connection, writes, counters, hooks, announced: AtomicBool::new(false), failure }
    }

    /// Runs `hook` after this unit's commit; never when it rolls back, never twice. It must be quick: the writer waits.
    pub fn on_commit(&self, hook: Hook) {
        self.hooks.lock().push(hook);
    }

    /// Wakes those who listen to [`Store::announcements`](crate::Store::announcements), after this unit's commit: once
    /// for a batch, however many units announced.
    pub fn announce(&self) {
        self.announced.store(true, Relaxed);
    }

    /// The first statement that failed. It fails the unit even if the closure went on: PostgreSQL would not let it.
    pub(crate) fn failure(&self) -> Option<DbErr> {
        self.failure.lock().take()
    }

    pub(crate) fn aftermath(self) -> Aftermath {
        Aftermath { hooks: self.hooks.into_inner(), announced: self.announced.into_inner() }
    }

    /// The session that [`Tx::postgres`] was given, and what is left to do.
    pub(crate) fn into_session(self) -> (Session, Aftermath) {
        let aftermath = Aftermath { hooks: self.hooks.into_inner(), announced: self.announced.into_inner() };
        match self.connection {
            Connection::Lite(_) => unreachable!("asked only of those that were made with one"),
            Connection::Postgres(session) => (session.into_inner(), aftermath),
        }
    }

    async fn run(&self, statement: Statement) -> Result<ExecResult, DbErr> {
        self.writable()?;
        self.counters.statement();
        self.remember(match &self.connection {
            Connection::Lite(lite) => lite.execute(statement).map(Into::into),
            Connection::Postgres(session) => session.lock().await.execute(statement).await,
        })
    }

    async fn script(&self, sql: &str) -> Result<ExecResult, DbErr> {
        self.writable()?;
        self.counters.statement();
        self.remember(match &self.connection {
            Connection::Lite(lite) => lite.script(sql).map(Into::into),
            Connection::Postgres(session) => session.lock().await.script(sql).await,
        })
    }

    async fn first(&self, statement: Statement) -> Result<Option<QueryResult>, DbErr> {
        self.counters.statement();
        self.remember(match &self.connection {
            Connection::Lite(lite) => lite.first(statement),
            Connection::Postgres(session) => session.lock().await.first(statement).await,
        })
    }

    async fn all(&self, statement: Statement) -> Result<Vec<QueryResult>, DbErr> {
        self.counters.statement();
        self.remember(match &self.connection {
            Connection::Lite(lite) => lite.all(statement),
            Connection::Postgres(session) => session.lock().await.all(statement).await,
        })
    }

    fn writable(&self) -> Result<(), DbErr> {
        if self.writes { Ok(()) } else { Err(read_only()) }
    }

    fn remember<T>(&self, result: Result<T, DbErr>) -> Result<T, DbErr> {
        result.inspect_err(|error| {
            self.failure.lock().get_or_insert_with(|| error.clone());
        })
    }
}

fn read_only() -> DbErr {
    DbErr::Exec(RuntimeErr::Internal("a read does not write: use a unit".to_owned()))
}

/// The generic methods are spelled out, though the trait has them, because its own box each statement's future twice.
#[async_trait::async_trait]
impl ConnectionTrait for Tx {
    fn get_database_backend(&self) -> DbBackend {
        match self.connection {
            Connection::Lite(_) => DbBackend::Sqlite,
            Connection::Postgres(_) => DbBackend::Postgres,
        }
    }

    async fn execute_raw(&self, statement: Statement) -> Result<ExecResult, DbErr> {
        self.run(statement).await
    }

    async fn execute<S: StatementBuilder>(&self, statement: &S) -> Result<ExecResult, DbErr> {
        let statement = statement.build(&self.get_database_backend());
        self.run(statement).await
    }

    async fn execute_unprepared(&self, sql: &str) -> Result<ExecResult, DbErr> {
        self.script(sql).await
    }

    async fn query_one_raw(&self, statement: Statement) -> Result<Option<QueryResult>, DbErr> {
        self.first(statement).await
    }

    async fn query_one<S: StatementBuilder>(&self, statement: &S) -> Result<Option<QueryResult>, DbErr> {
        let statement = statement.build(&self.get_database_backend());
        self.first(statement).await
    }

    async fn query_all_raw(&self, statement: Statement) -> Result<Vec<QueryResult>, DbErr> {
        self.all(statement).await
    }

    async fn query_all<S: StatementBuilder>(&self, statement: &S) -> Result<Vec<QueryResult>, DbErr> {
        let statement = statement.build(&self.get_database_backend());
        self.all(statement).await
    }
}
