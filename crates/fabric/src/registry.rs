//! What is hosted in this process, and how each is reached. Looked up at every call, so that the order in which services
//! start, stop and start again does not matter.

use crate::{HostError, Wire, listener::Listener};
use parking_lot::RwLock;
use std::{collections::HashMap, sync::Arc};
use tonic::transport::Channel;

/// The services of a process.
#[derive(Default)]
pub struct Registry(RwLock<Tables>);

#[derive(Default)]
struct Tables {
    /// By the full name of the gRPC service.
    services: HashMap<&'static str, Hosted>,
    /// By the name it is hosted under. Empty unless services talk over TCP.
    doors: HashMap<&'static str, Arc<Door>>,
}

#[derive(Clone)]
struct Hosted {
    name: &'static str,
    wire: Wire,
}

/// A service's own loopback port, and the connection that everybody in this process uses.
pub struct Door {
    pub listener: Listener,
    pub channel: Channel,
}

/// How a service is reached.
pub enum Route {
    /// It is in this process.
    Here(Wire),
    /// It is behind a socket.
    There(Channel),
}

impl Registry {
    /// Adds a service.
    pub fn add(&self, name: &'static str, service: &'static str, wire: Wire) -> Result<(), HostError> {
        let mut tables = self.0.write();
        match tables.services.get(service) {
            Some(hosted) => Err(HostError::Twice { name: hosted.name, service }),
            None => {
                tables.services.insert(service, Hosted { name, wire });
                Ok(())
            }
        }
    }

    /// Puts a door before all that is hosted as `name`; the door that was there, if any, stays.
    pub fn put_door(&self, name: &'static str, door: Arc<Door>) {
        self.0.write().doors.entry(name).or_insert(door);
    }

    /// The door of `name`.
    pub fn door(&self, name: &str) -> Option<Arc<Door>> {
        self.0.read().doors.get(name).cloned()
    }

    /// Takes away all that is hosted as `name`: the full names of its services, and its door.
    pub fn remove(&self, name: &str) -> (Vec<&'static str>, Option<Arc<Door>>) {
        let mut tables = self.0.write();
        let services = tables.services.iter().filter(|(_, hosted)| hosted.name == name).map(|(service, _)| *service);
        let services: Vec<_> = services.collect();
        services.iter().for_each(|service| drop(tables.services.remove(service)));
        (services, tables.doors.remove(name))
    }

    /// The full names of all services.
    pub fn services(&self) -> Vec<&'static str> {
        self.0.read().services.keys().copied().collect()
    }

    /// Names under which something is hosted.
    pub fn names(&self) -> Vec<&'static str> {
        let mut names: Vec<_> = self.0.read().services.values().map(|hosted| hosted.name).collect();
        names.sort_unstable();
        names.dedup();
        names
    }

    /// The way to a method of `name` from a caller in this process.
    pub fn route(&self, name: &str, path: &str) -> Option<Route> {
        let tables = self.0.read();
        if !tables.doors.is_empty()
            && let Some(door) = tables.doors.get(name)
        {
            return Some(Route::There(door.channel.clone()));
        }
        let hosted = tables.services.get(service_of(path)?).filter(|hosted| hosted.name == name)?;
        Some(Route::Here(hosted.wire.clone()))
    }

    /// The service that a path on a port leads to: any that is hosted, or of those under `name` only.
    pub fn find(&self, name: Option<&str>, path: &str) -> Option<Wire> {
        let tables = self.0.read();
        let hosted = tables.services.get(service_of(path)?)?;
        name.is_none_or(|name| name == hosted.name).then(|| hosted.wire.clone())
    }
}

/// `/package.Service/Method` → `package.Service`.
pub fn service_of(path: &str) -> Option<&str> {
    path.strip_prefix('/')?.split_once('/').map(|(service, _)| service)
}
