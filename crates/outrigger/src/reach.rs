//! How a command gets at a system: a running one by its endpoint, or data at rest.

use crate::{
    context::Context,
    failure::Failure,
    settings::{Settings, variable},
    system::{Books, Config, Where, contract},
};
use ambient::Ambient;
use clap::Args;
use fabric::{Placement, Wire};

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
    /// Read the data at this place instead, a folder or postgres://user@host:port/database, which no process is using:
    /// nothing is made or changed there. A running system is asked without this.
    #[arg(long, value_name = "DIR|URL")]
    data: Option<String>,
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
    /// The books of the data at rest that was named; none when a running system is to be asked.
    pub async fn books(&self, context: &Context) -> Result<Option<Books>, Failure> {
        let Some(data) = &self.data else { return Ok(None) };
        let mut settings = Settings::load(context.config.as_deref()).map_err(Failure::misuse)?;
        settings.flag("data", Some(data.as_str()));
        let place = settings.data().map_err(Failure::misuse)?.map_or(Where::Memory, |data| data.value);
        let mut config = Config::new(Ambient::system(), place, Placement::InProcess);
        settings.apply(&mut config).map_err(Failure::misuse)?;
        let books = Books::at_rest(&config).await;
        books.map(Some).map_err(|error| Failure::Misuse(format!("data ({}): {error}", settings.origin("data"))))
    }

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

/// The way to the system at `endpoint`.
pub fn wire(endpoint: &str, ambient: &Ambient) -> Result<Wire, Failure> {
    fabric::connect(endpoint, contract(), ambient.clone()).map_err(Failure::misuse)
}
