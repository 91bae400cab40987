//! A database is one process's at a time: an advisory lock, held by a session that does nothing else.
//!
//! The server lets go of it when the session ends, however it ends. So after the database was away, the lock is taken anew, and
//! until then nothing is begun. Should another process have taken it in between, this one waits and says so.

use super::{Address, Session, opening::unopened};
use crate::OpenError;
use sqlx::Error;
use std::{
    fmt,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering::Relaxed},
    },
    time::Duration,
};
use tokio::{
    sync::{mpsc, oneshot},
    time::{Instant, sleep, timeout},
};

/// What the lock is called: "outrigge" as a number.
const KEY: u64 = 0x6f75_7472_6967_6765;

/// The lock is asked after this often.
const WATCH: Duration = Duration::from_secs(1);

/// The session of a process that has just died may last a little longer than the process.
const GRACE: Duration = Duration::from_secs(2);

/// How long the server may take for a statement that takes it no time.
const ANSWER: Duration = Duration::from_secs(2);

type Answer = Result<(), String>;

/// Ours as long as it lives and the database is there. Its session belongs to a task, so that nobody who asks after it and
/// leaves too soon leaves it half asked.
pub(crate) struct Ownership {
    held: Arc<AtomicBool>,
    questions: mpsc::Sender<oneshot::Sender<Answer>>,
}

impl Ownership {
    /// Takes the database, or says who has it.
    ///
    /// # Errors
    /// [`OpenError::InUse`], [`OpenError::Unreachable`], [`OpenError::Unusable`].
    pub async fn take(address: &Address) -> Result<Arc<Self>, OpenError> {
        let held = Arc::new(AtomicBool::new(false));
        let mut keeper = Keeper {
            address: address.clone(),
            held: Arc::clone(&held),
            session: None,
            backend: None,
            said: String::new(),
        };
        let until = Instant::now() + GRACE;
        loop {
            match keeper.attempt().await {
                Ok(None) => break,
                Ok(Some(holder)) if Instant::now() >= until => {
                    return Err(OpenError::InUse { place: address.shown().to_owned(), holder });
                }
                Ok(Some(_)) => sleep(Duration::from_millis(50)).await,
                Err(error) => return Err(unopened(address, &error)),
            }
        }
        let (questions, asked) = mpsc::channel(64);
        tokio::spawn(keeper.run(asked));
        Ok(Arc::new(Self { held, questions }))
    }

    /// As far as was known when it was last asked after.
    pub fn is_held(&self) -> bool {
        self.held.load(Relaxed)
    }

    /// Asks after the lock, and has it taken anew when it was lost.
    ///
    /// # Errors
    /// Why it is not ours at the moment.
    pub async fn keep(&self) -> Answer {
        let (answer, answered) = oneshot::channel();
        let ended = |_| "the runtime that kept the database has ended".to_owned();
        self.questions.send(answer).await.map_err(|_| ended(()))?;
        answered.await.map_err(|_| ended(()))?
    }
}

impl fmt::Debug for Ownership {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Ownership").field("held", &self.is_held()).finish_non_exhaustive()
    }
}

/// Who speaks to the server about the lock.
struct Keeper {
    address: Address,
    held: Arc<AtomicBool>,
    session: Option<Session>,
    /// The server's process behind the last session, and when it began: together they name it for good.
    backend: Option<(String, String)>,
    /// Why it is not ours, as it was last said in the log.
    said: String,
}

impl Keeper {
    /// Until nobody needs the lock any more.
    async fn run(mut self, mut asked: mpsc::Receiver<oneshot::Sender<Answer>>) {
        loop {
            let first = match timeout(WATCH, asked.recv()).await {
                Ok(None) => return,
                Ok(first) => first,
                Err(_) => None,
            };
            let answer = self.look().await;
            // Whoever asked meanwhile has the same answer: it is as fresh.
            let waiting = std::iter::from_fn(|| asked.try_recv().ok());
            for who in first.into_iter().chain(waiting) {
                let _ = who.send(answer.clone());
            }
        }
    }

    async fn look(&mut self) -> Answer {
        if let Some(session) = &mut self.session {
            match session.control("SELECT 1".to_owned()).await {
                Ok(()) => return Ok(()),
                Err(error) => self.lost(&error),
            }
        }
        let reason = match self.attempt().await {
            Ok(None) => {
                self.said.clear();
                tracing::info!(place = self.address.shown(), "the database is there again");
                return Ok(());
            }
            Ok(Some(holder)) => format!("in use by {holder}"),
            Err(error) => error.to_string(),
        };
        self.say(&reason);
        Err(reason)
    }

    fn lost(&mut self, error: &Error) {
        self.held.store(false, Relaxed);
        self.session = None;
        self.say(&error.to_string());
    }

    /// Once for each reason in a row.
    fn say(&mut self, reason: &str) {
        if self.said != reason {
            tracing::warn!(place = self.address.shown(), reason, "the database has gone away; waiting for it");
            reason.clone_into(&mut self.said);
        }
    }

    /// One attempt at the lock; who has it, when it is not ours.
    async fn attempt(&mut self) -> Result<Option<String>, Error> {
        let name = format!("owner {}", std::process::id());
        let mut session = Session::open(&self.address, &name, ANSWER).await?;
        if let Some((process, began)) = &self.backend {
            // Our own session before this one, if a broken network made the server keep it.
            session.control(format!("{END} pid = {process} AND backend_start::text = '{began}'")).await?;
        }
        let said = session.ask(format!("SELECT pg_try_advisory_lock({KEY}), {WHO_AM_I}")).await?;
        let mut said = said.unwrap_or_default().into_iter().flatten();
        let (taken, process, began) = (said.next(), said.next(), said.next());
        if taken.as_deref() != Some("t") {
            return Ok(Some(holder(&mut session).await?));
        }
        self.backend = process.zip(began);
        self.session = Some(session);
        self.held.store(true, Relaxed);
        Ok(None)
    }
}

const END: &str = "SELECT pg_terminate_backend(pid, 1000) FROM pg_stat_activity WHERE";

const WHO_AM_I: &str = "pg_backend_pid(), (SELECT backend_start FROM pg_stat_activity WHERE pid = pg_backend_pid())";

/// Who has the lock, as far as we may know: "process 1234 at 10.0.0.7".
async fn holder(session: &mut Session) -> Result<String, Error> {
    let (high, low) = (KEY >> 32, KEY & 0xffff_ffff);
    let said = session
        .ask(format!(
            "SELECT application_name, host(client_addr) FROM pg_stat_activity JOIN pg_locks USING (pid) \
             WHERE locktype = 'advisory' AND classid = {high} AND objid = {low} AND objsubid = 1 AND granted \
             AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"
        ))
        .await?;
    let mut said = said.unwrap_or_default().into_iter();
    let (name, address) = (said.next().flatten(), said.next().flatten());
    let process = name.as_deref().and_then(|name| name.strip_prefix("outrigger/owner ")).map(str::to_owned);
    Ok(match (process, address) {
        (Some(process), Some(address)) => format!("process {process} at {address}"),
        (Some(process), None) => format!("process {process}"),
        (None, _) => "another process".to_owned(),
    })
}
