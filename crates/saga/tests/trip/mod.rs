//! A plan for tests: three steps whose calls answer by script, and a book of what the plan was told, written in the
//! units that told it.

mod place;
mod plan;

use ambient::{Ambient, Timestamp};
use outrigger_saga::{self as saga, Engine, New, Resolution, Settings, State, Status, Step, Wished};
use parking_lot::Mutex;
pub use place::Place;
pub use plan::Reply;
use plan::{Case, RETRYING};
pub use plan::{STEPS, Trip};
use sea_orm::{ConnectionTrait, DbBackend, DbErr, FromQueryResult, Statement};
use std::{
    collections::{HashMap, VecDeque},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};
use store::{Store, Tx};
use tokio::sync::Notify;

/// What the outside of the engine is made of: it outlives a crash.
#[derive(Default)]
pub struct Outside {
    scripts: Mutex<HashMap<String, VecDeque<Reply>>>,
    calls: Mutex<Vec<String>>,
    hang_at: Mutex<Option<usize>>,
    hangs: Notify,
    answer: Notify,
    failing: AtomicUsize,
}

/// An engine, its store, and the outside.
pub struct World {
    pub ambient: Ambient,
    pub engine: Engine<Trip>,
    pub place: Place,
    store: Store,
    outside: Arc<Outside>,
    settings: Settings,
}

impl World {
    pub async fn new(place: Place) -> Self {
        let settings = place.settings();
        Self::with(place, settings).await
    }

    pub async fn with(place: Place, settings: Settings) -> Self {
        let ambient = Ambient::seeded(1, Timestamp::from_millis(1_700_000_000_000));
        let outside = Arc::new(Outside::default());
        let (store, engine) = open(&ambient, &place, &outside, &settings).await;
        Self { ambient, engine, place, store, outside, settings }
    }

    /// More engines over the same table, as other workers would be.
    pub async fn more_workers(&self, count: usize) -> Vec<Engine<Trip>> {
        let mut engines = Vec::new();
        for _ in 0..count {
            let trip = Trip(self.outside.clone());
            let engine = Engine::new(&self.ambient, self.store.clone(), trip, self.settings.clone());
            engine.start().await.expect("it starts");
            engines.push(engine);
        }
        engines
    }

    /// Ends everything where it stands and starts again on what the store has.
    pub async fn crash_and_restart(&mut self) {
        self.engine.abandon().await;
        self.restart().await;
    }

    pub async fn restart(&mut self) {
        self.store.close().await;
        (self.store, self.engine) = open(&self.ambient, &self.place, &self.outside, &self.settings).await;
    }

    pub fn script(&self, call: &str, replies: impl IntoIterator<Item = Reply>) {
        self.outside.scripts.lock().insert(call.to_owned(), replies.into_iter().collect());
    }

    pub fn hang_at_call(&self, number: usize) {
        *self.outside.hang_at.lock() = Some(number);
    }

    pub async fn hangs(&self) {
        self.outside.hangs.notified().await;
    }

    pub fn answer_what_hangs(&self) {
        self.outside.answer.notify_one();
    }

    pub fn fail_records(&self, times: usize) {
        self.outside.failing.store(times, Ordering::SeqCst);
    }

    pub fn calls(&self) -> Vec<String> {
        self.outside.calls.lock().clone()
    }

    pub async fn begin(&self, id: &str) {
        self.begin_with(id, STEPS).await;
    }

    pub async fn begin_retrying(&self, id: &str) {
        self.begin_with(id, RETRYING).await;
    }

    async fn begin_with(&self, id: &str, steps: &'static [Step]) {
        self.begin_at(&self.engine, id, steps).await;
    }

    pub async fn begin_at(&self, engine: &Engine<Trip>, id: &str, steps: &'static [Step]) {
        let case = Case { id: id.to_owned(), steps };
        let new = New { id: id.to_owned(), case, trace: None, now: self.ambient.now() };
        let args = (engine.clone(), engine.seat(), new);
        let begun = self.store.unit(args, |tx, (engine, seat, new)| Box::pin(engine.begin(tx, seat, new)));
        begun.await.expect("it is recorded");
    }

    /// In a unit that is then rolled back.
    pub async fn begin_and_fail(&self, id: &str) {
        let case = Case { id: id.to_owned(), steps: STEPS };
        let new = New { id: id.to_owned(), case, trace: None, now: self.ambient.now() };
        let args = (self.engine.clone(), self.engine.seat(), new);
        let begun = self.store.unit(args, |tx, (engine, seat, new)| {
            Box::pin(async move {
                engine.begin(tx, seat, new).await?;
                Err::<(), _>(DbErr::Custom("and then something else fails".into()))
            })
        });
        begun.await.expect_err("it was rolled back");
    }

    /// As one that is driven, by its rows alone.
    pub async fn leave_astray(&self, id: &str) {
        let sql = format!(
            "INSERT INTO saga (id, kind, status, direction, step, attempt, reached, tries, fence, seq, created_at, updated_at)
             VALUES ('{id}', 'trip', 'running', 'forward', 0, 1, 0, 0, 1, 1, {now}, {now})",
            now = self.ambient.now().as_millis()
        );
        let left = self.store.unit(sql, |tx, sql| Box::pin(async move { tx.execute_unprepared(sql).await.map(drop) }));
        left.await.expect("it is left");
    }

    pub async fn find(&self, id: &str) -> Option<State> {
        let args = (self.engine.clone(), id.to_owned());
        let found = self.store.unit(args, |tx, (engine, id)| Box::pin(engine.state(tx, id)));
        found.await.expect("it can be read")
    }

    pub async fn state(&self, id: &str) -> State {
        self.find(id).await.expect("it is there")
    }

    /// Waits until nobody but a person or the world has a move.
    pub async fn rests(&self, id: &str) {
        while self.state(id).await.status == Status::Running {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }

    pub async fn wish(&self, id: &str) -> Wished {
        let case = Case { id: id.to_owned(), steps: STEPS };
        let args = (self.engine.clone(), case, self.ambient.now());
        let wished = self.store.unit(args, |tx, (engine, case, now)| {
            Box::pin(async move { Ok(engine.wish(tx, (&case.id, case), ("WISH", "", ""), *now).await?.0) })
        });
        wished.await.expect("it is recorded")
    }

    pub async fn resolve(&self, id: &str, resolution: Resolution) -> bool {
        let case = Case { id: id.to_owned(), steps: STEPS };
        let args = (self.engine.clone(), case, resolution, self.ambient.now());
        let resolved = self.store.unit(args, |tx, (engine, case, resolution, now)| {
            Box::pin(async move {
                let resolved = engine.resolve(tx, (&case.id, case), resolution.clone(), ("me", ""), *now).await?;
                Ok(resolved.is_some())
            })
        });
        resolved.await.expect("it is recorded")
    }

    /// As another process would, by its row alone.
    pub async fn take_over(&self, id: &str) {
        let taken = self.store.unit(id.to_owned(), |tx, id| {
            Box::pin(async move {
                let sql = format!("UPDATE saga SET fence = fence + 1 WHERE id = '{id}'");
                tx.execute_unprepared(&sql).await.map(drop)
            })
        });
        taken.await.expect("it is taken over");
    }

    pub async fn book(&self, id: &str) -> Vec<String> {
        #[derive(FromQueryResult)]
        struct Line {
            told: String,
        }
        let lines = self.store.unit(id.to_owned(), |tx, id| {
            Box::pin(async move {
                let sql = format!("SELECT told FROM book WHERE saga = '{id}' ORDER BY line");
                Line::find_by_statement(Statement::from_string(tx.get_database_backend(), sql)).all(tx).await
            })
        });
        lines.await.expect("it can be read").into_iter().map(|line| line.told).collect()
    }
}

async fn open(ambient: &Ambient, place: &Place, outside: &Arc<Outside>, settings: &Settings) -> (Store, Engine<Trip>) {
    let store = place.data.store("trips", saga::migrations()).await.expect("it opens");
    store.unit((), |tx, ()| Box::pin(lay_out(tx))).await.expect("the book is there");
    let engine = Engine::new(ambient, store.clone(), Trip(outside.clone()), settings.clone());
    engine.start().await.expect("it starts");
    (store, engine)
}

/// The book: its lines in the order in which they were written.
async fn lay_out(tx: &Tx) -> Result<(), DbErr> {
    let line = match tx.get_database_backend() {
        DbBackend::Postgres => "BIGSERIAL PRIMARY KEY",
        _ => "INTEGER PRIMARY KEY AUTOINCREMENT",
    };
    let sql = format!("CREATE TABLE IF NOT EXISTS book (line {line}, saga TEXT, told TEXT)");
    tx.execute_unprepared(&sql).await.map(drop)
}
