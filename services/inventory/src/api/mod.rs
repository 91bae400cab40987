//! gRPC in: each method reads its request, has one unit of work done, and answers what came of it. No rule lives here.

mod answer;
mod decode;
mod priced;

use crate::{
    Settings,
    domain::{Lines, OrderId, Sku},
    messages,
    store::{call::Answer, catalogue, counting, pages, reserving, stock},
};
use ambient::{Alarm, Ambient, Faults};
use answer::{failed, respond};
use api::{
    inventory::v1::{self as pb, inventory_service_server::InventoryService},
    types::StepRef,
};
use fabric::{
    Check,
    page::{LARGEST, Listing},
};
use journal::{
    Stamp,
    barrier::Step,
    gate::{self, Call, Place},
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
                // Whether it was kept may be unknown, and then nobody has told the sweeper of a hold that was.
                self.0.alarm.set(self.0.ambient.now());
                failed(&error)
            })
        };
        fabric::simulated(&self.0.faults, request_id, unit).await
    }

    async fn read<A, T, W>(&self, ask: A, work: W) -> Result<T, Status>
    where
        W: for<'a> FnOnce(&'a Tx, &'a A) -> BoxFuture<'a, Result<T, DbErr>>,
    {
        self.0.store.read(ask, work).await.map_err(|error| failed(&error))
    }

    fn call<T>(&self, request: &Request<T>, method: &str, request_id: &str, print: Fingerprint) -> Call {
        let key = Key::new(fabric::caller(request), method, request_id);
        Call { key, print, stamp: Stamp::take(&self.0.ambient, fabric::trace::current()) }
    }
}

#[tonic::async_trait]
impl InventoryService for Api {
    async fn put_catalogue(
        &self,
        request: Request<pb::PutCatalogueRequest>,
    ) -> Result<Response<pb::PutCatalogueResponse>, Status> {
        let request = request.into_inner();
        let mut check = Check::default();
        decode::items(&mut check, &request.items);
        check.done()?;
        let prices =
            request.items.iter().flat_map(|item| item.prices.iter().filter_map(|price| priced::row(&item.sku, price)));
        let prices = prices.collect();
        let items = request.items.into_iter().map(|item| (item.sku, item.title)).collect();
        let put = catalogue::Put::new(items, prices);
        let added = self.0.store.unit(put, |tx, put| Box::pin(catalogue::put(tx, put))).await;
        let added = added.map_err(|error| failed(&error))?;
        Ok(Response::new(pb::PutCatalogueResponse { added: i32::try_from(added).unwrap_or(i32::MAX) }))
    }

    async fn get_catalogue(
        &self,
        request: Request<pb::GetCatalogueRequest>,
    ) -> Result<Response<pb::GetCatalogueResponse>, Status> {
        let skus = request.into_inner().skus;
        let mut check = Check::default();
        decode::skus(&mut check, &skus);
        check.done()?;
        let items = self.read(skus, |tx, skus| Box::pin(catalogue::get(tx, skus))).await?;
        let items = items.into_iter().map(priced::item).collect();
        Ok(Response::new(pb::GetCatalogueResponse { items }))
    }

    async fn receive_stock(
        &self,
        request: Request<pb::ReceiveStockRequest>,
    ) -> Result<Response<pb::ReceiveStockResponse>, Status> {
        let asked = request.get_ref();
        let mut check = Check::default();
        check.request_id(&asked.request_id);
        let lines = decode::lines(&mut check, &asked.lines);
        check.done()?;
        let print = Fingerprint::new().field("lines", printed(&lines));
        let call = self.call(&request, "ReceiveStock", &asked.request_id, print);
        let ask = counting::Receive { call, lines };
        let answer = self.unit(&asked.request_id, ask, |tx, ask| Box::pin(counting::receive(tx, ask))).await?;
        respond(answer, |()| pb::ReceiveStockResponse {})
    }

    async fn correct_stock(
        &self,
        request: Request<pb::CorrectStockRequest>,
    ) -> Result<Response<pb::CorrectStockResponse>, Status> {
        let asked = request.get_ref();
        let mut check = Check::default();
        check.request_id(&asked.request_id);
        check.text(&asked.sku, 64, "sku");
        decode::difference(&mut check, asked.difference);
        check.text(&asked.reason, 1_000, "reason");
        check.text(&asked.actor, 128, "actor");
        check.done()?;
        let print = Fingerprint::new()
            .field("sku", asked.sku.as_bytes())
            .field("difference", asked.difference.to_be_bytes())
            .field("reason", asked.reason.as_bytes())
            .field("actor", asked.actor.as_bytes());
        let call = self.call(&request, "CorrectStock", &asked.request_id, print);
        let sku = Sku(asked.sku.clone());
        let ask = counting::Correct {
            call,
            sku: sku.clone(),
            difference: asked.difference,
            reason: asked.reason.clone(),
            actor: asked.actor.clone(),
        };
        let answer = self.unit(&asked.request_id, ask, |tx, ask| Box::pin(counting::correct(tx, ask))).await?;
        respond(answer, |level| pb::CorrectStockResponse { level: Some(messages::level(sku, level)) })
    }

    async fn reserve(&self, request: Request<pb::ReserveRequest>) -> Result<Response<pb::ReserveResponse>, Status> {
        let asked = request.get_ref();
        let mut check = Check::default();
        check.request_id(&asked.request_id);
        let order = decode::order(&mut check, &asked.order_id);
        let lines = decode::lines(&mut check, &asked.lines);
        let hold_for = decode::hold_for(&mut check, asked.hold_for).unwrap_or(self.0.settings.hold_for);
        decode::step(&mut check, asked.step.as_ref());
        check.done()?;
        let held = asked.hold_for.map_or(0, |_| i64::try_from(hold_for.as_millis()).unwrap_or(i64::MAX));
        let print = order_print(&order, asked.step.as_ref())
            .field("lines", printed(&lines))
            .field("hold_for", held.to_be_bytes());
        let call = self.call(&request, "Reserve", &asked.request_id, print);
        let ask = reserving::Reserve {
            place: place(asked.step.as_ref(), &order, "reserve"),
            until: call.stamp.now.plus(hold_for),
            alarm: self.0.alarm.clone(),
            call,
            order,
            lines,
        };
        let answer = self.unit(&asked.request_id, ask, |tx, ask| Box::pin(reserving::reserve(tx, ask))).await?;
        respond(answer, |after| pb::ReserveResponse { reservation: after.as_ref().map(messages::reservation) })
    }

    async fn commit(&self, request: Request<pb::CommitRequest>) -> Result<Response<pb::CommitResponse>, Status> {
        let asked = request.get_ref();
        let mut check = Check::default();
        check.request_id(&asked.request_id);
        let order = decode::order(&mut check, &asked.order_id);
        decode::step(&mut check, asked.step.as_ref());
        check.done()?;
        let print = order_print(&order, asked.step.as_ref());
        let call = self.call(&request, "Commit", &asked.request_id, print);
        let place = place(asked.step.as_ref(), &order, "commit");
        let ask = reserving::Commit { call, place, order };
        let answer = self.unit(&asked.request_id, ask, |tx, ask| Box::pin(reserving::commit(tx, ask))).await?;
        respond(answer, |after| pb::CommitResponse { reservation: after.as_ref().map(messages::reservation) })
    }

    async fn release(&self, request: Request<pb::ReleaseRequest>) -> Result<Response<pb::ReleaseResponse>, Status> {
        let asked = request.get_ref();
        let mut check = Check::default();
        check.request_id(&asked.request_id);
        let order = decode::order(&mut check, &asked.order_id);
        decode::undoes(&mut check, asked.undoes.as_ref());
        check.done()?;
        let print = order_print(&order, asked.undoes.as_ref());
        let call = self.call(&request, "Release", &asked.request_id, print);
        let ask = reserving::Release { undoes: undone(asked.undoes.as_ref(), &order), call, order };
        let answer = self.unit(&asked.request_id, ask, |tx, ask| Box::pin(reserving::release(tx, ask))).await?;
        respond(answer, |after| pb::ReleaseResponse { reservation: after.as_ref().map(messages::reservation) })
    }

    async fn restock(&self, request: Request<pb::RestockRequest>) -> Result<Response<pb::RestockResponse>, Status> {
        let asked = request.get_ref();
        let mut check = Check::default();
        check.request_id(&asked.request_id);
        let order = decode::order(&mut check, &asked.order_id);
        let lines = decode::lines(&mut check, &asked.lines);
        decode::step(&mut check, asked.step.as_ref());
        check.done()?;
        let print = order_print(&order, asked.step.as_ref()).field("lines", printed(&lines));
        let call = self.call(&request, "Restock", &asked.request_id, print);
        let place = place(asked.step.as_ref(), &order, "restock");
        let ask = reserving::Restock { call, place, order, lines };
        let answer = self.unit(&asked.request_id, ask, |tx, ask| Box::pin(reserving::restock(tx, ask))).await?;
        respond(answer, |()| pb::RestockResponse {})
    }

    async fn get_levels(
        &self,
        request: Request<pb::GetLevelsRequest>,
    ) -> Result<Response<pb::GetLevelsResponse>, Status> {
        let skus = request.into_inner().skus;
        let mut check = Check::default();
        decode::skus(&mut check, &skus);
        check.done()?;
        let skus: Vec<Sku> = skus.into_iter().map(Sku).collect();
        let levels = self.read(skus, |tx, skus| Box::pin(stock::levels(tx, skus.iter()))).await?;
        let levels = levels.into_iter().map(|(sku, level)| messages::level(sku, level)).collect();
        Ok(Response::new(pb::GetLevelsResponse { levels }))
    }

    async fn list_levels(
        &self,
        request: Request<pb::ListLevelsRequest>,
    ) -> Result<Response<pb::ListLevelsResponse>, Status> {
        let asked = request.into_inner();
        let mut check = Check::default();
        let size = check.page_size(asked.page_size.min(LARGEST));
        let listing = Listing::new("ListLevels", &[]);
        let after = check.page_token(&listing, &asked.page_token, Some).unwrap_or_default();
        check.done()?;
        // One row more than asked for tells whether there is another page.
        let page = (after, size + 1);
        let mut levels = self.read(page, |tx, (after, most)| Box::pin(pages::levels(tx, after, *most))).await?;
        let next_page_token = listing.cut(&mut levels, size, |(sku, _)| sku.0.clone());
        let levels = levels.into_iter().map(|(sku, level)| messages::level(sku, level)).collect();
        Ok(Response::new(pb::ListLevelsResponse { levels, next_page_token }))
    }
}

/// What every call of an order says, field by field.
fn order_print(order: &OrderId, step: Option<&StepRef>) -> Fingerprint {
    let step = step.map(|step| format!("{}\n{}\n{}", step.saga, step.step, step.attempt)).unwrap_or_default();
    Fingerprint::new().field("order_id", order.0.as_bytes()).field("step", step)
}

fn printed(lines: &Lines) -> String {
    lines.iter().map(|(sku, quantity)| format!("{quantity} {sku}\n")).collect()
}

/// The caller's step, or the order's own: see [`Place`].
fn place(step: Option<&StepRef>, order: &OrderId, name: &str) -> Place {
    match step {
        Some(step) => Place::in_saga(named(step, &step.step, step.attempt)),
        None => Place::own(&order.0, name),
    }
}

/// Undoing "reserve" undoes its commit as well; outside of sagas, the order's own two steps.
fn undone(undoes: Option<&StepRef>, order: &OrderId) -> Vec<Step> {
    match undoes {
        None => ["reserve", "commit"].map(|name| gate::own(&order.0, name, 0)).into(),
        Some(step) if step.step == "reserve" => ["reserve", "commit"].map(|name| named(step, name, 0)).into(),
        Some(step) => vec![named(step, &step.step, 0)],
    }
}

fn named(step: &StepRef, name: &str, attempt: i32) -> Step {
    Step { saga: step.saga.clone(), step: name.to_owned(), attempt }
}
