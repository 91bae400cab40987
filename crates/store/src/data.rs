//! Where data lives: a folder with a file per service, or memory.
//!
//! A file per service is the isolation that services ask for (no service reads another's tables), and its writers wait
//! for the disk at the same time instead of one after the other.

use crate::{OpenError, Store, lite::Lite, lock::Lock, migrate};
use parking_lot::Mutex;
use sea_orm_migration::MigrationTrait;
use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
    sync::Arc,
};

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

    /// The folder, when it is one: for what services keep beside their database.
    pub fn path(&self) -> Option<&Path> {
        match &self.0 {
            Place::Folder { path, .. } => Some(path),
            Place::Memory(_) => None,
        }
    }

    /// Opens the database of `service` and applies those of `migrations` that it has not seen, each whole or not at
    /// all. Needs a tokio runtime.
    ///
    /// # Errors
    /// [`OpenError::Newer`] when the data knows a migration that is not among `migrations`;
    /// [`OpenError::Migration`], [`OpenError::Unusable`], and [`OpenError::Missing`] after [`Data::open_existing`].
    pub async fn store(
        &self,
        service: &'static str,
        migrations: Vec<Box<dyn MigrationTrait>>,
    ) -> Result<Store, OpenError> {
        match &self.0 {
            Place::Folder { path, lock, create } => {
                let path = path.join(format!("{service}.db"));
                if !create && !path.exists() {
                    return Err(OpenError::Missing { path });
                }
                let shown = path.display().to_string();
                let unusable = |reason: String| OpenError::Unusable { path: shown.clone(), reason };
                let lite = Arc::new(Lite::writer(&path).map_err(|error| unusable(error.to_string()))?);
                migrate::run(&lite, &shown, migrations).await?;
                Store::file(service, path, lite, Arc::clone(lock)).map_err(|error| unusable(error.to_string()))
            }
            Place::Memory(disks) => {
                let Disk { lite, turn } = disk(disks, service)?;
                migrate::run(&lite, service, migrations).await?;
                Ok(Store::memory(service, lite, turn))
            }
        }
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
