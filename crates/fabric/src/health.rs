//! The standard services of a port: health, and reflection over the contract with its policy options.

use crate::{HostError, Wire};
use policy::Contract;
use resilience::{Request, Response};
use std::{collections::HashMap, convert::Infallible};
use tonic::server::NamedService;
use tonic_health::{ServingStatus, server::HealthReporter};
use tower::{Service, ServiceExt};

/// The whole process: whether it takes calls at all. What a readiness probe asks.
pub const READY: &str = "";
/// Whether the process answers; it does until it ends, waiting and draining included. What a liveness probe asks.
pub const LIVE: &str = "live";

/// Whether the process and each of its services serve (grpc.health.v1).
pub struct Health {
    reporter: HealthReporter,
    wire: Wire,
    name: &'static str,
}

impl Health {
    /// The process serves; its services follow.
    pub fn new() -> Self {
        let (reporter, server) = tonic_health::server::health_reporter();
        let (name, wire) = bare(server);
        Self { reporter, wire, name }
    }

    /// A service serves, or no longer does.
    pub async fn set(&self, service: &str, serving: bool) {
        let status = if serving { ServingStatus::Serving } else { ServingStatus::NotServing };
        self.reporter.set_service_status(service, status).await;
    }

    /// Ends the streams of all who watch `services`, who have been told of the last change: what does not end by itself
    /// would hold up the end of a port for as long as its grace lasts. Those who ask later are answered as before.
    pub async fn end_watches(&self, services: impl IntoIterator<Item = &str>) {
        for service in services.into_iter().chain([READY]) {
            self.reporter.clone().clear_service_status(service).await;
            self.set(service, false).await;
        }
        self.reporter.clone().clear_service_status(LIVE).await;
        self.set(LIVE, true).await;
    }

    /// This and reflection, by their full names: what a port serves besides what is hosted.
    pub fn standard_services(&self, contract: &Contract) -> Result<HashMap<&'static str, Wire>, HostError> {
        let reflection = tonic_reflection::server::Builder::configure()
            .register_encoded_file_descriptor_set(contract.descriptors())
            .register_encoded_file_descriptor_set(tonic_health::pb::FILE_DESCRIPTOR_SET)
            .build_v1()
            .map_err(|error| HostError::Reflection(error.to_string()))?;
        Ok(HashMap::from([(self.name, self.wire.clone()), bare(reflection)]))
    }
}

/// A generated server as it is: these two answer for themselves.
fn bare<S>(service: S) -> (&'static str, Wire)
where
    S: Service<Request, Response = Response, Error = Infallible, Future: Send + 'static> + NamedService,
    S: Clone + Send + Sync + 'static,
{
    let never: fn(Infallible) -> tonic::Status = |error| match error {};
    (S::NAME, Wire::new(service.map_err(never)))
}
