//! What operators ask of a running system: `mesh.v1`.

use super::Books;
use api::mesh::v1::{
    ExportFactsRequest, ExportFactsResponse, GetMeshRequest, GetMeshResponse, ServiceInfo,
    mesh_service_server::MeshService,
};
use futures::{StreamExt, stream::BoxStream};
use store::StoreError;
use tonic::{Request, Response, Status};

/// Rows in one message.
const ROWS: usize = 500;

/// The mesh's own operations.
pub struct Operations {
    pub data: String,
    pub placement: &'static str,
    pub books: Books,
}

#[tonic::async_trait]
impl MeshService for Operations {
    async fn get_mesh(&self, _: Request<GetMeshRequest>) -> Result<Response<GetMeshResponse>, Status> {
        let mut services = Vec::new();
        for (name, store) in self.books.stores() {
            let stats = store.stats();
            services.push(ServiceInfo {
                name: name.to_owned(),
                placement: self.placement.to_owned(),
                units: stats.units.cast_signed(),
                commits: stats.commits.cast_signed(),
                statements: stats.statements.cast_signed(),
                parked_events: parked(name, store).await?,
            });
        }
        let version = env!("CARGO_PKG_VERSION").to_owned();
        Ok(Response::new(GetMeshResponse { version, data: self.data.clone(), services }))
    }

    type ExportFactsStream = BoxStream<'static, Result<ExportFactsResponse, Status>>;

    async fn export_facts(&self, _: Request<ExportFactsRequest>) -> Result<Response<Self::ExportFactsStream>, Status> {
        let pages = self.books.facts().chunks(ROWS).map(|rows| {
            let facts = rows.into_iter().collect::<Result<Vec<_>, StoreError>>().map_err(|error| unreadable(&error))?;
            Ok(ExportFactsResponse { facts })
        });
        Ok(Response::new(pages.boxed()))
    }
}

/// The gateway's file is not a service's: it takes in no events.
async fn parked(name: &str, store: &store::Store) -> Result<i64, Status> {
    if name == payments::GATEWAY {
        return Ok(0);
    }
    let parked = journal::parked::count(store).await.map_err(|error| unreadable(&error))?;
    Ok(parked.cast_signed())
}

fn unreadable(error: &StoreError) -> Status {
    Status::unavailable(format!("the rows cannot be read: {error}"))
}
