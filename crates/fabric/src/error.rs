//! Why a service cannot be hosted or a system cannot be reached. Found at start, so each says what to do.

use std::{io, net::SocketAddr};

/// A service was not hosted, or a port not opened.
#[derive(Debug, thiserror::Error)]
pub enum HostError {
    /// A service of that name is hosted already.
    #[error("{service} is hosted already (as {name}): host each service once, or withdraw it first")]
    Twice {
        /// Under this name.
        name: &'static str,
        /// The gRPC service, by its full name.
        service: &'static str,
    },
    /// The contract does not have the service, so it has no policy (I11).
    #[error("{service} is not in the contract: embed the descriptors of the .proto file that declares it")]
    NotInContract {
        /// The gRPC service, by its full name.
        service: &'static str,
    },
    /// The port could not be opened.
    #[error("cannot listen on {address}: {source}; choose another address or port")]
    Listen {
        /// The address asked for.
        address: SocketAddr,
        /// What the system says.
        source: io::Error,
    },
    /// The contract's descriptors cannot be served by reflection.
    #[error("the contract's descriptors cannot be served by reflection: {0}")]
    Reflection(String),
}

/// An endpoint's address makes no sense.
#[derive(Debug, thiserror::Error)]
#[error("{endpoint:?} is no address of a system: {problem}; give it as http://host:port")]
pub struct ConnectError {
    /// What was given.
    pub endpoint: String,
    /// What is wrong with it.
    pub problem: String,
}
