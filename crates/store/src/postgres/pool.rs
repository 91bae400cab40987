//! A few sessions, lent one at a time.
//!
//! Our own rather than sqlx's: that one asks the server after every use whether the session is still well (a round trip for
//! each unit) and takes a session back with whatever is open in it. Here a session comes back only when whoever ended its
//! transaction says so ([`Lease::keep`]); dropped anywhere else it is closed, and the server rolls back.

use super::{Address, Fate, Ownership, Patience, Session, mark, opening::unopened};
use crate::{OpenError, StoreError};
use parking_lot::Mutex;
use sqlx::Error;
use std::{sync::Arc, time::Duration};
use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore},
    time::timeout_at,
};

/// One service's sessions.
pub(crate) struct Pool {
    address: Address,
    service: &'static str,
    statement_timeout: Duration,
    size: u32,
    turns: Arc<Semaphore>,
    /// Those not lent, the last used on top: few callers use few sessions.
    free: Mutex<Vec<Slot>>,
    /// None once closed.
    ownership: Mutex<Option<Arc<Ownership>>>,
}

/// A place for a session, whichever it is at the moment.
#[derive(Default)]
struct Slot {
    session: Option<Session>,
    /// Its row of marks, once a unit needed it; the sessions that were taught to write it.
    mark: Option<i64>,
    taught: bool,
    /// The number of its last unit.
    unit: i64,
}

impl Pool {
    pub fn new(
        address: Address,
        service: &'static str,
        size: u32,
        statement_timeout: Duration,
        ownership: Arc<Ownership>,
    ) -> Arc<Self> {
        let size = size.max(1);
        let free = Mutex::new((0..size).map(|_| Slot::default()).collect());
        let turns = Arc::new(Semaphore::new(size as usize));
        let ownership = Mutex::new(Some(ownership));
        Arc::new(Self { address, service, statement_timeout, size, turns, free, ownership })
    }

    /// What one statement may take.
    pub fn statement_timeout(&self) -> Duration {
        self.statement_timeout
    }

    /// Removes the marks that earlier holders of the database left, so that what they may still be doing comes to nothing.
    pub async fn depose(&self) -> Result<(), OpenError> {
        let deposed = async { self.connect().await?.control(mark::clear()).await };
        deposed.await.map_err(|error| unopened(&self.address, &error))
    }

    /// Waits for a turn: first come, first served.
    ///
    /// # Errors
    /// [`StoreError::Expired`], [`StoreError::Closed`], [`StoreError::Unavailable`] when there was none for too long.
    pub async fn lease(self: &Arc<Self>, patience: &Patience) -> Result<Lease, StoreError> {
        let turn = timeout_at(patience.turn(), Arc::clone(&self.turns).acquire_owned()).await;
        if patience.is_over() {
            return Err(StoreError::Expired);
        }
        let turn = turn.map_err(|_| StoreError::Unavailable("all connections are busy".to_owned()))?;
        let turn = turn.map_err(|_| StoreError::Closed)?;
        let slot = self.free.lock().pop().expect("as many slots as turns");
        Ok(Lease { slot, pool: Arc::clone(self), _turn: turn })
    }

    /// Waits for all that was waiting, then lets go of everything.
    pub async fn close(&self) {
        let Ok(_all) = self.turns.acquire_many(self.size).await else { return };
        self.turns.close();
        self.free.lock().clear();
        self.ownership.lock().take();
    }

    /// A new session, if the database is ours.
    async fn connect(&self) -> Result<Session, Error> {
        self.keep_ownership().await?;
        Session::open(&self.address, self.service, self.statement_timeout).await
    }

    async fn keep_ownership(&self) -> Result<(), Error> {
        let ownership = self.ownership.lock().clone();
        match ownership {
            Some(ownership) => ownership.keep().await.map_err(|reason| Error::Io(std::io::Error::other(reason))),
            None => Err(Error::PoolClosed),
        }
    }

    fn is_owner(&self) -> bool {
        self.ownership.lock().as_ref().is_some_and(|ownership| ownership.is_held())
    }
}

/// One turn with one session.
pub(crate) struct Lease {
    slot: Slot,
    pool: Arc<Pool>,
    _turn: OwnedSemaphorePermit,
}

impl Lease {
    /// A session on which `begin` was run: one that was used before, or a new one when that is no longer alive.
    pub async fn begin(&mut self, begin: &str) -> Result<Session, Error> {
        if let Some(mut used) = self.used() {
            match used.control(begin.to_owned()).await {
                Ok(()) => return Ok(used),
                Err(error) => tracing::debug!(service = self.pool.service, %error, "a connection had died"),
            }
        }
        self.slot.taught = false;
        let mut new = self.pool.connect().await?;
        new.control(begin.to_owned()).await?;
        Ok(new)
    }

    /// The same for a unit: it will be able to commit.
    pub async fn begin_unit(&mut self, begin: &str) -> Result<Session, Error> {
        let Some(id) = self.slot.mark else { return self.begin_marked(begin).await };
        let mut session = self.begin(begin).await?;
        if !self.slot.taught {
            session.control(mark::prepare(id)).await?;
            self.slot.taught = true;
        }
        Ok(session)
    }

    /// The first unit of a slot makes its mark, in a transaction before its own.
    async fn begin_marked(&mut self, begin: &str) -> Result<Session, Error> {
        self.pool.keep_ownership().await?;
        let mut session = match self.used() {
            Some(session) => session,
            None => self.pool.connect().await?,
        };
        let id = mark::make(&mut session).await?;
        session.control(format!("{}; {begin}", mark::prepare(id))).await?;
        (self.slot.mark, self.slot.taught, self.slot.unit) = (Some(id), true, 0);
        Ok(session)
    }

    fn used(&mut self) -> Option<Session> {
        self.slot.session.take().filter(|_| self.pool.is_owner())
    }

    /// A roll of the dice for the `attempt`-th attempt, unlike that of any other lease: 0 ≤ x < 1.
    pub fn dice(&self, attempt: u32) -> f64 {
        let seed = self.slot.mark.unwrap_or_default().cast_unsigned() << 32 ^ self.slot.unit.cast_unsigned();
        ambient::roll(seed, self.pool.service, attempt)
    }

    /// Takes back a session whose transaction has ended.
    pub fn keep(&mut self, session: Session) {
        self.slot.session = Some(session).filter(|session| !session.is_lost());
    }

    /// What commits the next unit; its number.
    pub fn commit(&mut self) -> (i64, String) {
        self.slot.unit += 1;
        (self.slot.unit, mark::commit(self.slot.unit))
    }

    /// Whether `error`, the answer to a COMMIT, says that the mark is no longer ours.
    pub fn is_deposed(&mut self, error: &Error) -> bool {
        let deposed = mark::is_no(error);
        if deposed {
            self.slot.mark = None;
        }
        deposed
    }

    /// What became of `unit`, whose commit was not answered. Once, on a new connection; the mark is given up when it is gone.
    pub async fn settle(&mut self, unit: i64) -> Result<Fate, Error> {
        let Some(id) = self.slot.mark else { return Ok(Fate::Deposed) };
        // Not asked whether the database is ours: this asks about the past.
        let pool = &self.pool;
        let mut session = Session::open(&pool.address, pool.service, pool.statement_timeout).await?;
        // Before the answer, which may be lost: the number that is put there must never be a unit's.
        self.slot.unit = unit + 1;
        let fate = mark::settle(&mut session, id, unit).await?;
        match fate {
            Fate::Deposed => self.slot.mark = None,
            Fate::Kept | Fate::Gone => {
                session.control(mark::prepare(id)).await?;
                (self.slot.session, self.slot.taught) = (Some(session), true);
            }
        }
        Ok(fate)
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        self.pool.free.lock().push(std::mem::take(&mut self.slot));
    }
}
