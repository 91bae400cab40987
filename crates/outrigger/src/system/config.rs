//! What a system is started with.

use ambient::Ambient;
use fabric::{Between, Placement};
use std::{fmt, net::SocketAddr, path::PathBuf, time::Duration};

/// Where data lives.
#[derive(Clone)]
pub enum Where {
    /// In a folder, which is this process's alone.
    Directory(PathBuf),
    /// In memory: gone at the end.
    Memory,
    /// In a PostgreSQL database, `postgres://user:password@host:port/database`, which is this process's alone.
    Postgres(String),
}

/// Without the password that a database's address may carry.
impl fmt::Debug for Where {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Directory(folder) => f.debug_tuple("Directory").field(folder).finish(),
            Self::Memory => f.write_str("Memory"),
            Self::Postgres(_) => f.debug_tuple("Postgres").finish_non_exhaustive(),
        }
    }
}

/// How a database is used.
#[derive(Clone, Copy, Debug)]
pub struct Database {
    /// The most connections of each service.
    pub connections: u32,
    /// How long one statement may take; a call's deadline may be sooner.
    pub statement_timeout: Duration,
}

impl Default for Database {
    fn default() -> Self {
        Self { connections: 8, statement_timeout: Duration::from_secs(10) }
    }
}

/// What a system is started with.
#[derive(Clone)]
pub struct Config {
    /// Time, identifiers, dice.
    pub ambient: Ambient,
    pub data: Where,
    /// When data lives in one.
    pub database: Database,
    /// How the services reach each other.
    pub placement: Placement,
    /// What stands between services: tests lose and double calls there.
    pub between: Option<Between>,
    /// Where gRPC listens for the world; nowhere when absent.
    pub grpc: Option<SocketAddr>,
    /// Where metrics are shown to Prometheus; nowhere when absent.
    pub metrics: Option<SocketAddr>,
    /// How long ending may take. Half of it is for calls under way.
    pub grace: Duration,
    pub orders: orders::Settings,
    pub payments: payments::Settings,
    pub inventory: inventory::Settings,
    pub shipping: shipping::Settings,
    pub notifications: notifications::Settings,
    pub dashboard: dashboard::Settings,
}

impl Config {
    /// The services' usual settings, nothing listening.
    pub fn new(ambient: Ambient, data: Where, placement: Placement) -> Self {
        Self {
            ambient,
            data,
            database: Database::default(),
            placement,
            between: None,
            grpc: None,
            metrics: None,
            grace: Duration::from_secs(20),
            orders: orders::Settings::default(),
            payments: payments::Settings::default(),
            inventory: inventory::Settings::default(),
            shipping: shipping::Settings::default(),
            notifications: notifications::Settings::default(),
            dashboard: dashboard::Settings::default(),
        }
    }
}
