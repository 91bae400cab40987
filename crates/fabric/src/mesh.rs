//! The process's services and the way to each.

use crate::{
    HostError, Limits, Wire,
    client::Client,
    front::{Front, Gate},
    health::{self, Health},
    listener::Listener,
    registry::{Door, Registry},
    server::{self, Server},
    transport,
    way::{Between, Way},
};
use ambient::Ambient;
use parking_lot::Mutex;
use policy::Contract;
use std::{
    collections::HashMap,
    io,
    net::{IpAddr, Ipv4Addr, SocketAddr},
    sync::Arc,
};
use tonic::transport::Endpoint;

/// Any free port that only this machine reaches.
const LOOPBACK: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 0);

/// Where the services of one process meet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Placement {
    /// As functions of each other.
    InProcess,
    /// Each behind its own port on the loopback, over real HTTP/2: what a split into processes does to calls.
    Tcp,
}

/// The process's services and the way to each. Cloning shares it; dropping the last clone closes its ports, and wires of it
/// then find nothing.
#[derive(Clone)]
pub struct Mesh(Arc<Inner>);

struct Inner {
    contract: Contract,
    ambient: Ambient,
    placement: Placement,
    limits: Limits,
    registry: Arc<Registry>,
    health: Health,
    gate: Arc<Gate>,
    between: Mutex<Option<Between>>,
    wires: Mutex<HashMap<(&'static str, &'static str), Wire>>,
    ports: Mutex<Vec<Arc<Listener>>>,
}

impl Mesh {
    /// A mesh of nothing yet, with the usual limits on connections.
    pub fn new(contract: Contract, ambient: Ambient, placement: Placement) -> Self {
        Self::limited(contract, ambient, placement, Limits::default())
    }

    /// A mesh whose connections have limits of their own.
    pub fn limited(contract: Contract, ambient: Ambient, placement: Placement, limits: Limits) -> Self {
        Self(Arc::new(Inner {
            contract,
            ambient,
            placement,
            limits,
            registry: Arc::default(),
            health: Health::new(),
            gate: Arc::default(),
            between: Mutex::default(),
            wires: Mutex::default(),
            ports: Mutex::default(),
        }))
    }

    /// Hosts a generated server under a service's name, behind the server's stack. A name may host several; each is hosted
    /// once.
    pub async fn host<S: Server>(&self, name: &'static str, service: S) -> Result<(), HostError> {
        let inner = &*self.0;
        if !inner.contract.has_service(S::NAME) {
            return Err(HostError::NotInContract { service: S::NAME });
        }
        inner.registry.add(name, S::NAME, server::wire(name, service, &inner.contract, &inner.ambient))?;
        if inner.placement == Placement::Tcp && inner.registry.door(name).is_none() {
            match inner.open_door(name).await {
                Ok(door) => inner.registry.put_door(name, Arc::new(door)),
                Err(source) => {
                    inner.registry.remove(name);
                    return Err(HostError::Listen { address: LOOPBACK, source });
                }
            }
        }
        inner.health.set(S::NAME, true).await;
        Ok(())
    }

    /// Stops hosting `name`: its callers get UNAVAILABLE until it is hosted again. Calls under way finish.
    pub async fn withdraw(&self, name: &str) {
        let (services, door) = self.0.registry.remove(name);
        for service in services {
            self.0.health.set(service, false).await;
        }
        if let Some(door) = door {
            door.listener.drain().await;
        }
    }

    /// The way from `caller` to `callee`, through the client's stack. Where `callee` is gets looked up at each call, so it
    /// need not be hosted yet. All wires of the same pair share a retry budget and a breaker.
    pub fn wire(&self, caller: &'static str, callee: &'static str) -> Wire {
        let Inner { contract, ambient, registry, wires, between, .. } = &*self.0;
        let way = || {
            let way = Way::Mesh { registry: Arc::downgrade(registry), caller, callee };
            between.lock().as_ref().map_or(way.clone(), |between| between.around(callee, way))
        };
        let make = || Client { caller, callee, contract, ambient }.wire(way());
        wires.lock().entry((caller, callee)).or_insert_with(make).clone()
    }

    /// Puts `between` into the way of all wires that are asked for from now on.
    pub fn between(&self, between: Between) {
        *self.0.between.lock() = Some(between);
    }

    /// Lets nobody of the world in until [`Mesh::admit`]: health says that the process is not ready, and every other call is
    /// answered UNAVAILABLE with `why` and when to come again. The services reach each other all the same. May be said
    /// again with another reason.
    pub async fn hold(&self, why: impl Into<String>) {
        self.0.gate.close(why.into());
        self.0.health.set(health::READY, false).await;
    }

    /// Lets the world in: the process is ready.
    pub async fn admit(&self) {
        self.0.gate.open();
        self.0.health.set(health::READY, true).await;
    }

    /// Health says whether the process is ready, and nothing else changes: who comes is let in as before.
    pub async fn ready(&self, ready: bool) {
        self.0.health.set(health::READY, ready).await;
    }

    /// Opens a port for the world: all hosted services, those that are hosted later included, health and reflection. Port 0
    /// asks for a free one.
    pub async fn listen(&self, address: SocketAddr) -> Result<Listening, HostError> {
        let inner = &*self.0;
        let standard = inner.health.standard_services(&inner.contract)?;
        inner.health.set(health::LIVE, true).await;
        let front = Wire::of_stack(Front::world(Arc::downgrade(&inner.registry), standard, Arc::clone(&inner.gate)));
        let opened = Listener::open(address, front, inner.limits).await;
        let listener = Arc::new(opened.map_err(|source| HostError::Listen { address, source })?);
        inner.ports.lock().push(Arc::clone(&listener));
        let address = listener.address();
        tracing::info!(%address, "listening; without mutual TLS all who call here are `edge`, and `callers` does not bind them");
        Ok(Listening { address, listener, mesh: self.clone() })
    }

    /// Ends gracefully: health says so, clients are sent elsewhere, calls under way finish within the grace, and all ports
    /// close. Services are no longer hosted afterwards.
    pub async fn shutdown(&self) {
        self.0.stop_serving().await;
        let ports = std::mem::take(&mut *self.0.ports.lock());
        // The world first: what is under way there still needs the services among themselves.
        futures::future::join_all(ports.iter().map(|port| self.0.drain(port))).await;
        self.withdraw_all().await;
    }

    /// Stops hosting everything; ports stay open. Calls under way finish.
    pub async fn withdraw_all(&self) {
        let names = self.0.registry.names();
        futures::future::join_all(names.iter().map(|name| self.withdraw(name))).await;
    }
}

impl Inner {
    async fn open_door(&self, name: &'static str) -> io::Result<Door> {
        let front = Wire::of_stack(Front::door(Arc::downgrade(&self.registry), name));
        let listener = Listener::open(LOOPBACK, front, self.limits).await?;
        let address = format!("http://{}", listener.address());
        let endpoint = Endpoint::from_shared(address).map_err(io::Error::other)?;
        Ok(Door { listener, channel: transport::channel(endpoint) })
    }

    async fn stop_serving(&self) {
        self.health.set(health::READY, false).await;
        for service in self.registry.services() {
            self.health.set(service, false).await;
        }
    }

    /// True when all calls finished in time. Whoever only watches health is not waited for.
    async fn drain(&self, port: &Listener) -> bool {
        let watched = self.registry.services();
        let (in_time, ()) = futures::join!(port.drain(), self.health.end_watches(watched));
        in_time
    }
}

/// A port for the world. Dropping this leaves it open; it closes with its mesh.
pub struct Listening {
    /// Where it listens, the port that the system chose included.
    pub address: SocketAddr,
    listener: Arc<Listener>,
    mesh: Mesh,
}

impl Listening {
    /// Ends gracefully: health says not serving, clients get GOAWAY, calls under way finish within the grace, and the port
    /// closes. True when all finished in time. What is hosted stays hosted for callers in this process.
    pub async fn drain(self) -> bool {
        self.mesh.0.stop_serving().await;
        self.mesh.0.drain(&self.listener).await
    }
}
