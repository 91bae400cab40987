//! Why settings cannot be used.

use super::Origin;
use std::path::PathBuf;

/// A setting that cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum SettingsError {
    /// The file is not there, or is not text.
    #[error("{path}: the settings cannot be read: {source}; name a file that is there with --config")]
    Unreadable { path: PathBuf, source: std::io::Error },
    /// The file is not TOML, or has a key that nobody knows.
    #[error("{path}, line {line}: {problem}")]
    File { path: PathBuf, line: usize, problem: String },
    /// There is no such variable, or it is not text.
    #[error("{name} (variable): {problem}")]
    Variable { name: String, problem: String },
    /// The value cannot be used.
    #[error("{key} ({origin}): {problem}")]
    Value { key: &'static str, origin: Origin, problem: String },
}
