//! What a system is started with.

use ambient::Ambient;
use fabric::{Between, Placement};
use std::{net::SocketAddr, path::PathBuf};

/// Where data lives.
#[derive(Clone, Debug)]
pub enum Where {
    /// In a folder, which is this process's alone.
    Directory(PathBuf),
    /// In memory: gone at the end.
    Memory,
}

/// What a system is started with.
pub struct Config {
    /// Time, identifiers, dice.
    pub ambient: Ambient,
    pub data: Where,
    /// How the services reach each other.
    pub placement: Placement,
    /// What stands between services: tests lose and double calls there.
    pub between: Option<Between>,
    /// Where gRPC listens for the world; nowhere when absent.
    pub grpc: Option<SocketAddr>,
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
            placement,
            between: None,
            grpc: None,
            orders: orders::Settings::default(),
            payments: payments::Settings::default(),
            inventory: inventory::Settings::default(),
            shipping: shipping::Settings::default(),
            notifications: notifications::Settings::default(),
            dashboard: dashboard::Settings::default(),
        }
    }
}
