//! Where data lives: a folder with a file per service, a PostgreSQL database with a schema per service, or memory.
//!
//! A file per service is the isolation that services ask for (no service reads another's tables), and its writers wait
//! for the disk at the same time instead of one after the other. A schema is the same in PostgreSQL.

use crate::{
    OpenError, Postgres, Store,
    grouped::Grouped,
    lite::Lite,
    lock::Lock,
    migrate,
    parallel::Parallel,
    postgres::{self, Address, Ownership, Pool},
    stats::Counters,
    store::Engine,
};
use parking_lot::Mutex;
use sea_orm_migration::MigrationTrait;
use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
    sync::Arc,
};
use tokio::sync::watch;

/// A place for the data of all services of a process. Cloning shares it.
#[derive(Clone, Debug)]
pub struct Data(Place);

#[derive(Clone, Debug)]
enum Place {
    Folder {
        path: PathBuf,
        lock: Arc<Lock>,
        create: bool,
    },
    /// Databases by service. They live as long as the place, so that a service which is stopped, or whose tasks are
    /// dropped in the middle, finds at its next start what it had committed.
    Memory(Arc<Mutex<BTreeMap<&'static str, Disk>>>),
    Postgres(Arc<Server>),
}

#[derive(Debug)]
struct Server {
    address: Address,
    settings: Postgres,
    ownership: Arc<Ownership>,
    create: bool,
}

#[derive(Clone)]
struct Disk {
    lite: Arc<Lite>,
    turn: Arc<Mutex<()>>,
}

impl std::fmt::Debug for Disk {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Disk")
    }
}

impl Data {
    /// The folder `path`, created when missing, and this process's alone for as long as it or a store of it is open.
    ///
    /// # Errors
    /// [`OpenError::NotAFolder`], [`OpenError::Unwritable`], [`OpenError::Locked`].
    pub fn open(path: &Path) -> Result<Self, OpenError> {
        let new = !path.exists();
        match fs::create_dir_all(path) {
            Ok(()) => {}
            Err(_) if !new && !path.is_dir() => return Err(OpenError::NotAFolder { path: path.to_owned() }),
            Err(error) => {
                return Err(OpenError::Unwritable { path: path.to_owned(), reason: error.to_string() });
            }
        }
        if new {
            keep_entry(path);
        }
        Self::folder(path, true)
    }

    /// The folder `path` as [`Data::open`] left it: for commands that read data at rest. Creates nothing.
    ///
    /// # Errors
    /// As [`Data::open`], and [`OpenError::Missing`] when there is no such folder.
    pub fn open_existing(path: &Path) -> Result<Self, OpenError> {
        match path.metadata() {
            Ok(found) if found.is_dir() => Self::folder(path, false),
            Ok(_) => Err(OpenError::NotAFolder { path: path.to_owned() }),
            Err(_) => Err(OpenError::Missing { path: path.to_owned() }),
        }
    }

    fn folder(path: &Path, create: bool) -> Result<Self, OpenError> {
        let lock = Arc::new(Lock::take(path)?);
        Ok(Self(Place::Folder { path: path.to_owned(), lock, create }))
    }

    /// Memory: gone with the last clone. For tests and stories; under a paused clock everything here takes no time.
    pub fn memory() -> Self {
        Self(Place::Memory(Arc::default()))
    }

    /// The PostgreSQL database that `settings` name, and this process's alone for as long as it or a store of it is open.
    ///
    /// # Errors
    /// [`OpenError::Url`], [`OpenError::Unreachable`], [`OpenError::InUse`], [`OpenError::Unusable`].
    pub async fn postgres(settings: Postgres) -> Result<Self, OpenError> {
        Self::server(settings, true).await
    }

    /// The database as [`Data::postgres`] left it: for commands that read data at rest. Creates no schema.
    ///
    /// # Errors
    /// As [`Data::postgres`]; [`Data::store`] says [`OpenError::Missing`] when a service has no schema there.
    pub async fn postgres_existing(settings: Postgres) -> Result<Self, OpenError> {
        Self::server(settings, false).await
    }

    async fn server(settings: Postgres, create: bool) -> Result<Self, OpenError> {
        let address = Address::parse(&settings.url)?;
        postgres::check(&address).await?;
        let ownership = Ownership::take(&address).await?;
        Ok(Self(Place::Postgres(Arc::new(Server { address, settings, ownership, create }))))
    }

    /// The folder, when it is one: for what services keep beside their database.
    pub fn path(&self) -> Option<&Path> {
        match &self.0 {
            Place::Folder { path, .. } => Some(path),
            Place::Memory(_) | Place::Postgres(_) => None,
        }
    }

    /// Where it is, for people: a folder, "memory", or a database's URL without its password.
    pub fn place(&self) -> String {
        match &self.0 {
            Place::Folder { path, .. } => path.display().to_string(),
            Place::Memory(_) => "memory".to_owned(),
            Place::Postgres(server) => server.address.shown().to_owned(),
        }
    }

    /// Whether it is there, as far as is known: a database that went away is noticed within seconds, and is waited for by
    /// whoever needs it. Costs nothing to ask.
    pub fn is_reachable(&self) -> bool {
        match &self.0 {
            Place::Folder { .. } | Place::Memory(_) => true,
            Place::Postgres(server) => server.ownership.is_held(),
        }
    }

    /// Opens the database of `service` and applies those of `migrations` that it has not seen, each whole or not at
    /// all. Needs a tokio runtime.
    ///
    /// # Errors
    /// [`OpenError::Newer`] when the data knows a migration that is not among `migrations`;
    /// [`OpenError::Migration`], [`OpenError::Unusable`], [`OpenError::Unreachable`], and [`OpenError::Missing`] after
    /// [`Data::open_existing`] and [`Data::postgres_existing`].
    pub async fn store(
        &self,
        service: &'static str,
        migrations: Vec<Box<dyn MigrationTrait>>,
    ) -> Result<Store, OpenError> {
        let counters = Arc::default();
        let (engine, announcements) = match &self.0 {
            Place::Folder { path, lock, create } => {
                let path = path.join(format!("{service}.db"));
                file(service, path, lock, *create, migrations, &counters).await?
            }
            Place::Memory(disks) => {
                let Disk { lite, turn } = disk(disks, service)?;
                migrate::run(&lite, service, migrations).await?;
                let (engine, announcements) = Grouped::memory(lite, turn, Arc::clone(&counters));
                (Engine::Grouped(engine), announcements)
            }
            Place::Postgres(server) => server.engine(service, migrations, &counters).await?,
        };
        Ok(Store::new(service, engine, counters, announcements))
    }
}

type Opened = (Engine, watch::Receiver<u64>);

async fn file(
    service: &'static str,
    path: PathBuf,
    lock: &Arc<Lock>,
    create: bool,
    migrations: Vec<Box<dyn MigrationTrait>>,
    counters: &Arc<Counters>,
) -> Result<Opened, OpenError> {
    if !create && !path.exists() {
        return Err(OpenError::Missing { path });
    }
    let shown = path.display().to_string();
    let unusable = |reason: String| OpenError::Unusable { path: shown.clone(), reason };
    let lite = Arc::new(Lite::writer(&path).map_err(|error| unusable(error.to_string()))?);
    migrate::run(&lite, &shown, migrations).await?;
    let engine = Grouped::file(service, path, lite, Arc::clone(lock), Arc::clone(counters));
    let (engine, announcements) = engine.map_err(|error| unusable(error.to_string()))?;
    Ok((Engine::Grouped(engine), announcements))
}

impl Server {
    async fn engine(
        &self,
        service: &'static str,
        migrations: Vec<Box<dyn MigrationTrait>>,
        counters: &Arc<Counters>,
    ) -> Result<Opened, OpenError> {
        let Self { address, settings, ownership, create } = self;
        migrate::run_postgres(address, service, *create, migrations).await?;
        let pool = Pool::new(
            address.clone(),
            service,
            settings.connections,
            settings.statement_timeout,
            Arc::clone(ownership),
        );
        if *create {
            pool.depose().await?;
        }
        let (engine, announcements) = Parallel::new(pool, settings.deadline, Arc::clone(counters));
        Ok((Engine::Parallel(engine), announcements))
    }
}

fn disk(disks: &Mutex<BTreeMap<&'static str, Disk>>, service: &'static str) -> Result<Disk, OpenError> {
    let unusable = |error: sea_orm::DbErr| OpenError::Unusable { path: service.to_owned(), reason: error.to_string() };
    let mut disks = disks.lock();
    if let Some(disk) = disks.get(service) {
        let _turn = disk.turn.lock();
        disk.lite.recover().map_err(unusable)?;
        return Ok(disk.clone());
    }
    let disk = Disk { lite: Arc::new(Lite::memory().map_err(unusable)?), turn: Arc::default() };
    disks.insert(service, disk.clone());
    Ok(disk)
}

/// A new folder survives a power cut only once the folder around it is written. Where that cannot be asked for, it
/// happens by itself soon.
fn keep_entry(path: &Path) {
    if let Some(around) = path.canonicalize().ok().as_deref().and_then(Path::parent) {
        let _ = fs::File::open(around).and_then(|folder| folder.sync_all());
    }
}
