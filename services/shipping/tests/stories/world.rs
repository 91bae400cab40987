//! A running shipping service, and a client that calls as "orders".

use ambient::{Ambient, Timestamp};
use api::{
    inventory::v1::StockLine,
    mesh::v1::fact::Fact as Row,
    shipping::v1::{self as pb, ShipmentChanged, ShipmentState, shipping_service_client::ShippingServiceClient},
    types::StepRef,
};
use engines::Engine;
use fabric::{Mesh, Placement, Wire};
use futures::TryStreamExt;
use journal::{Bus, Consumer, Event, Indigestible, Subscription};
use outrigger_shipping::{self as shipping, Settings, Shipping};
use prost::Message;
use std::{sync::Arc, time::Duration};
use store::{
    BoxFuture, Tx,
    sea_orm::{ConnectionTrait, Statement},
};
use tokio::sync::mpsc;
use tonic::Status;

/// A jump of the clock.
const STEP: Duration = Duration::from_millis(50);

pub struct World<'a> {
    pub engine: &'a Engine,
    pub ambient: Ambient,
    pub service: Shipping,
    pub client: ShippingServiceClient<Wire>,
    bus: Bus,
    heard: mpsc::UnboundedReceiver<pb::Shipment>,
    mesh: Mesh,
}

impl<'a> World<'a> {
    pub async fn new(engine: &'a Engine) -> Self {
        Self::on(engine, Settings::default()).await
    }

    /// A start on data that may hold what an earlier run left.
    pub async fn on(engine: &'a Engine, settings: Settings) -> Self {
        let ambient = Ambient::seeded(7, Timestamp::from_millis(1_700_000_000_000));
        Self::at(engine, ambient, settings).await
    }

    pub async fn at(engine: &'a Engine, ambient: Ambient, settings: Settings) -> Self {
        let data = engine.data();
        let bus = Bus::embedded(ambient.clone());
        let contract = policy::Contract::from_descriptors(api::DESCRIPTORS).unwrap();
        let mesh = Mesh::new(contract, ambient.clone(), Placement::InProcess);
        let service = shipping::start(&ambient, data, &mesh, &bus, settings).await.unwrap();
        let client = ShippingServiceClient::new(mesh.wire("orders", shipping::NAME));
        let (told, heard) = mpsc::unbounded_channel();
        let store = data.store("listener", journal::migrations()).await.unwrap();
        let handler = Arc::new(Listener(told));
        bus.subscribe(Subscription { consumer: "listener", source: shipping::NAME, store, handler }).await.unwrap();
        Self { engine, ambient, service, client, bus, heard, mesh }
    }

    pub async fn create(&self, order: &str) -> Result<pb::Shipment, Status> {
        let response = self.client.clone().create_shipment(creating(order, 1)).await?;
        Ok(response.into_inner().shipment.unwrap())
    }

    pub async fn cancel(&self, order: &str) -> Result<Option<pb::Shipment>, Status> {
        Ok(self.client.clone().cancel_shipment(cancelling(order)).await?.into_inner().shipment)
    }

    /// Lets time pass; whatever the carrier has to do on the way is done on the way. A real clock jumps in steps that are
    /// shorter than any of its times, and the carrier is waited for after each.
    pub async fn pass(&self, time: Duration) {
        if !self.engine.is_postgres() {
            return self.engine.pass(time).await;
        }
        let until = self.ambient.now().plus(time);
        while self.ambient.now() < until {
            self.engine.pass(until.since(self.ambient.now()).min(STEP)).await;
            while self.overdue().await {
                tokio::time::sleep(Duration::from_millis(2)).await;
            }
        }
    }

    async fn overdue(&self) -> bool {
        let found = self.service.store().read(self.ambient.now().as_millis(), |tx, now| {
            let sql = "SELECT shipment_id FROM shipment WHERE due_at <= $1 LIMIT 1";
            let due = Statement::from_sql_and_values(tx.get_database_backend(), sql, [(*now).into()]);
            Box::pin(async move { tx.query_one_raw(due).await })
        });
        found.await.unwrap().is_some()
    }

    /// The next change that is told of.
    pub async fn hear(&mut self) -> pb::Shipment {
        self.heard.recv().await.unwrap()
    }

    /// The order and state of every change told of so far.
    pub async fn told(&mut self) -> Vec<(String, ShipmentState)> {
        self.bus.settled().await;
        let mut told = Vec::new();
        while let Ok(shipment) = self.heard.try_recv() {
            told.push((shipment.order_id.clone(), shipment.state()));
        }
        told
    }

    pub async fn facts(&self) -> Vec<pb::Shipment> {
        let facts: Vec<_> = shipping::facts(self.service.store()).try_collect().await.unwrap();
        let shipment = |fact| match fact {
            Some(Row::Shipment(shipment)) => shipment,
            other => panic!("not a shipment: {other:?}"),
        };
        facts.into_iter().map(|fact: api::mesh::v1::Fact| shipment(fact.fact)).collect()
    }

    /// As a program ends.
    pub async fn end(self) {
        self.mesh.shutdown().await;
        self.bus.shutdown().await;
        self.service.shutdown().await;
        self.service.store().close().await;
    }
}

struct Listener(mpsc::UnboundedSender<pb::Shipment>);

impl Consumer for Listener {
    fn consume<'a>(&'a self, _: &'a Tx, event: &'a Event) -> BoxFuture<'a, Result<(), Indigestible>> {
        let shipment = ShipmentChanged::decode(event.payload.as_slice()).unwrap().shipment.unwrap();
        assert_eq!(event.key, shipment.order_id);
        let _gone = self.0.send(shipment);
        Box::pin(async { Ok(()) })
    }
}

/// As the saga of `order` asks for it, the order being its saga.
pub fn creating(order: &str, attempt: i32) -> pb::CreateShipmentRequest {
    pb::CreateShipmentRequest {
        request_id: format!("{order}/ship/{attempt}"),
        order_id: order.into(),
        lines: vec![StockLine { sku: "a".into(), quantity: 2 }],
        step: Some(step(order, attempt)),
    }
}

/// As the saga of `order` undoes it.
pub fn cancelling(order: &str) -> pb::CancelShipmentRequest {
    pb::CancelShipmentRequest {
        request_id: format!("{order}/ship/undo"),
        order_id: order.into(),
        undoes: Some(step(order, 0)),
    }
}

pub fn step(saga: &str, attempt: i32) -> StepRef {
    StepRef { saga: saga.into(), step: "ship".into(), attempt }
}

pub fn reason<T: std::fmt::Debug>(refused: Result<T, Status>) -> String {
    fabric::status::reason(&refused.unwrap_err()).unwrap_or_default()
}
