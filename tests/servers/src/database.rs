//! A database of a test's own on the PostgreSQL that `tests/run` started.

use crate::not_run;
use std::{
    process::{self, Command},
    sync::atomic::{AtomicU64, Ordering::Relaxed},
};

/// Names the server: a URL of a user who may make databases, `postgres://postgres@127.0.0.1:5432/postgres`.
pub const SERVER: &str = "OUTRIGGER_POSTGRES";

/// An empty database, gone with this value.
#[derive(Debug)]
pub struct Database {
    server: String,
    name: String,
}

impl Database {
    /// A new one. None where there is no server, which is said.
    ///
    /// # Panics
    /// When the server is there and makes no database.
    pub fn new(test: &str) -> Option<Self> {
        static MADE: AtomicU64 = AtomicU64::new(0);
        let Some(server) = std::env::var(SERVER).ok().filter(|server| !server.is_empty()) else {
            not_run(test, &format!("{SERVER} names no PostgreSQL; `tests/run` starts one"));
            return None;
        };
        let name = format!("test_{}_{}", process::id(), MADE.fetch_add(1, Relaxed));
        let database = Self { server, name };
        // One that an earlier life left behind under this name is of no use to anybody.
        assert!(database.remove(), "the server of {SERVER} answers");
        assert!(database.tell(&format!("CREATE DATABASE {}", database.name)), "the server makes a database");
        Some(database)
    }

    /// Where it is.
    pub fn url(&self) -> String {
        let (server, _) = self.server.rsplit_once('/').expect("the URL of a server names a database");
        format!("{server}/{}", self.name)
    }

    fn remove(&self) -> bool {
        self.tell(&format!("DROP DATABASE IF EXISTS {} WITH (FORCE)", self.name))
    }

    /// Has the server run one statement; whether it did.
    fn tell(&self, statement: &str) -> bool {
        let said = Command::new("psql").args([&self.server, "--quiet", "--no-psqlrc", "--command", statement]).output();
        said.is_ok_and(|said| said.status.success())
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        if !self.remove() {
            eprintln!("the database {} was left behind", self.name);
        }
    }
}
