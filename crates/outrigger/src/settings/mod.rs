//! What may be set and from where: flags over `OUTRIGGER_*` variables over `outrigger.toml`. Nothing is ignored in
//! silence: an unknown key is an error that names file and line (I11).

mod apply;
mod file;

pub use file::{File, SettingsError};

use std::path::{Path, PathBuf};

/// Read when it is there and no other file is named.
const USUAL_FILE: &str = "outrigger.toml";

/// The file's and the variables' settings, the variables first.
///
/// # Errors
/// [`SettingsError`]; also when a file that was named is not there.
pub fn load(named: Option<&Path>) -> Result<File, SettingsError> {
    let file = match named {
        Some(path) => Some(path.to_owned()),
        None => Some(PathBuf::from(USUAL_FILE)).filter(|path| path.exists()),
    };
    let from_file = file.map_or_else(|| Ok(toml::Table::new()), |path| file::read(&path))?;
    file::overlay(from_file, |variable| std::env::var(variable).ok())
}
