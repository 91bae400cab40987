//! What every command is told.

use crate::show::Output;
use std::path::PathBuf;

/// What every command is told.
#[derive(Clone, Debug)]
pub struct Context {
    /// For people or for programs.
    pub output: Output,
    /// The settings file that was named.
    pub config: Option<PathBuf>,
}
