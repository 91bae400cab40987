//! gRPC in: each method reads its request, has one unit of work done, and answers what came of it. No rule lives here.

mod answer;
mod decode;

use crate::{
    Settings,
    domain::{Line, OrderId, ShipmentId},
    messages,
    store::{self as shipments, call::Answer},
};
use ambient::{Alarm, Ambient, Faults};
use answer::{failed, not_found, respond};
use api::{
    shipping::v1::{self as pb, shipping_service_server::ShippingService},
    types::StepRef,
};
use fabric::{
    Check,
    page::{LARGEST, Listing},
};
use journal::{
    Stamp,
    barrier::Step,
    gate::{Call, Place},
    once::{Fingerprint, Key},
};
use sea_orm::DbErr;
use std::sync::Arc;
use store::{BoxFuture, Store, Tx};
use tonic::{Request, Response, Status};

/// The service's gRPC side.
#[derive(Clone)]
pub struct Api(Arc<Inner>);

struct Inner {
    store: Store,
    ambient: Ambient,
    alarm: Arc<Alarm>,
    faults: Faults,
    settings: Settings,
}

impl Api {
    pub fn new(store: Store, ambient: Ambient, alarm: Arc<Alarm>, settings: Settings) -> Self {
        let faults = Faults::new(settings.fault_rate, settings.fault_seed);
        Self(Arc::new(Inner { store, ambient, alarm, faults, settings }))
    }

    /// One mutating call in one unit, with the fault that its key's dice have for this try.
    async fn unit<A, T, W>(&self, request_id: &str, ask: A, work: W) -> Result<Answer<T>, Status>
    where
        A: Send + Sync + 'static,
        T: Send + 'static,
        W: for<'a> Fn(&'a Tx, &'a A) -> BoxFuture<'a, Result<Answer<T>, DbErr>> + Send + Sync + 'static,
    {
        let unit = async {
            self.0.store.unit(ask, work).await.map_err(|error| {
                // Whether it was kept may be unknown, and then nobody has told the carrier of a parcel that was.
                self.0.alarm.set(self.0.ambient.now());
                failed(&error)
            })
        };
        fabric::simulated(&self.0.faults, request_id, unit).await
    }

    fn call<T>(&self, request: &Request<T>, method: &str, request_id: &str, print: Fingerprint) -> Call {
        let key = Key::new(fabric::caller(request), method, request_id);
        Call { key, print, stamp: Stamp::take(&self.0.ambient, fabric::trace::current()) }
    }
}

#[tonic::async_trait]
impl ShippingService for Api {
    async fn create_shipment(
        &self,
        request: Request<pb::CreateShipmentRequest>,
    ) -> Result<Response<pb::CreateShipmentResponse>, Status> {
        let asked = request.get_ref();
        let mut check = Check::default();
        check.request_id(&asked.request_id);
        let order = decode::order(&mut check, &asked.order_id);
        let lines = decode::lines(&mut check, &asked.lines);
        decode::step(&mut check, asked.step.as_ref());
        check.done()?;
        let print = order_print(&order, asked.step.as_ref()).field("lines", printed(&lines));
        let call = self.call(&request, "CreateShipment", &asked.request_id, print);
        let ask = shipments::Create {
            place: place(asked.step.as_ref(), &order),
            id: ShipmentId(self.0.ambient.id()),
            due: call.stamp.now.plus(self.0.settings.dispatch_after),
            alarm: self.0.alarm.clone(),
            call,
            order,
            lines,
        };
        let answer = self.unit(&asked.request_id, ask, |tx, ask| Box::pin(shipments::create(tx, ask))).await?;
        respond(answer, |after| pb::CreateShipmentResponse { shipment: after.map(messages::shipment) })
    }

    async fn cancel_shipment(
        &self,
        request: Request<pb::CancelShipmentRequest>,
    ) -> Result<Response<pb::CancelShipmentResponse>, Status> {
        let asked = request.get_ref();
        let mut check = Check::default();
        check.request_id(&asked.request_id);
        let order = decode::order(&mut check, &asked.order_id);
        decode::undoes(&mut check, asked.undoes.as_ref());
        check.done()?;
        let print = order_print(&order, asked.undoes.as_ref());
        let call = self.call(&request, "CancelShipment", &asked.request_id, print);
        let undoes = place(asked.undoes.as_ref(), &order).step;
        let ask = shipments::Cancel { undoes, call, order };
        let answer = self.unit(&asked.request_id, ask, |tx, ask| Box::pin(shipments::cancel(tx, ask))).await?;
        respond(answer, |after| pb::CancelShipmentResponse { shipment: after.map(messages::shipment) })
    }

    async fn get_shipment(
        &self,
        request: Request<pb::GetShipmentRequest>,
    ) -> Result<Response<pb::GetShipmentResponse>, Status> {
        let id = request.into_inner().shipment_id;
        let mut check = Check::default();
        check.text(&id, 64, "shipment_id");
        check.done()?;
        let found = self.0.store.read(id.clone(), |tx, id| Box::pin(shipments::get(tx, id))).await;
        let found = found.map_err(|error| failed(&error))?.ok_or_else(|| not_found(&id))?;
        Ok(Response::new(pb::GetShipmentResponse { shipment: Some(messages::shipment(found)) }))
    }

    async fn list_shipments(
        &self,
        request: Request<pb::ListShipmentsRequest>,
    ) -> Result<Response<pb::ListShipmentsResponse>, Status> {
        let asked = request.into_inner();
        let listing = Listing::new("ListShipments", &[&asked.order_id]);
        let mut check = Check::default();
        let size = check.page_size(asked.page_size.min(LARGEST));
        let before = check.page_token(&listing, &asked.page_token, Some).unwrap_or_default();
        check.done()?;
        // One row more than asked for tells whether there is another page.
        let page = shipments::Page { before, order: asked.order_id, most: size + 1 };
        let found = self.0.store.read(page, |tx, page| Box::pin(shipments::list(tx, page))).await;
        let mut found = found.map_err(|error| failed(&error))?;
        let next_page_token = listing.cut(&mut found, size, |shipment| shipment.id.0.clone());
        let shipments = found.into_iter().map(messages::shipment).collect();
        Ok(Response::new(pb::ListShipmentsResponse { shipments, next_page_token }))
    }
}

/// What every call of an order says, field by field.
fn order_print(order: &OrderId, step: Option<&StepRef>) -> Fingerprint {
    let step = step.map(|step| format!("{}\n{}\n{}", step.saga, step.step, step.attempt)).unwrap_or_default();
    Fingerprint::new().field("order_id", order.0.as_bytes()).field("step", step)
}

fn printed(lines: &[Line]) -> String {
    lines.iter().map(|line| format!("{} {}\n", line.quantity, line.sku)).collect()
}

/// The caller's step, or the order's own: see [`Place`].
fn place(step: Option<&StepRef>, order: &OrderId) -> Place {
    match step {
        Some(StepRef { saga, step, attempt }) => {
            Place::in_saga(Step { saga: saga.clone(), step: step.clone(), attempt: *attempt })
        }
        None => Place::own(&order.0, "ship"),
    }
}
