//! A database of a test's own on the PostgreSQL that `tests/run` started.

use crate::not_run;
use std::{
    path::Path,
    process::{self, Command},
    sync::{
        Once,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
};

/// Names the server: a URL of a user who may make databases, `postgres://postgres@127.0.0.1:5432/postgres`.
pub const SERVER: &str = "OUTRIGGER_POSTGRES";

/// A database, gone with this value.
#[derive(Debug)]
pub struct Database {
    server: String,
    name: String,
}

impl Database {
    /// A new and empty one. None where there is no server, which is said.
    ///
    /// # Panics
    /// When the server is there and makes no database.
    pub fn new(test: &str) -> Option<Self> {
        let Some(server) = std::env::var(SERVER).ok().filter(|server| !server.is_empty()) else {
            not_run(test, &format!("{SERVER} names no PostgreSQL; `tests/run` starts one"));
            return None;
        };
        static SWEPT: Once = Once::new();
        SWEPT.call_once(|| sweep(&server));
        Some(Self::on(server, ""))
    }

    /// A new one that holds what this one holds. Nobody may be connected to this one meanwhile.
    ///
    /// # Panics
    /// When the server makes none.
    pub fn copy(&self) -> Self {
        Self::on(self.server.clone(), &format!("TEMPLATE {}", self.name))
    }

    /// A new one on the server at this URL, which names a database that is there.
    pub(crate) fn on(server: String, made: &str) -> Self {
        static MADE: AtomicU64 = AtomicU64::new(0);
        let name = format!("test_{}_{}", process::id(), MADE.fetch_add(1, Relaxed));
        let database = Self { server, name };
        // One that an earlier life left behind under this name is of no use to anybody.
        let sentences = [database.removal(), format!("CREATE DATABASE {} {made}", database.name)];
        assert!(tell(&database.server, &sentences).is_some(), "the server at {} makes a database", database.server);
        database
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

    fn removal(&self) -> String {
        format!("DROP DATABASE IF EXISTS {} WITH (FORCE)", self.name)
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        if tell(&self.server, &[self.removal()]).is_none() {
            eprintln!("the database {} was left behind", self.name);
        }
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

/// Removes what tests left behind that are gone: those that were killed, and templates, which live as long as a process.
fn sweep(server: &str) {
    let list = "SELECT datname FROM pg_database WHERE datname LIKE 'test\\_%'".to_owned();
    for name in tell(server, &[list]).unwrap_or_default().lines() {
        let owner = name.split('_').nth(1).unwrap_or_default();
        if owner.parse::<u32>().is_ok() && !Path::new("/proc").join(owner).exists() {
            tell(server, &[format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)")]);
        }
    }
}
