//! A network between a store and its server, on which messages can be lost at the worst moment.

use parking_lot::Mutex;
use std::sync::Arc;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{
        TcpListener, TcpStream,
        tcp::{OwnedReadHalf, OwnedWriteHalf},
    },
    sync::Notify,
    task::JoinHandle,
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
    let back = tokio::spawn(copy(from_server, to_store, Arc::clone(&state)));
    forth(from_store, to_server, back, &state).await;
}

async fn copy(mut from: OwnedReadHalf, mut to: OwnedWriteHalf, state: Arc<State>) {
    let mut bytes = vec![0; 65_536];
    while let Ok(read @ 1..) = from.read(&mut bytes).await {
        if !*state.dead.lock() && to.write_all(&bytes[..read]).await.is_err() {
            return;
        }
    }
}

/// Store to server, until the connection ends or mischief ends it.
async fn forth(mut from: OwnedReadHalf, mut to: OwnedWriteHalf, back: JoinHandle<()>, state: &State) {
    let mut bytes = vec![0; 65_536];
    while let Ok(read @ 1..) = from.read(&mut bytes).await {
        let message = &bytes[..read];
        if *state.dead.lock() {
            continue;
        }
        let Some(mischief) = state.mischief(message) else {
            if to.write_all(message).await.is_err() {
                break;
            }
            continue;
        };
        back.abort();
        let _ = back.await;
        drop(from);
        if mischief == Mischief::Late {
            state.deliver.notified().await;
        }
        if mischief != Mischief::LostOnTheWay {
            let _ = to.write_all(message).await;
            state.delivered.notify_one();
        }
        return;
    }
    back.abort();
}

impl State {
    /// What befalls this message.
    fn mischief(&self, message: &[u8]) -> Option<Mischief> {
        let commits = message.windows(COMMIT.len()).any(|window| window == COMMIT);
        if commits { self.next.lock().take() } else { None }
    }
}
