//! One running system, and what a story does to it.

use crate::{Basket, Ground, Telling, Wires, basket::pence};
use ambient::{Ambient, Timestamp};
use api::{
    inventory::v1::{
        CatalogueItem, CorrectStockRequest, GetLevelsRequest, Price, PutCatalogueRequest, ReceiveStockRequest,
        StockLevel, StockLine, inventory_service_client::InventoryServiceClient,
    },
    order::v1::{
        CancelOrderRequest, GetOrderRequest, Order, OrderChange, OrderState, PlaceOrderResponse, Resolution,
        ResolveOrderRequest, ReturnItemsRequest, ReturnLine, WatchOrderRequest,
        order_service_client::OrderServiceClient,
    },
    payment::v1::payment_service_client::PaymentServiceClient,
    shipping::v1::shipping_service_client::ShippingServiceClient,
};
use fabric::{Placement, Wire};
use futures::TryStreamExt;
use outrigger::system::{Config, System, Where};
use payments::SimulatedGateway;
use std::time::Duration;
use tonic::{Code, Response, Status};

/// A story that has not ended by now hangs.
const PATIENCE: Duration = Duration::from_secs(600);

/// To the database, of each service: several worlds share a server.
const CONNECTIONS: u32 = 4;

/// How long a mail may take to be delivered to memory. On PostgreSQL a mail that was claimed when the power failed waits for
/// four times as long: for whoever may still be sending it.
const MAILS: Duration = Duration::from_millis(500);

/// Where an order came to rest.
pub type Settled = Order;

/// The whole system, a shop with goods, and the network between its services.
pub struct World {
    system: System,
    wires: Wires,
    ambient: Ambient,
    /// Kept for as long as the system stands on it, when it is this world's alone.
    _ground: Option<Ground>,
}

impl World {
    /// In one process, in memory, under tokio's clock: paused, it moves as fast as the story allows.
    pub async fn in_process() -> Self {
        let nothing = |_: &mut Config| {};
        Self::start(Placement::InProcess, Where::Memory, seeded(), nothing).await
    }

    /// As it is usually told in this way, with settings of the story's own. None where it cannot be, which is said.
    pub async fn told(telling: Telling, adjust: impl FnOnce(&mut Config)) -> Option<Self> {
        Self::under(telling, seeded(), adjust).await
    }

    /// The same with surroundings of the story's own.
    pub async fn under(telling: Telling, ambient: Ambient, adjust: impl FnOnce(&mut Config)) -> Option<Self> {
        if telling == Telling::InProcess {
            return Some(Self::start(Placement::InProcess, Where::Memory, ambient, adjust).await);
        }
        let ground = Ground::of(telling)?;
        let mut world = Self::on(&ground, telling.placement(), ambient, adjust).await;
        world._ground = Some(ground);
        Some(world)
    }

    /// On ground that outlives it.
    pub async fn on(ground: &Ground, placement: Placement, ambient: Ambient, adjust: impl FnOnce(&mut Config)) -> Self {
        Self::start(placement, ground.place(), ambient, adjust).await
    }

    async fn start(placement: Placement, data: Where, ambient: Ambient, adjust: impl FnOnce(&mut Config)) -> Self {
        let wires = Wires::default();
        let mut config = Config::new(ambient.clone(), data, placement);
        let network = wires.clone();
        config.between = Some(fabric::Between::new(move |callee, way| network.around(callee, way)));
        config.database.connections = CONNECTIONS;
        if let Where::Postgres(_) = config.data {
            config.notifications.patience = MAILS;
        }
        adjust(&mut config);
        let system = System::start(config).await.expect("the system starts");
        Self { system, wires, ambient, _ground: None }
    }

    /// The network between the services.
    pub fn wires(&self) -> &Wires {
        &self.wires
    }

    /// The system itself.
    pub fn system(&self) -> &System {
        &self.system
    }

    /// The simulated gateway.
    pub fn gateway(&self) -> &SimulatedGateway {
        self.system.gateway()
    }

    fn wire(&self, callee: &'static str) -> Wire {
        self.system.wire("operator", callee)
    }

    /// The orders service, as an operator's client.
    pub fn orders(&self) -> OrderServiceClient<Wire> {
        OrderServiceClient::new(self.wire("orders"))
    }

    /// The payments service, as an operator's client.
    pub fn payments(&self) -> PaymentServiceClient<Wire> {
        PaymentServiceClient::new(self.wire("payments"))
    }

    /// The inventory service, as an operator's client.
    pub fn inventory(&self) -> InventoryServiceClient<Wire> {
        InventoryServiceClient::new(self.wire("inventory"))
    }

    /// The shipping service, as an operator's client.
    pub fn shipping(&self) -> ShippingServiceClient<Wire> {
        ShippingServiceClient::new(self.wire("shipping"))
    }

    /// Goods for sale: all at the one price of this shop.
    pub async fn stock<const N: usize>(&self, goods: [(&str, i64); N]) {
        let item = |(sku, _): &(&str, i64)| CatalogueItem {
            sku: (*sku).into(),
            title: format!("A {sku}"),
            prices: vec![Price { unit_price: Some(pence(crate::basket::PRICE)), min_quantity: 1 }],
        };
        let items = goods.iter().map(item).collect();
        self.inventory().put_catalogue(PutCatalogueRequest { items }).await.expect("a catalogue");
        let line = |(sku, quantity): &(&str, i64)| StockLine { sku: (*sku).into(), quantity: *quantity };
        let lines: Vec<_> = goods.iter().filter(|(_, quantity)| *quantity > 0).map(line).collect();
        if !lines.is_empty() {
            let request_id = format!("stock-{}", self.ambient.id());
            self.inventory().receive_stock(ReceiveStockRequest { request_id, lines }).await.expect("stock comes in");
        }
    }

    /// Somebody counts, and finds so many more, or fewer.
    pub async fn correct(&self, sku: &str, difference: i64) {
        let request = CorrectStockRequest {
            request_id: self.ambient.id(),
            sku: sku.into(),
            difference,
            reason: "counted".into(),
            actor: "warehouse".into(),
        };
        self.inventory().correct_stock(request).await.expect("a correction");
    }

    /// The stock of one SKU.
    pub async fn level(&self, sku: &str) -> StockLevel {
        let request = GetLevelsRequest { skus: vec![sku.into()] };
        let levels = self.inventory().get_levels(request).await.expect("levels").into_inner().levels;
        levels.into_iter().next().expect("a SKU of the catalogue")
    }

    /// Places an order that is taken.
    pub async fn place(&self, basket: Basket) -> Order {
        let answer = self.try_place(basket).await.expect("the order is taken");
        answer.into_inner().order.expect("an order")
    }

    /// Places an order, whatever the answer.
    pub async fn try_place(&self, basket: Basket) -> Result<Response<PlaceOrderResponse>, Status> {
        self.orders().place_order(basket.request(|| self.ambient.id())).await
    }

    /// The order as it stands. Who is not told in time, where much else is going on, looks again.
    pub async fn order(&self, order_id: &str) -> Order {
        loop {
            let request = GetOrderRequest { order_id: order_id.into() };
            match self.orders().get_order(request).await {
                Ok(answer) => return answer.into_inner().order.expect("an order"),
                Err(status) => assert_eq!(status.code(), Code::DeadlineExceeded, "an order is shown: {status:?}"),
            }
        }
    }

    /// The order's changes until `enough`, or to its end.
    pub async fn watch(&self, order_id: &str, enough: impl Fn(&OrderChange) -> bool) -> Vec<OrderChange> {
        let watch = async {
            let request = WatchOrderRequest { order_id: order_id.into(), after_sequence: 0 };
            let mut stream = self.orders().watch_order(request).await.expect("a history").into_inner();
            let mut seen = Vec::new();
            while let Some(change) = stream.try_next().await.expect("the watch goes on") {
                seen.extend(change.change);
                if seen.last().is_some_and(&enough) {
                    break;
                }
            }
            seen
        };
        tokio::time::timeout(PATIENCE, watch).await.expect("the order comes to rest")
    }

    /// Waits until the order is final or parked.
    pub async fn settled(&self, order: &Order) -> Settled {
        self.reaches(order, OrderState::NeedsAttention).await
    }

    /// Waits until the order is in `state`, or final.
    pub async fn reaches(&self, order: &Order, state: OrderState) -> Order {
        self.watch(&order.order_id, |change| change.state() == state).await;
        self.order(&order.order_id).await
    }

    /// Waits until nothing moves: no saga runs and every event was taken in.
    pub async fn quiet(&self) {
        tokio::time::timeout(PATIENCE, self.system.settled()).await.expect("the system comes to rest");
    }

    /// Asks to cancel.
    pub async fn cancel(&self, order: &Order) -> Result<Order, Status> {
        let request = CancelOrderRequest {
            order_id: order.order_id.clone(),
            actor: "customer".into(),
            reason: "changed my mind".into(),
        };
        self.orders().cancel_order(request).await.map(|answer| answer.into_inner().order.expect("an order"))
    }

    /// Sends items back.
    pub async fn take_back(&self, order: &Order, key: &str, sku: &str, quantity: i64) -> Result<i64, Status> {
        let line = ReturnLine { sku: sku.into(), quantity, unit_price: Some(pence(crate::basket::PRICE)) };
        let request = ReturnItemsRequest {
            request_id: key.into(),
            order_id: order.order_id.clone(),
            lines: vec![line],
            reason: "does not fit".into(),
        };
        let answer = self.orders().return_items(request).await?.into_inner();
        Ok(answer.refund.expect("a refund").minor_units)
    }

    /// A person answers for a parked order.
    pub async fn resolve(&self, order: &Order, resolution: Resolution) -> Result<Order, Status> {
        let request = ResolveOrderRequest {
            order_id: order.order_id.clone(),
            resolution: resolution.into(),
            actor: "operator on duty".into(),
            note: "looked into it".into(),
        };
        self.orders().resolve_order(request).await.map(|answer| answer.into_inner().order.expect("an order"))
    }

    /// Net money taken by the gateway with this token, in pence.
    pub async fn taken_from(&self, token: &str) -> i64 {
        self.gateway().taken_from(token).await.expect("the gateway tells").minor_units
    }

    /// All invariants hold, once nothing moves.
    pub async fn audit_is_clean(&self) {
        self.quiet().await;
        let facts: Vec<_> = self.system.facts().try_collect().await.expect("facts");
        let report = audit::check(&facts);
        assert!(report.violations.is_empty(), "the audit found: {:#?}", report.violations);
    }

    /// Stops it in good order.
    pub async fn stop(self) {
        self.system.shutdown().await;
    }
}

fn seeded() -> Ambient {
    Ambient::seeded(7, Timestamp::from_millis(1_764_000_000_000))
}

/// The reason that an error carries for machines.
pub fn reason(status: &Status) -> String {
    fabric::status::reason(status).unwrap_or_else(|| format!("no reason in {status:?}"))
}

/// The refusal that a story expects.
pub fn refused<T: std::fmt::Debug>(answer: Result<T, Status>) -> (Code, String) {
    let status = answer.expect_err("a refusal");
    (status.code(), reason(&status))
}
