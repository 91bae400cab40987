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
    /// The running system to ask [env: OUTRIGGER_ENDPOINT] [default: http://127.0.0.1:50051].
    #[arg(long, value_name = "URL")]
    endpoint: Option<String>,
}

/// A running system, or data at rest.
#[derive(Clone, Debug, Args)]
pub struct Place {
    /// The running system to ask [env: OUTRIGGER_ENDPOINT] [default: http://127.0.0.1:50051].
    #[arg(long, value_name = "URL", conflicts_with = "data")]
    endpoint: Option<String>,
    /// Read the data in this folder instead, which no process is using.
    #[arg(long, value_name = "DIR")]
    pub data: Option<PathBuf>,
}

impl Running {
    /// Where it is.
    pub fn endpoint(&self) -> String {
        endpoint(self.endpoint.as_deref())
    }

    /// The way to it. Nothing has to answer yet.
    pub fn wire(&self, ambient: &Ambient) -> Result<Wire, Failure> {
        wire(&self.endpoint(), ambient)
    }
}

impl Place {
    /// Where the running system is, when no data at rest was named.
    pub fn endpoint(&self) -> String {
        endpoint(self.endpoint.as_deref())
    }

    /// The way to it. Nothing has to answer yet.
    pub fn wire(&self, ambient: &Ambient) -> Result<Wire, Failure> {
        wire(&self.endpoint(), ambient)
    }
}

/// The flag over the variable over the usual place. The variable is read here and not by clap, to which a variable that is
/// set would contradict a `--data` that was typed.
fn endpoint(flag: Option<&str>) -> String {
    flag.map(str::to_owned).or_else(|| variable("OUTRIGGER_ENDPOINT")).unwrap_or_else(|| ENDPOINT.to_owned())
}

/// What the environment says; nothing when that is empty.
pub fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|said| !said.is_empty())
}

/// The way to the system at `endpoint`.
pub fn wire(endpoint: &str, ambient: &Ambient) -> Result<Wire, Failure> {
    fabric::connect(endpoint, contract(), ambient.clone()).map_err(Failure::misuse)
}
