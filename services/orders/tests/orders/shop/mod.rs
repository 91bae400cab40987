//! Orders alone, with scripted callees around it and a carrier in the test's hand.

mod callees;
mod place;

use ambient::{Ambient, Timestamp};
use api::{
    inventory::v1::inventory_service_server::InventoryServiceServer,
    mesh::v1::{Fact, fact::Fact as Row},
    order::v1::{order_service_client::OrderServiceClient, *},
    payment::v1::payment_service_server::PaymentServiceServer,
    shipping::v1::{Shipment, ShipmentChanged, ShipmentState, shipping_service_server::ShippingServiceServer},
    types::Money,
};
pub use callees::{Callees, Reply};
use fabric::{Mesh, Placement, Wire};
use futures::TryStreamExt;
use journal::{Bus, Event, outbox};
use outrigger_orders::{self as orders, Orders, Settings};
pub use place::Place;
use prost::Message;
use std::time::Duration;
use store::Store;
use tonic::Status;

pub struct Shop {
    pub ambient: Ambient,
    pub callees: Callees,
    pub orders: Orders,
    pub client: OrderServiceClient<Wire>,
    pub bus: Bus,
    mesh: Mesh,
    pub place: Place,
    shipping: Store,
    settings: Settings,
}

impl Shop {
    pub async fn open(place: Place) -> Self {
        let settings = place.settings();
        Self::with(place, settings).await
    }

    pub async fn with(place: Place, settings: Settings) -> Self {
        let ambient = Ambient::seeded(3, Timestamp::from_millis(1_700_000_000_000));
        let contract = policy::Contract::from_descriptors(api::DESCRIPTORS).expect("the contract is sound");
        let mesh = Mesh::new(contract, ambient.clone(), Placement::InProcess);
        let bus = Bus::embedded(ambient.clone());
        let callees = Callees::default();
        let shipping = place.data.store("shipping", journal::migrations()).await.expect("it opens");
        bus.publisher("shipping", shipping.clone());
        mesh.host("payments", PaymentServiceServer::new(callees.clone())).await.expect("hosted");
        mesh.host("inventory", InventoryServiceServer::new(callees.clone())).await.expect("hosted");
        mesh.host("shipping", ShippingServiceServer::new(callees.clone())).await.expect("hosted");
        let orders = orders::start(&ambient, &place.data, &mesh, &bus, settings.clone()).await.expect("it starts");
        let client = OrderServiceClient::new(mesh.wire("operator", "orders"));
        Self { ambient, callees, orders, client, bus, mesh, place, shipping, settings }
    }

    /// Ends orders in the middle of whatever it does and starts it again on what it had made durable.
    pub async fn crash_and_restart(&mut self) {
        self.orders.abandon().await;
        self.mesh.withdraw("orders").await;
        self.bus.shutdown().await;
        self.orders.store().close().await;
        self.bus = Bus::embedded(self.ambient.clone());
        self.bus.publisher("shipping", self.shipping.clone());
        self.orders = orders::start(&self.ambient, &self.place.data, &self.mesh, &self.bus, self.settings.clone())
            .await
            .expect("it starts again");
    }

    pub async fn place(&self, request: PlaceOrderRequest) -> Order {
        let placed = self.client.clone().place_order(request).await.expect("it is taken");
        placed.into_inner().order.expect("it is answered")
    }

    pub async fn order(&self, order_id: &str) -> Order {
        let request = GetOrderRequest { order_id: order_id.to_owned() };
        self.client.clone().get_order(request).await.expect("it is there").into_inner().order.expect("answered")
    }

    /// Waits until the order stands there.
    pub async fn reaches(&self, order_id: &str, state: OrderState) -> Order {
        let waited = tokio::time::timeout(Duration::from_secs(300), async {
            loop {
                let order = self.order(order_id).await;
                if order.state() == state {
                    return order;
                }
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        });
        match waited.await {
            Ok(order) => order,
            Err(_) => panic!("{order_id} never reached {state:?}: {:?}", self.order(order_id).await),
        }
    }

    /// Waits until a call of this step was made.
    pub async fn calls(&self, call: &str) {
        while !self.callees.calls().iter().any(|made| made == call) {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    }

    pub async fn cancel(&self, order_id: &str) -> Result<Order, Status> {
        let request =
            CancelOrderRequest { order_id: order_id.to_owned(), actor: "ann".into(), reason: "changed my mind".into() };
        Ok(self.client.clone().cancel_order(request).await?.into_inner().order.expect("answered"))
    }

    pub async fn resolve(&self, order_id: &str, resolution: Resolution, note: &str) -> Result<Order, Status> {
        let request = ResolveOrderRequest {
            order_id: order_id.to_owned(),
            resolution: resolution.into(),
            actor: "bob".into(),
            note: note.into(),
        };
        Ok(self.client.clone().resolve_order(request).await?.into_inner().order.expect("answered"))
    }

    pub async fn give_back(&self, key: &str, order_id: &str, quantity: i64) -> Result<ReturnItemsResponse, Status> {
        let request = ReturnItemsRequest {
            request_id: key.into(),
            order_id: order_id.to_owned(),
            lines: vec![ReturnLine { sku: "A".into(), quantity, unit_price: pence(250) }],
            reason: "broken".into(),
        };
        Ok(self.client.clone().return_items(request).await?.into_inner())
    }

    /// The carrier's word.
    pub async fn carrier(&self, order_id: &str, state: ShipmentState) {
        let shipment = Shipment {
            shipment_id: format!("ship-{order_id}"),
            order_id: order_id.to_owned(),
            state: state.into(),
            ..Shipment::default()
        };
        let event = Event {
            id: self.ambient.id(),
            source: "shipping".into(),
            kind: "outrigger.shipping.v1.ShipmentChanged".into(),
            key: order_id.to_owned(),
            version: 1,
            payload: ShipmentChanged { shipment: Some(shipment) }.encode_to_vec(),
            at: self.ambient.now(),
            trace: None,
        };
        let published = self.shipping.unit(event, |tx, event| Box::pin(outbox::append(tx, event)));
        published.await.expect("published");
        self.bus.settled().await;
    }

    /// The states of an order's history.
    pub async fn history(&self, order_id: &str) -> Vec<OrderState> {
        let facts: Vec<Fact> = orders::facts(self.orders.store()).try_collect().await.expect("readable");
        let of_order = |fact: Fact| match fact.fact {
            Some(Row::History(history)) if history.order_id == order_id => history.change,
            _ => None,
        };
        facts.into_iter().filter_map(of_order).map(|change| change.state()).collect()
    }
}

pub fn pence(minor_units: i64) -> Option<Money> {
    Some(Money { currency_code: "GBP".into(), minor_units })
}

/// Four of A at £2.50.
pub fn request(key: &str, method: PaymentMethod) -> PlaceOrderRequest {
    PlaceOrderRequest {
        request_id: key.into(),
        customer: Some(Customer { customer_id: "c1".into(), email: "c1@example.org".into() }),
        lines: vec![OrderLine { sku: "A".into(), quantity: 4, unit_price: pence(250), ..OrderLine::default() }],
        payment: Some(Payment { method: method.into(), token: "tok".into() }),
        wait_for: WaitFor::Confirmed.into(),
        ..PlaceOrderRequest::default()
    }
}

pub fn with_policy(mut request: PlaceOrderRequest, action: FailureAction) -> PlaceOrderRequest {
    let retry_for = (action == FailureAction::Retry).then_some(prost_types::Duration { seconds: 2, nanos: 0 });
    request.on_failure = Some(FailurePolicy { action: action.into(), retry_for, then: 0 });
    request
}
