//! What outlives a world: the folder or the database that its services keep what they know in.

use crate::Telling;
use ambient::Ambient;
use outrigger::system::{Config, System, Where};
use parking_lot::{Condvar, Mutex};
use servers::Database;
use std::{path::Path, sync::OnceLock, thread, time::Duration};
use store::Data;
use tempfile::TempDir;
use tokio::runtime::Runtime;

/// Databases in use at the same time: each world holds some thirty connections, and the server has a bound.
const SEATS: usize = 8;

/// Data that outlives a world, gone with this value.
pub struct Ground(Kept);

enum Kept {
    Folder(TempDir),
    Database(Database, Seat),
}

impl Ground {
    /// An empty folder.
    pub fn folder() -> Self {
        Self(Kept::Folder(tempfile::tempdir().expect("a temporary folder")))
    }

    /// A database of its own in which no order was ever placed. None where there is no server, which is said once.
    pub fn database() -> Option<Self> {
        let template = template()?;
        let seat = Seat::take();
        Some(Self(Kept::Database(template.copy(), seat)))
    }

    /// What this telling keeps its data in when it has to outlive a world. None where there is no server.
    pub fn of(telling: Telling) -> Option<Self> {
        match telling {
            Telling::InProcess | Telling::OverTcp => Some(Self::folder()),
            Telling::OnPostgres => Self::database(),
        }
    }

    /// Where it is, for a system.
    pub fn place(&self) -> Where {
        match &self.0 {
            Kept::Folder(folder) => Where::Directory(folder.path().into()),
            Kept::Database(database, _) => Where::Postgres(database.url()),
        }
    }

    /// Nobody uses it.
    pub fn is_free(&self) -> bool {
        match &self.0 {
            Kept::Folder(folder) => is_free(folder.path()),
            Kept::Database(database, _) => database.is_free(),
        }
    }
}

fn is_free(folder: &Path) -> bool {
    Data::open(folder).is_ok()
}

/// A database with everybody's tables, made once: bringing the tables of seven stores up costs more than most stories.
fn template() -> Option<&'static Database> {
    static TEMPLATE: OnceLock<Option<Database>> = OnceLock::new();
    TEMPLATE.get_or_init(|| Database::new("every story on PostgreSQL").map(furnished)).as_ref()
}

fn furnished(database: Database) -> Database {
    let url = database.url();
    // On a thread of its own: whoever asks first may be in a runtime.
    let work = thread::spawn(move || {
        Runtime::new().expect("a runtime").block_on(async {
            let config = Config::new(Ambient::system(), Where::Postgres(url), fabric::Placement::InProcess);
            System::start(config).await.expect("the system starts").shutdown().await;
        });
    });
    work.join().expect("the tables are made");
    let left = (0..500).any(|_| {
        let free = database.is_free();
        thread::park_timeout(Duration::from_millis(if free { 0 } else { 10 }));
        free
    });
    assert!(left, "the system that made the tables still holds the database");
    database
}

static TAKEN: (Mutex<usize>, Condvar) = (Mutex::new(0), Condvar::new());

struct Seat;

impl Seat {
    fn take() -> Self {
        let (taken, freed) = &TAKEN;
        let mut taken = taken.lock();
        freed.wait_while(&mut taken, |taken| *taken >= SEATS);
        *taken += 1;
        Self
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        *TAKEN.0.lock() -= 1;
        TAKEN.1.notify_one();
    }
}
