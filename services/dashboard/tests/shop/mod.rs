//! A shop that is not there: it publishes the events that orders, payments, inventory and shipping would.
#![allow(dead_code)] // each of those who use it needs another part

use ambient::{Ambient, Timestamp, roll};
use api::{
    inventory::v1::{Reservation, ReservationChanged, StockLine, StockOut},
    order::v1::{OrderChange, OrderChanged, OrderState},
    payment::v1::{Payment, PaymentChanged},
    shipping::v1::{Shipment, ShipmentChanged},
    types::Money,
};
use journal::{Bus, Event, outbox};
use prost::Message;
use std::{collections::BTreeMap, time::Duration};
use store::{Data, Store};

pub struct Shop {
    pub ambient: Ambient,
    stores: BTreeMap<&'static str, Store>,
    seed: u64,
    /// Between two steps of an order.
    pub pace: Duration,
}

/// One order on its way.
struct Order<'a> {
    shop: &'a Shop,
    id: String,
    total: Money,
    at: OrderState,
    sequence: i64,
    received: Timestamp,
}

pub fn money(currency: &str, minor_units: i64) -> Money {
    Money { currency_code: currency.into(), minor_units }
}

impl Shop {
    pub async fn open(ambient: &Ambient, data: &Data, bus: &Bus, seed: u64) -> Self {
        let mut stores = BTreeMap::new();
        for name in ["orders", "payments", "inventory", "shipping"] {
            let store = data.store(name, journal::migrations()).await.expect("the place for data is fresh");
            bus.publisher(name, store.clone());
            stores.insert(name, store);
        }
        Self { ambient: ambient.clone(), stores, seed, pace: Duration::ZERO }
    }

    pub fn store(&self, name: &str) -> &Store {
        &self.stores[name]
    }

    /// Publishes a message as an event about `key`.
    pub async fn tell(&self, kind: &str, key: &str, version: i64, message: &impl Message) {
        let source = match kind.split('.').nth(1) {
            Some("order") => "orders",
            Some("payment") => "payments",
            Some("inventory") => "inventory",
            _ => "shipping",
        };
        self.tell_raw(source, kind, key, version, message.encode_to_vec()).await;
    }

    pub async fn tell_raw(&self, source: &'static str, kind: &str, key: &str, version: i64, payload: Vec<u8>) {
        let event = Event {
            id: self.ambient.id(),
            source: source.into(),
            kind: kind.into(),
            key: key.into(),
            version,
            payload,
            at: self.ambient.now(),
            trace: None,
        };
        let appended = self.stores[source].unit(event, |tx, event| Box::pin(outbox::append(tx, event))).await;
        appended.expect("the store takes an event");
    }

    /// The life of an order, as the seed and its number have it.
    pub async fn order(&self, number: u64) {
        let id = self.ambient.id();
        let dice = |what: &str| roll(self.seed, &format!("{number}/{what}"), 1);
        let currency = if dice("currency") < 0.8 { "GBP" } else { "EUR" };
        let total = money(currency, 500 + (dice("total").powi(3) * 90_000.0) as i64);
        let received = self.ambient.now();
        let mut order = Order { shop: self, id, total, at: OrderState::Unspecified, sequence: 0, received };
        order.to(OrderState::Received, "").await;
        order.to(OrderState::Paying, "").await;
        match dice("fate") {
            fate if fate < 0.05 => order.to(OrderState::Declined, "PAYMENT_DECLINED").await,
            fate if fate < 0.09 => order.to(OrderState::Cancelled, "CANCELLED_BY_CUSTOMER").await,
            fate if fate < 0.19 => order.short_of_stock(dice("sku"), dice("answer")).await,
            _ => order.good(dice("end")).await,
        }
    }
}

impl Order<'_> {
    async fn to(&mut self, state: OrderState, cause: &str) {
        tokio::time::sleep(self.shop.pace.mul_f64(2.0 * roll(self.shop.seed, &self.id, self.sequence as u32))).await;
        self.sequence += 1;
        let reason = match cause {
            "OUT_OF_STOCK" => "2 of 6 × REGENCY CAKESTAND 3 TIER <b>were</b> on hand",
            "CARRIER_UNREACHABLE" => "the carrier has not answered for 30 minutes",
            _ => "",
        };
        let now = self.shop.ambient.now();
        let change = OrderChange {
            sequence: self.sequence,
            from_state: self.at.into(),
            state: state.into(),
            cause: cause.into(),
            reason: reason.into(),
            time: Some(time(now)),
            ..Default::default()
        };
        let event = OrderChanged {
            order_id: self.id.clone(),
            change: Some(change),
            total: Some(self.total.clone()),
            order_create_time: Some(time(self.received)),
            ..Default::default()
        };
        self.shop.tell("outrigger.order.v1.OrderChanged", &self.id, self.sequence, &event).await;
        self.at = state;
    }

    async fn moved(&self, minor_units: i64) {
        let payment = Payment { order_id: self.id.clone(), ..Default::default() };
        let moved = Some(Money { minor_units, ..self.total.clone() });
        self.shop
            .tell(
                "outrigger.payment.v1.PaymentChanged",
                &self.id,
                self.sequence,
                &PaymentChanged { payment: Some(payment), moved },
            )
            .await;
    }

    async fn reserved(&self) {
        let reservation = Some(Reservation { order_id: self.id.clone(), ..Default::default() });
        self.shop
            .tell(
                "outrigger.inventory.v1.ReservationChanged",
                &self.id,
                self.sequence,
                &ReservationChanged { reservation },
            )
            .await;
    }

    async fn parcel(&self) {
        let shipment = Some(Shipment { order_id: self.id.clone(), ..Default::default() });
        self.shop
            .tell("outrigger.shipping.v1.ShipmentChanged", &self.id, self.sequence, &ShipmentChanged { shipment })
            .await;
    }

    async fn short_of_stock(&mut self, sku: f64, answer: f64) {
        const SKUS: [&str; 7] = ["22423", "85123A", "47566", "85099B", "84879", "POST", "21212"];
        let sku = SKUS[(sku * sku * SKUS.len() as f64) as usize];
        self.moved(self.total.minor_units).await;
        self.to(OrderState::Reserving, "").await;
        let wanted = vec![StockLine { sku: sku.into(), quantity: 6 }];
        let event = StockOut { order_id: self.id.clone(), wanted, on_hand: vec![2] };
        self.shop.tell("outrigger.inventory.v1.StockOut", &self.id, self.sequence, &event).await;
        if answer < 0.25 {
            return self.to(OrderState::NeedsAttention, "OUT_OF_STOCK").await;
        }
        self.to(OrderState::Refunding, "OUT_OF_STOCK").await;
        self.moved(-self.total.minor_units).await;
        self.to(OrderState::Refunded, "OUT_OF_STOCK").await;
    }

    async fn good(&mut self, end: f64) {
        self.to(OrderState::Reserving, "").await;
        self.reserved().await;
        self.moved(self.total.minor_units).await;
        self.to(OrderState::Confirmed, "").await;
        if end < 0.02 {
            return self.to(OrderState::NeedsAttention, "CARRIER_UNREACHABLE").await;
        }
        self.parcel().await;
        self.to(OrderState::Shipped, "").await;
        if end < 0.2 {
            return;
        }
        self.parcel().await;
        self.to(OrderState::Completed, "").await;
        if end < 0.25 {
            self.moved(-self.total.minor_units / 3).await;
            self.to(OrderState::Completed, "").await;
        }
    }
}

fn time(at: Timestamp) -> prost_types::Timestamp {
    let nanos = (at.as_millis().rem_euclid(1_000) * 1_000_000) as i32;
    prost_types::Timestamp { seconds: at.as_millis().div_euclid(1_000), nanos }
}
