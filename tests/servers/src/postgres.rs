//! A PostgreSQL of a test's own, to be killed and restarted.

use crate::{Database, database::tell, not_run};
use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};
use tempfile::TempDir;

/// A server in a folder of its own, ended with this value.
#[derive(Debug)]
pub struct Postgres {
    folder: TempDir,
    url: String,
}

impl Postgres {
    /// Starts one. None where PostgreSQL is not installed, which is said.
    ///
    /// # Panics
    /// When it is installed and does not start.
    pub fn start(test: &str) -> Option<Self> {
        if !Path::new("/usr/lib/postgresql/15/bin/initdb").exists() {
            not_run(test, "no PostgreSQL 15 is installed; `tests/run` installs it");
            return None;
        }
        let folder = tempfile::tempdir().expect("a temporary folder");
        let url = script(&["start"], folder.path()).expect("PostgreSQL starts");
        Some(Self { folder, url: url.trim().to_owned() })
    }

    /// A database of it, empty.
    ///
    /// # Panics
    /// When it makes none.
    pub fn database(&self) -> Database {
        Database::on(self.url.clone(), "", true)
    }

    /// `kill -9` of all its processes. It is down until [`Postgres::revive`].
    ///
    /// # Panics
    /// When the script fails.
    pub fn kill(&self) {
        script(&["kill"], self.folder.path()).expect("PostgreSQL is killed");
    }

    /// Starts it again, at the same place.
    ///
    /// # Panics
    /// When it does not start.
    pub fn revive(&self) {
        script(&["start"], self.folder.path()).expect("PostgreSQL starts again");
    }

    /// Restarts it at once: every connection breaks, what was open is lost.
    ///
    /// # Panics
    /// When it does not start again.
    pub fn restart(&self) {
        script(&["restart"], self.folder.path()).expect("PostgreSQL restarts");
    }
}

impl Postgres {
    /// Makes a user whom the server asks for a password from now on.
    ///
    /// # Panics
    /// When it does not.
    pub fn demand_password(&self, user: &str, password: &str) {
        let rules = self.folder.path().join("data/pg_hba.conf");
        let trusting = fs::read_to_string(&rules).expect("PostgreSQL's rules");
        fs::write(&rules, format!("host all {user} 127.0.0.1/32 scram-sha-256\n{trusting}")).expect("a rule more");
        let statements =
            [format!("CREATE ROLE {user} LOGIN SUPERUSER PASSWORD '{password}'"), "SELECT pg_reload_conf()".to_owned()];
        tell(&self.url, &statements).expect("PostgreSQL takes the user");
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        let _ = script(&["kill"], self.folder.path());
    }
}

/// Runs `tests/infra/postgres`; what it printed, if it did well.
fn script(command: &[&str], folder: &Path) -> Option<String> {
    let script = PathBuf::from(env!("CARGO_MANIFEST_DIR")).parent()?.join("infra/postgres");
    let said = Command::new(script).args(command).arg(folder).output().ok()?;
    if !said.status.success() {
        eprintln!("tests/infra/postgres {command:?}: {}", String::from_utf8_lossy(&said.stderr));
        return None;
    }
    Some(String::from_utf8_lossy(&said.stdout).into_owned())
}
