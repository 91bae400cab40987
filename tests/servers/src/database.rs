//! A database of a test's own on the PostgreSQL that `tests/run` started.

use crate::not_run;
use parking_lot::Mutex;
use std::{
    path::Path,
    process::{self, Command},
    sync::{
        Once,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
    thread,
};

/// Names the server: a URL of a user who may make databases, `postgres://postgres@127.0.0.1:5432/postgres`.
pub const SERVER: &str = "OUTRIGGER_POSTGRES";

/// So many databases are removed at a time, beside the tests: each removal makes the server write everything down first,
/// which takes longer than most tests.
const REMOVED_AT_ONCE: usize = 24;

/// Names of databases that nobody needs any more.
static DONE_WITH: Mutex<Vec<String>> = Mutex::new(Vec::new());

/// A database of which nobody else knows. It is removed some time after this value, or by a later process.
#[derive(Debug)]
pub struct Database {
    server: String,
    name: String,
    /// The server is ended with the test, and takes its databases with it.
    passing: bool,
}

impl Database {
    /// A new and empty one. None where there is no server, which is said.
    ///
    /// # Panics
    /// When the server is there and makes no database.
    pub fn new(test: &str) -> Option<Self> {
        let Some(server) = server() else {
            not_run(test, &format!("{SERVER} names no PostgreSQL; `tests/run` starts one"));
            return None;
        };
        static SWEPT: Once = Once::new();
        SWEPT.call_once(|| drop(thread::spawn(sweep)));
        Some(Self::on(server, "", false))
    }

    /// A new one that holds what this one holds. Nobody may be connected to this one meanwhile.
    ///
    /// # Panics
    /// When the server makes none.
    pub fn copy(&self) -> Self {
        Self::on(self.server.clone(), &format!("TEMPLATE {}", self.name), self.passing)
    }

    /// A new one on the server at this URL, which names a database that is there.
    pub(crate) fn on(server: String, made: &str, passing: bool) -> Self {
        static MADE: AtomicU64 = AtomicU64::new(0);
        let name = format!("test_{}_{}", process::id(), MADE.fetch_add(1, Relaxed));
        // One that an earlier life left behind under this name is of no use to anybody.
        let statements = [removal(&name), format!("CREATE DATABASE {name} {made}")];
        assert!(tell(&server, &statements).is_some(), "the server at {server} makes a database");
        Self { server, name, passing }
    }

    /// Where it is.
    pub fn url(&self) -> String {
        let (server, _) = self.server.rsplit_once('/').expect("the URL of a server names a database");
        format!("{server}/{}", self.name)
    }

    /// Has the server run these statements in this database, one after the other, as somebody with a database shell
    /// could; what it answered, without headings. None when it refused one.
    pub fn tell(&self, statements: &[&str]) -> Option<String> {
        tell(&self.url(), &statements.iter().map(ToString::to_string).collect::<Vec<_>>())
    }

    /// Nobody is connected to it: what was open has been rolled back, and what was locked is free.
    pub fn is_free(&self) -> bool {
        let count = format!("SELECT count(*) FROM pg_stat_activity WHERE datname = '{}'", self.name);
        tell(&self.server, &[count]).is_some_and(|count| count.trim() == "0")
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        if self.passing {
            return;
        }
        let mut done_with = DONE_WITH.lock();
        done_with.push(std::mem::take(&mut self.name));
        if done_with.len() >= REMOVED_AT_ONCE {
            let names = std::mem::take(&mut *done_with);
            thread::spawn(move || remove(&names));
        }
    }
}

fn server() -> Option<String> {
    std::env::var(SERVER).ok().filter(|server| !server.is_empty())
}

fn removal(name: &str) -> String {
    format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)")
}

fn remove(names: &[String]) {
    if let Some(server) = server().filter(|_| !names.is_empty()) {
        tell(&server, &names.iter().map(|name| removal(name)).collect::<Vec<_>>());
    }
}

/// What the server at `url` answers to these statements. None when it refused one, which is shown.
pub(crate) fn tell(url: &str, statements: &[String]) -> Option<String> {
    let mut shell = Command::new("psql");
    shell.args([url, "--quiet", "--no-psqlrc", "--tuples-only", "--no-align", "--set", "ON_ERROR_STOP=1"]);
    for statement in statements {
        shell.args(["--command", statement]);
    }
    let said = shell.env("PGOPTIONS", "-c client_min_messages=warning").output().ok()?;
    if !said.status.success() {
        eprintln!("psql {url}: {}", String::from_utf8_lossy(&said.stderr));
        return None;
    }
    Some(String::from_utf8_lossy(&said.stdout).into_owned())
}

/// Removes what tests left behind that are gone.
fn sweep() {
    let list = "SELECT datname FROM pg_database WHERE datname LIKE 'test\\_%'".to_owned();
    let found = server().and_then(|server| tell(&server, &[list])).unwrap_or_default();
    let is_gone = |name: &&str| {
        let process = name.split('_').nth(1).filter(|process| process.parse::<u32>().is_ok());
        process.is_some_and(|process| !Path::new("/proc").join(process).exists())
    };
    remove(&found.lines().filter(is_gone).map(str::to_owned).collect::<Vec<_>>());
}
