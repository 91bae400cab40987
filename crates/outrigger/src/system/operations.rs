//! What operators ask of a running system: `mesh.v1`.

use super::Books;
use api::mesh::v1::{
    ExportFactsRequest, ExportFactsResponse, GetMeshRequest, GetMeshResponse, ServiceInfo,
    mesh_service_server::MeshService,
};
use fabric::status;
use futures::{StreamExt, TryStreamExt, stream::BoxStream};
use store::StoreError;
use tonic::{Code, Request, Response, Status};

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
        // The first error ends it: what comes behind would only wait for the same database.
        let pages = self.books.facts().try_chunks(ROWS).map(|page| match page {
            Ok(facts) => Ok(ExportFactsResponse { facts }),
            Err(broken) => Err(unreadable(&broken.1)),
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
    let message = format!("the rows cannot be read: {error}");
    match error.retry_after() {
        Some(after) => status::retry_later(Code::Unavailable, message, after),
        None => Status::unavailable(message),
    }
}
