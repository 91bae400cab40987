//! What commands that run a system have in context: its configuration, its start, its end, and the wish to stop it.

use crate::{
    context::Context,
    failure::Failure,
    settings::{Origin, Settings, values, variable},
    system::{Config, StartError, System, Where},
};
use ambient::Ambient;
use clap::Args;
use fabric::{HostError, Placement};
use std::{
    io,
    net::{IpAddr, Ipv4Addr, SocketAddr},
    path::PathBuf,
    time::Duration,
};
use tokio::signal::unix::{Signal, SignalKind, signal};

const PORT: u16 = 50_051;
const HTTP_PORT: u16 = 8_080;
const METRICS_PORT: u16 = 9_464;

/// The usual place of data.
pub const FOLDER: &str = "outrigger-data";

/// Where a system that serves listens, and how it ends.
#[derive(Clone, Debug, Args)]
pub struct Listen {
    /// The address for gRPC, the page and the metrics [env: OUTRIGGER_ADDRESS] [default: 127.0.0.1].
    #[arg(long, value_name = "IP")]
    pub address: Option<String>,
    /// The port of gRPC; 0 takes a free one [env: OUTRIGGER_PORT] [default: 50051].
    #[arg(long)]
    pub port: Option<String>,
    /// The port of the page; 0 takes a free one [env: OUTRIGGER_HTTP_PORT] [default: 8080].
    #[arg(long, value_name = "PORT")]
    pub http_port: Option<String>,
    /// The port of the metrics, for Prometheus at /metrics; 0 takes a free one [env: OUTRIGGER_METRICS_PORT] [default:
    /// 9464].
    #[arg(long, value_name = "PORT")]
    pub metrics_port: Option<String>,
    /// How long ending may take: calls under way finish within half of it, and what is unfinished then goes on at the
    /// next start [env: OUTRIGGER_GRACE] [default: 20s].
    #[arg(long, value_name = "TIME")]
    pub grace: Option<String>,
}

impl Listen {
    /// A port was asked for, by a flag.
    pub fn is_wanted(&self) -> bool {
        [&self.port, &self.http_port, &self.metrics_port].into_iter().any(Option::is_some)
    }

    /// What was typed stands over what is set.
    pub fn put(self, settings: &mut Settings) {
        settings.flag("address", self.address);
        settings.flag("port", self.port);
        settings.flag("http_port", self.http_port);
        settings.flag("metrics_port", self.metrics_port);
        settings.flag("grace", self.grace);
    }
}

/// The settings as written.
pub fn settings(context: &Context) -> Result<Settings, Failure> {
    Settings::load(context.config.as_deref()).map_err(Failure::misuse)
}

/// A configuration with what is set applied: everything in this process, at the place that is set or else the usual one.
/// Nothing listens.
pub fn config(settings: &Settings, usual: &str) -> Result<Config, Failure> {
    let data = settings.data().map_err(Failure::misuse)?;
    let data = data.map_or_else(|| Where::Directory(PathBuf::from(usual)), |data| data.value);
    let mut config = Config::new(Ambient::system(), data, Placement::InProcess);
    settings.apply(&mut config).map_err(Failure::misuse)?;
    if let Some(grace) = settings.get("grace", values::some_time).map_err(Failure::misuse)? {
        config.grace = grace.value;
    }
    Ok(config)
}

/// Has the system listen where it is set, or else usual.
pub fn listen(settings: &Settings, config: &mut Config) -> Result<(), Failure> {
    let address = settings.get("address", values::address).map_err(Failure::misuse)?;
    let address = address.map_or(IpAddr::V4(Ipv4Addr::LOCALHOST), |address| address.value);
    let at = |key, usual| -> Result<Option<SocketAddr>, Failure> {
        let port = settings.get(key, values::port).map_err(Failure::misuse)?;
        Ok(Some(SocketAddr::new(address, port.map_or(usual, |port| port.value))))
    };
    config.grpc = at("port", PORT)?;
    config.dashboard.http = at("http_port", HTTP_PORT)?;
    config.metrics = at("metrics_port", METRICS_PORT)?;
    Ok(())
}

/// Starts a system at once or not at all.
pub async fn start(settings: &Settings, config: Config) -> Result<System, Failure> {
    System::start(config).await.map_err(|error| refused(settings, &error))
}

/// Why a system did not start, with the setting that is to be changed and where it comes from.
pub fn refused(settings: &Settings, error: &StartError) -> Failure {
    let about = |key: &str, more: &str| {
        let origin = settings.origin(key);
        let text = match origin {
            Origin::Usual if error.open().is_some() => error.to_string(),
            origin => format!("{key} ({origin}): {error}"),
        };
        Failure::Misuse(text + more)
    };
    match error {
        _ if error.open().is_some() => about("data", ""),
        StartError::Host(HostError::Listen { source, .. }) | StartError::Metrics(HostError::Listen { source, .. })
            if source.kind() == io::ErrorKind::AddrNotAvailable =>
        {
            about("address", "\n  An address of this machine's is chosen with --address.")
        }
        StartError::Host(_) => about("port", "\n  Another port is chosen with --port; 0 takes a free one."),
        StartError::Page { .. } => {
            about("http_port", "\n  Another port for the page is chosen with --http-port; 0 takes a free one.")
        }
        StartError::Metrics(_) => {
            about("metrics_port", "\n  Another port for the metrics is chosen with --metrics-port; 0 takes a free one.")
        }
        StartError::Notifications(notifications::StartError::Post(why)) => match why {
            notifications::PostError::From(_) => about("notifications.from", ""),
            _ => about("notifications.smtp", ""),
        },
        _ => Failure::misuse(error),
    }
}

/// Ends a system: gracefully, within its grace, or at once when somebody wishes that again. Whatever is not finished then
/// was recorded, and goes on at the next start.
pub async fn end(system: &System, grace: Duration, stop: &mut Stop) {
    tokio::select! {
        ended = tokio::time::timeout(grace, system.shutdown()) => {
            if ended.is_err() {
                tracing::warn!(grace_seconds = grace.as_secs(), "not everything ended in time; it goes on at the next start");
            }
        }
        () = stop.wished() => tracing::warn!("ended at once, as wished; what was under way goes on at the next start"),
    }
}

/// Where traces go and how many of them, as OpenTelemetry's variables say; none when nowhere.
pub fn traces() -> Option<String> {
    let traces = telemetry::Settings::read(variable).ok()??;
    let sampler = variable("OTEL_TRACES_SAMPLER").unwrap_or_else(|| "parentbased_always_on".to_owned());
    let share = variable("OTEL_TRACES_SAMPLER_ARG").map_or_else(String::new, |share| format!(" {share}"));
    Some(format!("{}   ({sampler}{share})", traces.endpoint))
}

/// The wish of a person or a supervisor that the program ends: SIGINT or SIGTERM.
pub struct Stop {
    interrupt: Signal,
    terminate: Signal,
}

impl Stop {
    /// From now on these signals no longer end the process at once.
    pub fn listen() -> Result<Self, Failure> {
        let on = |kind| signal(kind).map_err(|error| Failure::Misuse(format!("signals cannot be heard: {error}")));
        Ok(Self { interrupt: on(SignalKind::interrupt())?, terminate: on(SignalKind::terminate())? })
    }

    /// Returns when it is wished.
    pub async fn wished(&mut self) {
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
        }
    }
}
