//! What runs behind an entrance: a place for data, a bus, and the services on both. May be tried again when it could not
//! be started for a while.

use super::{
    books::Books,
    config::{Config, Where},
    entrance::Entrance,
    error::StartError,
    measures,
    operations::Operations,
    place,
    presence::Presence,
    services::Services,
};
use api::mesh::v1::mesh_service_server::MeshServiceServer;
use fabric::Placement;
use journal::Bus;

/// The name under which the mesh's own operations are hosted.
pub const OPERATIONS: &str = "mesh";

/// What runs behind an entrance.
pub struct Running {
    pub bus: Bus,
    pub services: Services,
    pub books: Books,
    /// Where data lives, without a password.
    pub place: String,
    /// Whether the database is there.
    pub presence: Presence,
}

impl Running {
    /// Starts everything, and lets the world in.
    ///
    /// # Errors
    /// [`StartError`]; nothing of it runs then, and the entrance is as it was.
    pub async fn start(entrance: &Entrance, config: &Config) -> Result<Self, StartError> {
        let data = place::open(config).await?;
        let mut config = config.clone();
        config.dashboard.socket = entrance.page_socket();
        let (mesh, bus) = (entrance.mesh(), Bus::embedded(config.ambient.clone()));
        let services = Services::start(&config, &data, mesh, &bus).await?;
        let (books, place) = (services.books(), data.place());
        let placement = placement_name(config.placement);
        let operations = Operations { data: place.clone(), placement, books: books.clone() };
        mesh.host(OPERATIONS, MeshServiceServer::new(operations)).await?;
        measures::register(entrance.measures(), &books, &bus, &services.orders, &config.ambient);
        entrance.admit().await;
        let presence = match &config.data {
            Where::Postgres(_) => Presence::watched(data, mesh.clone()),
            Where::Directory(_) | Where::Memory => Presence::certain(),
        };
        Ok(Self { bus, services, books, place, presence })
    }
}

const fn placement_name(placement: Placement) -> &'static str {
    match placement {
        Placement::InProcess => "in-process",
        Placement::Tcp => "loopback",
    }
}
