//! What a unit of work, or a read, speaks to: a sea-orm connection with a memory for one unit.

use crate::{lite::Lite, stats::Counters};
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
}

/// What a unit leaves to be done after its commit.
#[derive(Default)]
pub(crate) struct Aftermath {
    pub hooks: Vec<Hook>,
    pub announced: bool,
}

impl Tx {
    pub(crate) fn lite(lite: Arc<Lite>, writes: bool, counters: Arc<Counters>) -> Self {
        Self {
            connection: Connection::Lite(lite),
            writes,
            counters,
            hooks: Mutex::default(),
            announced: AtomicBool::new(false),
            failure: Mutex::default(),
        }
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

    fn run<T>(&self, statement: impl FnOnce(&Lite) -> Result<T, DbErr>) -> Result<T, DbErr> {
        self.counters.statement();
        let Connection::Lite(lite) = &self.connection;
        statement(lite).inspect_err(|error| {
            self.failure.lock().get_or_insert_with(|| error.clone());
        })
    }

    fn change<T>(&self, statement: impl FnOnce(&Lite) -> Result<T, DbErr>) -> Result<T, DbErr> {
        if self.writes { self.run(statement) } else { Err(read_only()) }
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
        }
    }

    async fn execute_raw(&self, statement: Statement) -> Result<ExecResult, DbErr> {
        self.change(|lite| lite.execute(statement)).map(Into::into)
    }

    async fn execute<S: StatementBuilder>(&self, statement: &S) -> Result<ExecResult, DbErr> {
        let statement = statement.build(&self.get_database_backend());
        self.change(|lite| lite.execute(statement)).map(Into::into)
    }

    async fn execute_unprepared(&self, sql: &str) -> Result<ExecResult, DbErr> {
        self.change(|lite| lite.script(sql)).map(Into::into)
    }

    async fn query_one_raw(&self, statement: Statement) -> Result<Option<QueryResult>, DbErr> {
        self.run(|lite| lite.first(statement))
    }

    async fn query_one<S: StatementBuilder>(&self, statement: &S) -> Result<Option<QueryResult>, DbErr> {
        let statement = statement.build(&self.get_database_backend());
        self.run(|lite| lite.first(statement))
    }

    async fn query_all_raw(&self, statement: Statement) -> Result<Vec<QueryResult>, DbErr> {
        self.run(|lite| lite.all(statement))
    }

    async fn query_all<S: StatementBuilder>(&self, statement: &S) -> Result<Vec<QueryResult>, DbErr> {
        let statement = statement.build(&self.get_database_backend());
        self.run(|lite| lite.all(statement))
    }
}
