//! A folder is one process's at a time: an exclusive lock on a file in it, with the process's number inside.
//!
//! The operating system lets go of it when the process ends, however it ends.

use crate::OpenError;
use std::{
    fs::{File, OpenOptions, TryLockError},
    io::{self, Read, Seek, Write},
    path::Path,
};

const NAME: &str = "outrigger.lock";

/// Held while it lives.
#[derive(Debug)]
pub(crate) struct Lock(#[expect(dead_code, reason = "held for its lock")] File);

impl Lock {
    /// Takes the folder, or says who has it.
    pub fn take(folder: &Path) -> Result<Self, OpenError> {
        let unwritable =
            |error: io::Error| OpenError::Unwritable { path: folder.to_owned(), reason: error.to_string() };
        let mut options = OpenOptions::new();
        // Not truncated: until the lock is ours, the number in it is another's.
        let file = options.read(true).write(true).create(true).truncate(false).open(folder.join(NAME));
        let mut file = file.map_err(unwritable)?;
        match file.try_lock() {
            Ok(()) => sign(&mut file).map_err(unwritable)?,
            Err(TryLockError::WouldBlock) => {
                return Err(OpenError::Locked { path: folder.to_owned(), holder: holder(&mut file) });
            }
            Err(TryLockError::Error(error)) => return Err(unwritable(error)),
        }
        Ok(Self(file))
    }
}

fn sign(file: &mut File) -> io::Result<()> {
    file.set_len(0)?;
    file.rewind()?;
    writeln!(file, "{}", std::process::id())
}

fn holder(file: &mut File) -> String {
    let mut text = String::new();
    let read = file.read_to_string(&mut text);
    if read.is_ok() && !text.trim().is_empty() { text.trim().to_owned() } else { "unknown".to_owned() }
}
