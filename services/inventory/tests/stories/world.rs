//! A running inventory service, a client that calls as "orders", and a stand-in for shipping's events.

use ambient::{Ambient, Timestamp};
use api::{
    inventory::v1::{self as pb, inventory_service_client::InventoryServiceClient},
    mesh::v1::{Fact, fact::Fact as Row},
    shipping::v1::{Shipment, ShipmentChanged, ShipmentState},
    types::{Money, StepRef},
};
use engines::Engine;
use fabric::{Mesh, Placement, Wire};
use futures::TryStreamExt;
use journal::{Bus, Event, outbox};
use outrigger_inventory::{self as inventory, Inventory, Settings};
use prost::Message;
use std::{collections::BTreeMap, sync::Arc, time::Duration};
use store::{
    Store,
    sea_orm::{ConnectionTrait, Statement},
};
use tonic::{Code, Response, Status};

pub type Client = InventoryServiceClient<Wire>;

pub struct World<'a> {
    pub ambient: Ambient,
    pub engine: &'a Engine,
    pub bus: Bus,
    pub service: Inventory,
    pub client: Client,
    shipping: Store,
    /// Hosts the service for as long as it lives.
    _mesh: Mesh,
}

impl<'a> World<'a> {
    /// With 100 of each of `skus` on hand.
    pub async fn stocked(engine: &'a Engine, skus: &[&str]) -> Self {
        let world = Self::with(engine, Settings::default()).await;
        world.put(skus).await;
        world.receive("opening", &skus.iter().map(|sku| (*sku, 100)).collect::<Vec<_>>()).await.unwrap();
        world
    }

    pub async fn with(engine: &'a Engine, settings: Settings) -> Self {
        let ambient = Ambient::seeded(7, Timestamp::from_millis(1_700_000_000_000));
        let (data, bus) = (engine.data(), Bus::embedded(ambient.clone()));
        let contract = policy::Contract::from_descriptors(api::DESCRIPTORS).unwrap();
        let mesh = Mesh::new(contract, ambient.clone(), Placement::InProcess);
        let service = inventory::start(&ambient, data, &mesh, &bus, settings).await.unwrap();
        let client = Client::new(mesh.wire("orders", inventory::NAME));
        let shipping = data.store("shipping", journal::migrations()).await.unwrap();
        bus.publisher("shipping", shipping.clone());
        Self { ambient, engine, bus, service, client, shipping, _mesh: mesh }
    }

    pub async fn put(&self, skus: &[&str]) {
        let unit_price = Some(Money { currency_code: "GBP".into(), minor_units: 255 });
        let prices = vec![pb::Price { unit_price, min_quantity: 1 }];
        let item =
            |sku: &&str| pb::CatalogueItem { sku: (*sku).into(), title: "a thing".into(), prices: prices.clone() };
        let request = pb::PutCatalogueRequest { items: skus.iter().map(item).collect() };
        self.client.clone().put_catalogue(request).await.unwrap();
    }

    pub async fn receive(&self, key: &str, of: &[(&str, i64)]) -> Result<(), Status> {
        let request = pb::ReceiveStockRequest { request_id: key.into(), lines: lines(of) };
        self.client.clone().receive_stock(request).await.map(drop)
    }

    pub async fn reserve(&self, order: &str, of: &[(&str, i64)]) -> Result<pb::Reservation, Status> {
        reservation(self.client.clone().reserve(reserving(order, 1, of)).await)
    }

    pub async fn commit(&self, order: &str) -> Result<pb::Reservation, Status> {
        let response = self.client.clone().commit(committing(order, 1)).await?;
        Ok(response.into_inner().reservation.expect("a committed order has a reservation"))
    }

    pub async fn release(&self, order: &str) -> Result<Option<pb::Reservation>, Status> {
        Ok(self.client.clone().release(releasing(order)).await?.into_inner().reservation)
    }

    pub async fn restock(&self, key: &str, order: &str, of: &[(&str, i64)]) -> Result<(), Status> {
        let request = pb::RestockRequest {
            request_id: format!("{key}/restock/1"),
            order_id: order.into(),
            lines: lines(of),
            step: Some(step(key, "restock", 1)),
        };
        self.client.clone().restock(request).await.map(drop)
    }

    /// Shipping says that the order's parcel is in `state`, and everybody hears it.
    pub async fn shipment(&self, order: &str, state: ShipmentState) {
        self.tell_shipment(order, state).await;
        self.bus.settled().await;
    }

    /// The same, without waiting for those who hear it.
    pub async fn tell_shipment(&self, order: &str, state: ShipmentState) {
        let shipment = Shipment { order_id: order.into(), state: state.into(), ..Default::default() };
        let event = Event {
            id: self.ambient.id(),
            source: "shipping".into(),
            kind: "outrigger.shipping.v1.ShipmentChanged".into(),
            key: order.into(),
            version: 1,
            payload: ShipmentChanged { shipment: Some(shipment) }.encode_to_vec(),
            at: self.ambient.now(),
            trace: None,
        };
        self.shipping.unit(event, |tx, event| Box::pin(outbox::append(tx, event))).await.unwrap();
    }

    /// Lets time pass, until every hold that is over by then has expired.
    pub async fn pass(&self, time: Duration) {
        self.engine.pass(time).await;
        while self.overdue().await {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }

    async fn overdue(&self) -> bool {
        let found = self.service.store().read(self.ambient.now().as_millis(), |tx, now| {
            let sql = "SELECT order_id FROM reservation WHERE state = 'HELD' AND expires_at <= $1 LIMIT 1";
            let held = Statement::from_sql_and_values(tx.get_database_backend(), sql, [(*now).into()]);
            Box::pin(async move { tx.query_one_raw(held).await })
        });
        found.await.unwrap().is_some()
    }

    pub async fn level(&self, sku: &str) -> pb::StockLevel {
        let request = pb::GetLevelsRequest { skus: vec![sku.into()] };
        self.client.clone().get_levels(request).await.unwrap().into_inner().levels.remove(0)
    }

    pub async fn facts(&self) -> Vec<Row> {
        let facts: Vec<Fact> = inventory::facts(self.service.store()).try_collect().await.unwrap();
        facts.into_iter().filter_map(|fact| fact.fact).collect()
    }

    /// I2, recomputed from the facts: every level adds up, and is what its movements and reservations give.
    pub async fn assert_conserved(&self) {
        let facts = self.facts().await;
        let mut moved: BTreeMap<String, pb::StockLevel> = BTreeMap::new();
        let mut held: BTreeMap<String, [i64; 3]> = BTreeMap::new();
        for fact in &facts {
            match fact {
                Row::Movement(movement) => replay(moved.entry(movement.sku.clone()).or_default(), movement),
                Row::Reservation(reservation) => claim(&mut held, reservation),
                _ => {}
            }
        }
        for fact in facts {
            let Row::Level(level) = fact else { continue };
            let sum = level.on_hand + level.reserved + level.committed + level.shipped;
            assert_eq!(sum, level.received + level.returned + level.corrected, "I2: {level:?}");
            let least = [level.on_hand, level.reserved, level.committed, level.shipped].into_iter().min();
            assert!(least >= Some(0), "I2: {level:?}");
            let held = held.remove(&level.sku).unwrap_or_default();
            assert_eq!([level.reserved, level.committed, level.shipped], held, "I2: the reservations of {}", level.sku);
            let replayed = moved.remove(&level.sku).unwrap_or_default();
            assert_eq!(pb::StockLevel { sku: level.sku.clone(), ..replayed }, level, "I2: the movements");
        }
    }

    /// What inventory has published, oldest first: kind without package, key, payload.
    pub async fn published(&self) -> Vec<Event> {
        let heard = Arc::new(Heard::default());
        let store = self.engine.data().store("listener", journal::migrations()).await.unwrap();
        let handler = heard.clone();
        let bus = Bus::embedded(self.ambient.clone());
        bus.publisher(inventory::NAME, self.service.store().clone());
        let subscription = journal::Subscription { consumer: "listener", source: inventory::NAME, store, handler };
        bus.subscribe(subscription).await.unwrap();
        bus.settled().await;
        bus.shutdown().await;
        std::mem::take(&mut *heard.0.lock())
    }
}

#[derive(Default)]
struct Heard(parking_lot::Mutex<Vec<Event>>);

impl journal::Consumer for Heard {
    fn consume<'a>(
        &'a self,
        _: &'a store::Tx,
        event: &'a Event,
    ) -> store::BoxFuture<'a, Result<(), journal::Indigestible>> {
        self.0.lock().push(event.clone());
        Box::pin(async { Ok(()) })
    }
}

pub fn lines(of: &[(&str, i64)]) -> Vec<pb::StockLine> {
    of.iter().map(|(sku, quantity)| pb::StockLine { sku: (*sku).into(), quantity: *quantity }).collect()
}

pub fn step(saga: &str, step: &str, attempt: i32) -> StepRef {
    StepRef { saga: saga.into(), step: step.into(), attempt }
}

/// As the saga of `order` asks for it, the order being its saga.
pub fn reserving(order: &str, attempt: i32, of: &[(&str, i64)]) -> pb::ReserveRequest {
    pb::ReserveRequest {
        request_id: format!("{order}/reserve/{attempt}"),
        order_id: order.into(),
        lines: lines(of),
        hold_for: None,
        step: Some(step(order, "reserve", attempt)),
    }
}

pub fn committing(order: &str, attempt: i32) -> pb::CommitRequest {
    pb::CommitRequest {
        request_id: format!("{order}/commit/{attempt}"),
        order_id: order.into(),
        step: Some(step(order, "commit", attempt)),
    }
}

pub fn releasing(order: &str) -> pb::ReleaseRequest {
    pb::ReleaseRequest {
        request_id: format!("{order}/reserve/undo"),
        order_id: order.into(),
        undoes: Some(step(order, "reserve", 0)),
    }
}

pub fn reservation(response: Result<Response<pb::ReserveResponse>, Status>) -> Result<pb::Reservation, Status> {
    response.map(|response| response.into_inner().reservation.expect("a reserved order has a reservation"))
}

pub fn reason<T: std::fmt::Debug>(refused: Result<T, Status>) -> String {
    fabric::status::reason(&refused.unwrap_err()).unwrap_or_default()
}

/// Repeats a call as a saga does, until it is known what came of it.
pub async fn answered<R: Clone, T, F: Future<Output = Result<T, Status>>>(
    client: &Client,
    ask: R,
    call: impl Fn(Client, R) -> F,
) -> Result<T, Status> {
    loop {
        match call(client.clone(), ask.clone()).await {
            Err(status) if matches!(status.code(), Code::Unavailable | Code::DeadlineExceeded) => {}
            answer => return answer,
        }
    }
}

/// Written out here once more, on purpose: the service's own table must not check itself.
fn replay(level: &mut pb::StockLevel, movement: &api::mesh::v1::MovementFact) {
    let n = movement.quantity;
    match (movement.kind.as_str(), movement.from.as_str()) {
        ("receive", "") => (level.on_hand, level.received) = (level.on_hand + n, level.received + n),
        ("correct", "") => (level.on_hand, level.corrected) = (level.on_hand + n, level.corrected + n),
        ("reserve", "") => (level.on_hand, level.reserved) = (level.on_hand - n, level.reserved + n),
        ("commit", "") => (level.reserved, level.committed) = (level.reserved - n, level.committed + n),
        ("release", "reserved") | ("expire", "") => {
            (level.on_hand, level.reserved) = (level.on_hand + n, level.reserved - n);
        }
        ("release", "committed") => (level.on_hand, level.committed) = (level.on_hand + n, level.committed - n),
        ("ship", "") => (level.committed, level.shipped) = (level.committed - n, level.shipped + n),
        ("restock", "") => (level.on_hand, level.returned) = (level.on_hand + n, level.returned + n),
        other => panic!("a movement of no kind: {other:?}"),
    }
}

fn claim(held: &mut BTreeMap<String, [i64; 3]>, reservation: &pb::Reservation) {
    let place = match reservation.state() {
        pb::ReservationState::Held => 0,
        pb::ReservationState::Committed => 1,
        pb::ReservationState::Shipped => 2,
        _ => return,
    };
    for line in &reservation.lines {
        held.entry(line.sku.clone()).or_default()[place] += line.quantity;
    }
}
