//! How a command gets at a system: a running one by its endpoint, or data at rest.

use crate::{failure::Failure, system::contract};
use ambient::Ambient;
use clap::Args;
use fabric::Wire;
use std::path::PathBuf;

/// Where a running system answers when nothing else is said.
pub const ENDPOINT: &str = "http://127.0.0.1:50051";

/// A running system.
#[derive(Clone, Debug, Args)]
pub struct Running {
    /// The running system to ask.
    #[arg(long, env = "OUTRIGGER_ENDPOINT", default_value = ENDPOINT)]
    pub endpoint: String,
}

/// A running system, or data at rest.
#[derive(Clone, Debug, Args)]
pub struct Place {
    /// The running system to ask.
    #[arg(long, env = "OUTRIGGER_ENDPOINT", default_value = ENDPOINT, conflicts_with = "data")]
    pub endpoint: String,
    /// Read the data in this folder instead, which no process is using.
    #[arg(long, value_name = "DIR")]
    pub data: Option<PathBuf>,
}

impl Running {
    /// The way to it. Nothing has to answer yet.
    pub fn wire(&self, ambient: &Ambient) -> Result<Wire, Failure> {
        wire(&self.endpoint, ambient)
    }
}

/// The way to the system at `endpoint`.
pub fn wire(endpoint: &str, ambient: &Ambient) -> Result<Wire, Failure> {
    fabric::connect(endpoint, contract(), ambient.clone()).map_err(Failure::misuse)
}
