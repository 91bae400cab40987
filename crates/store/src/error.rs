//! What can go wrong with a store, and what to do about it.

use sea_orm::DbErr;
use std::path::PathBuf;

/// Why a unit or a read has no result.
#[derive(Clone, Debug, thiserror::Error)]
pub enum StoreError {
    /// A statement failed, or the unit said so itself. Nothing of the unit was kept.
    #[error("the store refused a statement: {0}")]
    Db(#[from] DbErr),
    /// The store was closed. The unit never ran.
    #[error("the store is closed")]
    Closed,
    /// The unit panicked. Nothing of it was kept; other units are untouched.
    #[error("a unit of work panicked: {0}")]
    Panicked(String),
    /// The unit awaited something other than its `Tx`. Nothing of it was kept.
    #[error("a unit of work may await only its Tx")]
    Suspended,
    /// The batch that this unit was part of could not be committed. Nothing of it was kept, unless the disk itself
    /// failed: then the next start knows. Safe to try again under the same key.
    #[error("the commit failed: {0}")]
    CommitFailed(String),
}

/// Why a place for data could not be opened. The messages say what to do.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    #[error("{path}: there is no data here; name the folder that `--data` was given when it was written")]
    Missing { path: PathBuf },
    #[error("{path}: is not a folder; name a folder, or remove the file")]
    NotAFolder { path: PathBuf },
    #[error("{path}: cannot be written ({reason}); make it writable, or choose another folder with --data")]
    Unwritable { path: PathBuf, reason: String },
    #[error("{path}: locked by process {holder}: stop it, or use --endpoint to ask it instead")]
    Locked { path: PathBuf, holder: String },
    #[error("{path}: written by a newer version of this program (it knows {unknown}); use that version")]
    Newer { path: String, unknown: String },
    #[error("{path}: bringing the tables up to date failed, nothing was changed: {source}")]
    Migration { path: String, source: DbErr },
    #[error("{path}: is not a database this program can use: {reason}")]
    Unusable { path: String, reason: String },
}
