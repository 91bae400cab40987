//! The way in: decodes and checks requests, has them decided and recorded, and answers.

mod cancel;
mod place;
mod read;
mod resolve;
mod returns;
mod status;
mod watch;

use crate::{
    Settings,
    catalogue::Catalogue,
    domain::Order,
    hub::Hub,
    plan::{OrderPlan, ReturnPlan},
    store::{self as rows, Secret},
};
use ambient::Ambient;
use api::order::v1::{
    CancelOrderRequest, CancelOrderResponse, GetOrderRequest, GetOrderResponse, ListOrdersRequest, ListOrdersResponse,
    ListParkedRequest, ListParkedResponse, PlaceOrderRequest, PlaceOrderResponse, ResolveOrderRequest,
    ResolveOrderResponse, ReturnItemsRequest, ReturnItemsResponse, WatchOrderRequest, WatchOrderResponse,
    order_service_server::OrderService,
};
use futures::stream::BoxStream;
use saga::Engine;
use std::sync::Arc;
use store::Store;
use tokio_util::sync::CancellationToken;
use tonic::{Request, Response, Status};

/// OrderService. Cloning shares it.
#[derive(Clone)]
pub struct Api(pub Arc<Inner>);

/// What handlers work with.
pub struct Inner {
    pub ambient: Ambient,
    pub store: Store,
    pub orders: Engine<OrderPlan>,
    pub returns: Engine<ReturnPlan>,
    pub hub: Arc<Hub>,
    pub catalogue: Catalogue,
    pub secret: Secret,
    pub settings: Settings,
    /// Ends streams when the service ends.
    pub stop: CancellationToken,
}

impl Inner {
    /// An order, whole, as it stands.
    async fn order(&self, order_id: &str) -> Result<Order, Status> {
        status::may_exist(order_id)?;
        let found = self.store.read(order_id.to_owned(), |tx, id| Box::pin(rows::find(tx, id))).await;
        found.map_err(status::store)?.ok_or_else(|| status::no_order(order_id))
    }
}

#[tonic::async_trait]
impl OrderService for Api {
    type WatchOrderStream = BoxStream<'static, Result<WatchOrderResponse, Status>>;

    async fn place_order(&self, request: Request<PlaceOrderRequest>) -> Result<Response<PlaceOrderResponse>, Status> {
        place::place(&self.0, fabric::caller(&request).to_owned(), request.into_inner()).await
    }

    async fn get_order(&self, request: Request<GetOrderRequest>) -> Result<Response<GetOrderResponse>, Status> {
        read::get(&self.0, request.into_inner()).await.map(Response::new)
    }

    async fn list_orders(&self, request: Request<ListOrdersRequest>) -> Result<Response<ListOrdersResponse>, Status> {
        read::list(&self.0, request.into_inner()).await.map(Response::new)
    }

    async fn watch_order(
        &self,
        request: Request<WatchOrderRequest>,
    ) -> Result<Response<Self::WatchOrderStream>, Status> {
        watch::watch(self.0.clone(), request.into_inner()).await.map(Response::new)
    }

    async fn cancel_order(
        &self,
        request: Request<CancelOrderRequest>,
    ) -> Result<Response<CancelOrderResponse>, Status> {
        cancel::cancel(&self.0, request.into_inner()).await.map(Response::new)
    }

    async fn return_items(
        &self,
        request: Request<ReturnItemsRequest>,
    ) -> Result<Response<ReturnItemsResponse>, Status> {
        returns::take(&self.0, fabric::caller(&request).to_owned(), request.into_inner()).await
    }

    async fn list_parked(&self, request: Request<ListParkedRequest>) -> Result<Response<ListParkedResponse>, Status> {
        read::parked(&self.0, request.into_inner()).await.map(Response::new)
    }

    async fn resolve_order(
        &self,
        request: Request<ResolveOrderRequest>,
    ) -> Result<Response<ResolveOrderResponse>, Status> {
        resolve::resolve(&self.0, request.into_inner()).await.map(Response::new)
    }
}
