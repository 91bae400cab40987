//! A network between a store and its server, on which messages can be lost at the worst moment.

use parking_lot::Mutex;
use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering::SeqCst},
    },
    time::Duration,
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{
        TcpListener, TcpStream,
        tcp::{OwnedReadHalf, OwnedWriteHalf},
    },
    sync::Notify,
};

/// What every commit of a unit begins with.
const COMMIT: &[u8] = b"EXECUTE unit_mark";

/// What befalls the next commit, once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mischief {
    /// It never reaches the server, and the connection breaks.
    LostOnTheWay,
    /// The server gets it, and the connection breaks before the answer.
    AnswerLost,
    /// The server has begun with it when the connection breaks.
    CutDuring,
    /// The answer is lost, and from then on the wire swallows everything.
    AnswerLostForLong,
    /// The connection breaks for the store at once; the server gets it only when [`Wire::deliver`] is called.
    Late,
}

/// A port in front of a server.
pub struct Wire {
    url: String,
    state: Arc<State>,
}

#[derive(Default)]
struct State {
    next: Mutex<Option<Mischief>>,
    /// The wire swallows everything, and says nothing.
    dead: Mutex<bool>,
    deliver: Notify,
    delivered: Notify,
}

impl Wire {
    /// In front of the server of this URL.
    pub async fn before(url: &str) -> Self {
        let (front, rest) = url.split_once('@').unwrap();
        let (server, database) = rest.split_once('/').unwrap();
        let (server, front, database) = (server.to_owned(), front.to_owned(), database.to_owned());
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("{front}@{}/{database}", listener.local_addr().unwrap());
        let state = Arc::new(State::default());
        let shared = Arc::clone(&state);
        tokio::spawn(async move {
            while let Ok((store, _)) = listener.accept().await {
                let Ok(server) = TcpStream::connect(&server).await else { continue };
                tokio::spawn(carry(store, server, Arc::clone(&shared)));
            }
        });
        Self { url, state }
    }

    pub fn url(&self) -> &str {
        &self.url
    }

    pub fn next_commit(&self, mischief: Mischief) {
        *self.state.next.lock() = Some(mischief);
    }

    /// From now on, or no longer, everything is swallowed.
    pub fn swallow(&self, all: bool) {
        *self.state.dead.lock() = all;
    }

    /// Lets the server have the commit that is [`Mischief::Late`], and waits until it has it.
    pub async fn deliver(&self) {
        self.state.deliver.notify_one();
        self.state.delivered.notified().await;
    }
}

async fn carry(store: TcpStream, server: TcpStream, state: Arc<State>) {
    let (from_store, to_store) = store.into_split();
    let (from_server, to_server) = server.into_split();
    let withheld = Arc::new(Withheld::default());
    let back = tokio::spawn(back(from_server, to_store, Arc::clone(&state), Arc::clone(&withheld)));
    forth(from_store, to_server, &state, &withheld).await;
    back.abort();
}

/// What the two directions of a connection say to each other.
#[derive(Default)]
struct Withheld {
    /// The next answer is not for the store.
    wanted: AtomicBool,
    came: Notify,
    /// The connection breaks for the store; the server does not notice.
    cut: Notify,
}

/// Server to store, until there is an answer to withhold.
async fn back(mut from: OwnedReadHalf, mut to: OwnedWriteHalf, state: Arc<State>, withheld: Arc<Withheld>) {
    let mut bytes = vec![0; 65_536];
    loop {
        let read = tokio::select! {
            () = withheld.cut.notified() => break,
            read = from.read(&mut bytes) => read.unwrap_or_default(),
        };
        if read == 0 || withheld.wanted.load(SeqCst) {
            break;
        }
        if !*state.dead.lock() && to.write_all(&bytes[..read]).await.is_err() {
            break;
        }
    }
    drop(to);
    withheld.came.notify_one();
    while let Ok(1..) = from.read(&mut bytes).await {}
}

/// Store to server, until the connection ends or mischief ends it.
async fn forth(mut from: OwnedReadHalf, mut to: OwnedWriteHalf, state: &State, withheld: &Withheld) {
    let mut bytes = vec![0; 65_536];
    while let Ok(read @ 1..) = from.read(&mut bytes).await {
        let message = &bytes[..read];
        if *state.dead.lock() {
            continue;
        }
        let Some(mischief) = state.mischief(message) else {
            if to.write_all(message).await.is_err() {
                return;
            }
            continue;
        };
        withheld.wanted.store(true, SeqCst);
        match mischief {
            Mischief::LostOnTheWay => {}
            Mischief::AnswerLost | Mischief::AnswerLostForLong => {
                let _ = to.write_all(message).await;
                withheld.came.notified().await;
                *state.dead.lock() |= mischief == Mischief::AnswerLostForLong;
            }
            Mischief::CutDuring => {
                let _ = to.write_all(message).await;
                tokio::time::sleep(Duration::from_millis(200)).await;
            }
            Mischief::Late => {
                withheld.cut.notify_one();
                drop(from);
                state.deliver.notified().await;
                let _ = to.write_all(message).await;
                state.delivered.notify_one();
            }
        }
        return;
    }
}

impl State {
    /// What befalls this message.
    fn mischief(&self, message: &[u8]) -> Option<Mischief> {
        let commits = message.windows(COMMIT.len()).any(|window| window == COMMIT);
        if commits { self.next.lock().take() } else { None }
    }
}
