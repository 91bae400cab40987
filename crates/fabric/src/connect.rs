//! A client of a running system: the same stack around a connection to its port.

use crate::{ConnectError, Wire, callers::EDGE, client::Client, transport, way::Way};
use ambient::Ambient;
use policy::Contract;
use tonic::transport::Endpoint;

/// A wire to the system at `endpoint` (`http://host:port`, or `host:port`), which sees its caller as "edge". Nothing has to
/// answer yet: a call finds out, as UNAVAILABLE. Must be called within a runtime.
pub fn connect(endpoint: &str, contract: Contract, ambient: Ambient) -> Result<Wire, ConnectError> {
    let error = |problem: String| ConnectError { endpoint: endpoint.to_owned(), problem };
    let address = if endpoint.contains("://") { endpoint.to_owned() } else { format!("http://{endpoint}") };
    let uri: http::Uri = address.parse().map_err(|problem: http::uri::InvalidUri| error(problem.to_string()))?;
    if uri.scheme_str() != Some("http") {
        return Err(error("only http:// is spoken".to_owned()));
    }
    if uri.host().is_none_or(str::is_empty) || uri.port_u16().is_none() {
        return Err(error("it needs a host and a port".to_owned()));
    }
    let channel = transport::channel(Endpoint::from(uri));
    let client = Client { caller: EDGE, callee: "outrigger", contract: &contract, ambient: &ambient };
    Ok(client.wire(Way::World(channel)))
}
