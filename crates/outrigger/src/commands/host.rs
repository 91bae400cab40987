//! What commands that run a system have in context: its configuration, its start, and the wish to stop it.

use crate::{
    context::Context,
    failure::Failure,
    settings::{self, File},
    system::{Config, StartError, System, Where},
};
use ambient::Ambient;
use clap::Args;
use fabric::Placement;
use std::{
    net::{IpAddr, Ipv4Addr, SocketAddr},
    path::{Path, PathBuf},
};
use tokio::signal::unix::{Signal, SignalKind, signal};

const PORT: u16 = 50_051;
const HTTP_PORT: u16 = 8_080;

/// Where a system that serves listens.
#[derive(Clone, Debug, Args)]
pub struct Listen {
    /// The address for gRPC and the page [default: 127.0.0.1].
    #[arg(long, env = "OUTRIGGER_ADDRESS")]
    pub address: Option<IpAddr>,
    /// The port of gRPC; 0 takes a free one [default: 50051].
    #[arg(long, env = "OUTRIGGER_PORT")]
    pub port: Option<u16>,
    /// The port of the page; 0 takes a free one [default: 8080].
    #[arg(long, env = "OUTRIGGER_HTTP_PORT", value_name = "PORT")]
    pub http_port: Option<u16>,
}

impl Listen {
    /// Puts what was said, or else set, or else usual, into `config`.
    pub fn apply(&self, file: &File, config: &mut Config) {
        let address = self.address.or(file.address).unwrap_or(IpAddr::V4(Ipv4Addr::LOCALHOST));
        let at = |port: Option<u16>, set: Option<u16>, usual| SocketAddr::new(address, port.or(set).unwrap_or(usual));
        config.grpc = Some(at(self.port, file.port, PORT));
        config.dashboard.http = Some(at(self.http_port, file.http_port, HTTP_PORT));
    }
}

/// The settings as written.
pub fn settings(context: &Context) -> Result<File, Failure> {
    settings::load(context.config.as_deref()).map_err(Failure::misuse)
}

/// A configuration with what is written applied: everything in this process, on a folder.
pub fn config(file: &File, folder: &Path) -> Result<Config, Failure> {
    let mut config = Config::new(Ambient::system(), Where::Directory(folder.to_owned()), Placement::InProcess);
    file.apply(&mut config).map_err(Failure::misuse)?;
    Ok(config)
}

/// The folder that was named, or set, or else the usual one.
pub fn folder(named: Option<PathBuf>, file: &File, usual: &str) -> PathBuf {
    named.or_else(|| file.data.clone()).unwrap_or_else(|| PathBuf::from(usual))
}

/// Starts a system.
pub async fn start(config: Config) -> Result<System, Failure> {
    System::start(config).await.map_err(|error| Failure::Misuse(advice(&error)))
}

fn advice(error: &StartError) -> String {
    let text = error.to_string();
    match error {
        StartError::Host(_) => format!("{text}\n  Another port is chosen with --port; 0 takes a free one."),
        StartError::Dashboard(_) => format!("{text}\n  Another port for the page is chosen with --http-port."),
        _ => text,
    }
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
