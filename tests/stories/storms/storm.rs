//! The storm itself: errands at their times, and the story's own log of what was acknowledged.

use super::{
    luck::Luck,
    plan::{CLOSED, Deed, Errand, GOODS, NOVELTY, Plan},
};
use api::{
    dashboard::v1::{RebuildRequest, dashboard_service_client::DashboardServiceClient},
    inventory::v1::{CatalogueItem, CorrectStockRequest, Price, PutCatalogueRequest, ReceiveStockRequest, StockLine},
    order::v1::{
        CancelOrderRequest, ListParkedRequest, Order, ParkedOrder, PlaceOrderRequest, Resolution, ResolveOrderRequest,
        ReturnItemsRequest, ReturnItemsResponse, ReturnLine, WaitFor,
    },
};
use futures::{StreamExt, stream::FuturesUnordered};
use outrigger_tests::{PRICE, World, pence, reason};
use parking_lot::Mutex;
use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};
use tonic::{Code, Status};

/// What was acknowledged, as customers and operators would swear to it.
#[derive(Default)]
pub struct Log {
    /// By wish: the order, and whether it is the other content's.
    pub orders: BTreeMap<usize, (String, bool)>,
    /// By wish: what was decided about its cancellation.
    pub cancelled: BTreeMap<usize, Decided>,
    /// Returns that were asked for, by key.
    pub returns: BTreeMap<String, ReturnItemsRequest>,
    /// Errands that are over.
    over: BTreeSet<usize>,
}

/// An answer to a wish to cancel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decided {
    Granted,
    Dispatched,
    Final,
}

/// A seed, what it was thrown to, and what came of it so far.
pub struct Storm {
    pub seed: u64,
    pub plan: Plan,
    pub log: Mutex<Log>,
}

impl Storm {
    pub fn new(seed: u64, orders: usize, time: Duration) -> Self {
        Self { seed, plan: Plan::of(seed, orders, time), log: Mutex::default() }
    }

    /// Does whatever is not done yet, each at its time. May be dropped at any moment, and begun again.
    pub async fn rage(&self, world: &World) {
        for wish in self.plan.wishes.iter().filter(|wish| wish.token().starts_with(CLOSED)) {
            world.gateway().steer(wish.token(), payments::Behaviour::DeclinesRefunds);
        }
        let over = self.log.lock().over.clone();
        let left = self.plan.errands.iter().enumerate().filter(|(number, _)| !over.contains(number));
        let begin = left.clone().map(|(_, errand)| errand.at).min().unwrap_or_default();
        let mut under_way: FuturesUnordered<_> = left
            .map(|(number, errand)| async move {
                tokio::time::sleep(errand.at - begin).await;
                self.run(world, number, errand).await;
                self.log.lock().over.insert(number);
            })
            .collect();
        while under_way.next().await.is_some() {}
    }

    async fn run(&self, world: &World, number: usize, errand: &Errand) {
        match errand.deed {
            Deed::Place { wish, other, patient } => drop(self.place(world, wish, other, patient).await),
            Deed::Cancel { wish } => self.cancel(world, wish).await,
            Deed::TakeBack { wish, part } => self.take_back(world, wish, part).await,
            Deed::Receive { sku, quantity } => {
                let lines = vec![StockLine { sku: sku.into(), quantity }];
                let request = ReceiveStockRequest { request_id: format!("receive-{number}"), lines };
                weathered(world.inventory().receive_stock(request).await, &[Code::InvalidArgument, Code::NotFound]);
            }
            Deed::Correct { sku, difference } => {
                let request = CorrectStockRequest {
                    request_id: format!("correct-{number}"),
                    sku: sku.into(),
                    difference,
                    reason: "counted".into(),
                    actor: "warehouse".into(),
                };
                let refusals = [Code::InvalidArgument, Code::NotFound, Code::OutOfRange];
                weathered(world.inventory().correct_stock(request).await, &refusals);
            }
            Deed::Extend => {
                weathered(world.inventory().put_catalogue(novelty()).await, &[]);
            }
            Deed::Rebuild => {
                let mut dashboard = DashboardServiceClient::new(world.system().wire("operator", "dashboard"));
                weathered(dashboard.rebuild(RebuildRequest {}).await, &[]);
            }
            Deed::Resolve => {
                let request = ListParkedRequest { page_size: 1_000, ..ListParkedRequest::default() };
                let Some(parked) = weathered(world.orders().list_parked(request).await, &[]) else { return };
                for parked in parked.into_inner().parked {
                    self.resolve(world, &parked, number as u64).await;
                }
            }
        }
    }

    /// Places what is wished for; true when it was acknowledged.
    pub async fn place(&self, world: &World, wish: usize, other: bool, patient: bool) -> bool {
        let mut request = self.plan.wishes[wish].content(other);
        if patient {
            request.wait_for = WaitFor::Confirmed.into();
        }
        match world.orders().place_order(request.clone()).await {
            Ok(answer) => {
                self.acknowledged(wish, other, &request, answer.into_inner().order.expect("an order"));
                true
            }
            Err(status) if status.code() == Code::AlreadyExists => {
                assert_eq!(reason(&status), "REQUEST_ID_REUSED");
                assert!(self.plan.wishes[wish].other.is_some(), "nobody reused the key of {wish}: {status:?}");
                let known = self.log.lock().orders.get(&wish).cloned();
                assert!(known.is_none_or(|(_, acknowledged)| acknowledged != other), "{wish} was acknowledged before");
                false
            }
            Err(status) if status.code() == Code::InvalidArgument => {
                assert!(request.lines.iter().any(|line| line.sku == NOVELTY), "{wish} is a good order: {status:?}");
                assert!(!self.log.lock().orders.contains_key(&wish), "{wish} was acknowledged before: {status:?}");
                false
            }
            Err(status) => {
                weather(&status);
                false
            }
        }
    }

    /// I3: an acknowledged key names one order, with what was asked for, ever after.
    fn acknowledged(&self, wish: usize, other: bool, request: &PlaceOrderRequest, order: Order) {
        let lines = |lines: &[api::order::v1::OrderLine]| -> Vec<_> {
            lines.iter().map(|line| (line.sku.clone(), line.quantity, line.unit_price.clone())).collect()
        };
        assert_eq!(lines(&order.lines), lines(&request.lines), "order {wish} has the lines that were asked for");
        let mut log = self.log.lock();
        let known = log.orders.entry(wish).or_insert_with(|| (order.order_id.clone(), other));
        assert_eq!(*known, (order.order_id, other), "I3: the key of {wish} names one order");
    }

    fn order_id(&self, wish: usize) -> Option<String> {
        self.log.lock().orders.get(&wish).map(|(order_id, _)| order_id.clone())
    }

    async fn cancel(&self, world: &World, wish: usize) {
        let Some(order_id) = self.order_id(wish) else { return };
        let request = CancelOrderRequest { order_id, actor: "customer".into(), reason: "changed my mind".into() };
        let decided = match world.orders().cancel_order(request).await {
            Ok(_) => Decided::Granted,
            Err(status) if status.code() == Code::FailedPrecondition => match reason(&status).as_str() {
                "ALREADY_DISPATCHED" => Decided::Dispatched,
                "ORDER_FINAL" => Decided::Final,
                other => panic!("{other} is no answer to a wish to cancel"),
            },
            Err(status) => return weather(&status),
        };
        self.log.lock().cancelled.insert(wish, decided);
    }

    async fn take_back(&self, world: &World, wish: usize, part: usize) {
        // A bank that takes nothing back would keep a return for ever.
        if self.plan.wishes[wish].token().starts_with(CLOSED) {
            return;
        }
        let luck = Luck::of(self.seed, format!("return-{wish}-{part}"));
        for _ in 0..4 {
            if let Some(order_id) = self.order_id(wish) {
                let request = self.part(&luck, wish, part, order_id);
                match self.returned(world, request).await {
                    Err(status) if reason(&status) == "NOT_RETURNABLE" => {}
                    _ => return,
                }
            }
            tokio::time::sleep(luck.within(Duration::from_secs(1))).await;
        }
    }

    fn part(&self, luck: &Luck, wish: usize, part: usize, order_id: String) -> ReturnItemsRequest {
        let request_id = format!("return-{wish}-{part}");
        if let Some(before) = self.log.lock().returns.get(&request_id) {
            return before.clone();
        }
        let line = luck.below(self.plan.wishes[wish].request.lines.len());
        let line = &self.plan.wishes[wish].request.lines[line];
        let quantity = 1 + luck.below(line.quantity as usize) as i64;
        let line = ReturnLine { sku: line.sku.clone(), quantity, unit_price: Some(pence(PRICE)) };
        ReturnItemsRequest { request_id, order_id, lines: vec![line], reason: "does not fit".into() }
    }

    /// Asks for a return; an error that is not the weather's is the answer's.
    pub async fn returned(&self, world: &World, request: ReturnItemsRequest) -> Result<ReturnItemsResponse, Status> {
        self.log.lock().returns.insert(request.request_id.clone(), request.clone());
        let answer = world.orders().return_items(request).await;
        if let Err(status) = &answer
            && !matches!(status.code(), Code::FailedPrecondition | Code::OutOfRange)
        {
            weather(status);
        }
        answer.map(tonic::Response::into_inner)
    }

    /// A person answers by the dice; from round 3 on nobody is kept waiting any longer.
    pub async fn resolve(&self, world: &World, parked: &ParkedOrder, round: u64) {
        let order_id = parked.order.as_ref().expect("an order").order_id.clone();
        let luck = Luck::of(self.seed ^ round, format!("person-{}", parked.order.as_ref().expect("an order").cause));
        let answers = [Resolution::Retry, Resolution::Refund, Resolution::Refund, Resolution::Complete];
        let resolution = luck.pick(&answers);
        self.answer(world, order_id, resolution).await;
    }

    pub async fn answer(&self, world: &World, order_id: String, resolution: Resolution) {
        let request = ResolveOrderRequest {
            order_id,
            resolution: resolution.into(),
            actor: "operator on duty".into(),
            note: "looked into it".into(),
        };
        // Somebody else may have answered, or the customer cancelled.
        weathered(world.orders().resolve_order(request).await, &[Code::FailedPrecondition]);
    }
}

/// The catalogue's new item.
pub fn novelty() -> PutCatalogueRequest {
    PutCatalogueRequest { items: vec![item(NOVELTY)] }
}

fn item(sku: &str) -> CatalogueItem {
    let price = Price { unit_price: Some(pence(PRICE)), min_quantity: 1 };
    CatalogueItem { sku: sku.into(), title: format!("A {sku}"), prices: vec![price] }
}

/// Opens the shop. Its services have their moods already: what fails is asked again.
pub async fn open_shop(world: &World, opening: i64) {
    let items = GOODS.map(item).to_vec();
    while world.inventory().put_catalogue(PutCatalogueRequest { items: items.clone() }).await.is_err() {}
    let lines = GOODS.map(|sku| StockLine { sku: sku.into(), quantity: opening }).to_vec();
    let request = ReceiveStockRequest { request_id: "opening".into(), lines };
    while world.inventory().receive_stock(request.clone()).await.is_err() {}
}

/// The answer, unless the weather or one of these refusals took it.
fn weathered<T>(answer: Result<T, Status>, refusals: &[Code]) -> Option<T> {
    match answer {
        Ok(answer) => Some(answer),
        Err(status) if refusals.contains(&status.code()) => None,
        Err(status) => {
            weather(&status);
            None
        }
    }
}

/// Errors that a caller has to expect of a network.
fn weather(status: &Status) {
    let codes = [Code::Unavailable, Code::DeadlineExceeded, Code::Aborted, Code::ResourceExhausted];
    assert!(codes.contains(&status.code()), "no weather does this: {status:?}");
}
