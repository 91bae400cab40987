//! Places for data, one of each kind.

use servers::Database;
use store::{Data, Postgres};

/// A place, empty at first, and gone with this value.
pub struct Home {
    pub data: Data,
    kind: Kind,
}

enum Kind {
    Folder(tempfile::TempDir),
    Memory,
    Database(Database),
}

impl Home {
    fn folder() -> Self {
        let folder = tempfile::tempdir().unwrap();
        Self { data: Data::open(folder.path()).unwrap(), kind: Kind::Folder(folder) }
    }

    fn memory() -> Self {
        Self { data: Data::memory(), kind: Kind::Memory }
    }

    /// A database, where there is a server; where there is none, that is said.
    async fn database() -> Option<Self> {
        let test = std::thread::current().name().unwrap_or("a test without a name").to_owned();
        let database = Database::new(&test)?;
        let data = Data::postgres(postgres(&database)).await.unwrap();
        Some(Self { data, kind: Kind::Database(database) })
    }

    /// The same place in another life, as soon as the last one has let go of it.
    pub async fn again(self) -> Self {
        let Self { data, kind } = self;
        if matches!(kind, Kind::Memory) {
            return Self { data, kind };
        }
        drop(data);
        loop {
            let opened = match &kind {
                Kind::Folder(folder) => Data::open(folder.path()),
                Kind::Database(database) => Data::postgres(postgres(database)).await,
                Kind::Memory => unreachable!("memory was returned as it is"),
            };
            match opened {
                Ok(data) => return Self { data, kind },
                Err(store::OpenError::Locked { .. } | store::OpenError::InUse { .. }) => {
                    tokio::time::sleep(std::time::Duration::from_millis(20)).await;
                }
                Err(error) => panic!("{error}"),
            }
        }
    }
}

fn postgres(database: &Database) -> Postgres {
    Postgres { connections: 4, ..Postgres::new(database.url()) }
}

/// A place of each kind.
pub async fn places() -> Vec<Home> {
    let mut homes = lasting().await;
    homes.push(Home::memory());
    homes
}

/// A place of each kind that outlives its process.
pub async fn lasting() -> Vec<Home> {
    let mut homes = vec![Home::folder()];
    homes.extend(Home::database().await);
    homes
}
