//! A plan for tests: three steps whose calls answer by script, and a book of what the plan was told, written in the
//! units that told it.

mod plan;

use ambient::Ambient;
use outrigger_saga::{self as saga, Engine, New, Resolution, Settings, State, Status, Step, Wished};
use parking_lot::Mutex;
pub use plan::Reply;
use plan::{Case, RETRYING, STEPS, Trip};
use sea_orm::{ConnectionTrait, FromQueryResult, Statement};
use std::{
    collections::{HashMap, VecDeque},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};
use store::{Data, Store};
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
    data: Data,
    store: Store,
    outside: Arc<Outside>,
    settings: Settings,
}

impl World {
    pub async fn new(ambient: Ambient, data: Data, settings: Settings) -> Self {
        let outside = Arc::new(Outside::default());
        let (store, engine) = open(&ambient, &data, &outside, &settings).await;
        Self { ambient, engine, data, store, outside, settings }
    }

    /// Ends everything where it stands and starts again on what the store has.
    pub async fn crash_and_restart(&mut self) {
        self.engine.abandon().await;
        self.restart().await;
    }

    pub async fn restart(&mut self) {
        self.store.close().await;
        (self.store, self.engine) = open(&self.ambient, &self.data, &self.outside, &self.settings).await;
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
        let case = Case { id: id.to_owned(), steps };
        let new = New { id: id.to_owned(), case, trace: None, now: self.ambient.now() };
        let args = (self.engine.clone(), self.engine.seat(), new);
        let begun = self.store.unit(args, |tx, (engine, seat, new)| Box::pin(engine.begin(tx, seat, new)));
        begun.await.expect("it is recorded");
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
                let sql = "SELECT told FROM book WHERE saga = ? ORDER BY rowid";
                let query = Statement::from_sql_and_values(tx.get_database_backend(), sql, [id.as_str().into()]);
                Line::find_by_statement(query).all(tx).await
            })
        });
        lines.await.expect("it can be read").into_iter().map(|line| line.told).collect()
    }
}

async fn open(ambient: &Ambient, data: &Data, outside: &Arc<Outside>, settings: &Settings) -> (Store, Engine<Trip>) {
    let store = data.store("trips", saga::migrations()).await.expect("it opens");
    let book = store.unit((), |tx, ()| {
        Box::pin(async move {
            tx.execute_unprepared("CREATE TABLE IF NOT EXISTS book (saga TEXT, told TEXT)").await.map(drop)
        })
    });
    book.await.expect("the book is there");
    let engine = Engine::new(ambient, store.clone(), Trip(outside.clone()), settings.clone());
    engine.start().await.expect("it starts");
    (store, engine)
}
