//! Why a feed cannot be read at all. What is wrong with single lines is a `Reason`, not an error.

use std::{io, path::PathBuf};

/// Why a feed cannot be read. Nothing of it was imported then: its form is checked before the first order.
#[derive(Debug, thiserror::Error)]
pub enum FeedError {
    #[error("{path}: there is no such file; give the path of a feed in CSV form")]
    Missing { path: PathBuf },
    #[error("{path}: is empty; a feed begins with the line {expected}")]
    Empty { path: PathBuf, expected: String },
    #[error("{path}: line 1 names other columns ({found}); a feed begins with the line {expected}")]
    OtherColumns { path: PathBuf, found: String, expected: String },
    #[error("{path}: line {line} is not UTF-8; convert the file first, e.g. with `iconv -f latin1 -t utf-8`")]
    NotUtf8 { path: PathBuf, line: u64 },
    #[error(
        "{path}: is cut off in line {line} (the last line has no end); get the whole file, or end that line if it is whole"
    )]
    Cut { path: PathBuf, line: u64 },
    #[error("{path}: line {line} is longer than 64 KiB; is this a feed in CSV form?")]
    TooLong { path: PathBuf, line: u64 },
    #[error("{path}: cannot be read: {source}")]
    Io { path: PathBuf, source: io::Error },
}
