//! What can go wrong with a store, and what to do about it.

use sea_orm::DbErr;
use std::{path::PathBuf, time::Duration};

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
    /// The unit awaited something other than its `Tx`. Nothing of it was kept. On PostgreSQL this is noticed only by
    /// the time it takes.
    #[error("a unit of work may await only its Tx")]
    Suspended,
    /// The batch that this unit was part of could not be committed; on PostgreSQL, this unit alone, or it met too many
    /// others on the same rows. Nothing of it was kept, unless the disk itself failed: then the next start knows. Safe
    /// to try again under the same key.
    #[error("the commit failed: {0}")]
    CommitFailed(String),
    /// The database is not there. Nothing was kept. Safe to try again.
    #[error("the database is not there: {0}; nothing was kept")]
    Unavailable(String),
    /// The database went away during the commit and did not come back in time to say what became of it. Safe to try
    /// again only under the same key.
    #[error("the database went away during the commit, and whether it was kept is not known: {0}")]
    Unknown(String),
    /// The caller's deadline was over before the unit was committed. Nothing was kept.
    #[error("the deadline was over before the database had done it; nothing was kept")]
    Expired,
}

impl StoreError {
    /// Not the unit's fault and not for ever: who asks again later, under the same key, may be served. On the wire this
    /// is UNAVAILABLE, with [`StoreError::retry_after`] as its `RetryInfo`.
    pub fn is_unavailable(&self) -> bool {
        matches!(self, Self::Closed | Self::CommitFailed(_) | Self::Unavailable(_) | Self::Unknown(_))
    }

    /// How long it is worth waiting before asking again, where asking again is worth anything here.
    pub fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::CommitFailed(_) => Some(Duration::from_millis(200)),
            Self::Unavailable(_) | Self::Unknown(_) => Some(Duration::from_secs(1)),
            _ => None,
        }
    }
}

/// Why a place for data could not be opened. The messages say what to do, and none shows a password.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    #[error("{path}: there is no data here; name the place that `--data` was given when it was written")]
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
    #[error("the database's URL {reason}; write postgres://USER:PASSWORD@HOST:PORT/DATABASE")]
    Url { reason: String },
    #[error("{place}: cannot be reached ({reason}); start it, or correct the URL")]
    Unreachable { place: String, reason: String },
    #[error("{place}: in use by {holder}: stop it, or use --endpoint to ask it instead")]
    InUse { place: String, holder: String },
}

impl OpenError {
    /// It may be well in a moment without anybody changing a setting: worth waiting for, unready and saying so.
    pub fn is_temporary(&self) -> bool {
        matches!(self, Self::Unreachable { .. })
    }
}
