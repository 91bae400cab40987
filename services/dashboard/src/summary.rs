//! Everything at a glance: what the API, the page and `/api/summary` show, read from the projections in one snapshot.

use crate::{buckets, domain::is_final};
use ambient::Timestamp;
use api::{order::v1::OrderState, types::Money};
use serde::{Serialize, Serializer};

/// The projections at one moment.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Summary {
    /// Orders by state; states without orders are left out.
    pub states: Vec<StateCount>,
    /// Money by currency.
    pub money: Vec<MoneyFlow>,
    /// From RECEIVED to CONFIRMED.
    pub time_to_confirm: TimeToConfirm,
    /// The SKUs that lacked most.
    pub stock_outs: Vec<StockOut>,
    /// Orders that wait for a person, oldest first: the first of them.
    pub attention: Vec<Attention>,
    /// Changes of orders, latest first: the first of them.
    pub changes: Vec<Change>,
    /// Orders over the last hour of events, in steps of five seconds; steps without any are left out.
    pub steps: Vec<Step>,
    /// Events taken in, by the service that told them.
    pub sources: Vec<Source>,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct StateCount {
    #[serde(serialize_with = "state_name")]
    pub state: OrderState,
    pub orders: i64,
}

/// In minor units.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct MoneyFlow {
    pub currency: String,
    pub taken: i64,
    pub refunded: i64,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct TimeToConfirm {
    pub orders: i64,
    pub p50_ms: i64,
    pub p99_ms: i64,
    pub buckets: Vec<Bucket>,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Bucket {
    pub up_to_ms: i64,
    pub orders: i64,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct StockOut {
    pub sku: String,
    pub refusals: i64,
    #[serde(rename = "last_at_ms", serialize_with = "time")]
    pub last_at: Timestamp,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Attention {
    pub order_id: String,
    pub cause: String,
    pub reason: String,
    #[serde(rename = "since_ms", serialize_with = "time")]
    pub since: Timestamp,
    #[serde(serialize_with = "money")]
    pub total: Money,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Change {
    /// Counts the orders' events, from 1.
    pub number: i64,
    #[serde(rename = "at_ms", serialize_with = "time")]
    pub at: Timestamp,
    pub order_id: String,
    #[serde(serialize_with = "state_name")]
    pub from: OrderState,
    #[serde(serialize_with = "state_name")]
    pub to: OrderState,
    pub cause: String,
    #[serde(serialize_with = "money")]
    pub total: Money,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Step {
    #[serde(rename = "start_ms", serialize_with = "time")]
    pub start: Timestamp,
    pub received: i64,
    pub confirmed: i64,
    pub ended: i64,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Source {
    pub source: String,
    pub events: i64,
    #[serde(rename = "last_at_ms", serialize_with = "time")]
    pub last_at: Timestamp,
}

impl Summary {
    /// All orders.
    pub fn orders(&self) -> i64 {
        self.states.iter().map(|count| count.orders).sum()
    }

    /// How many stand in this state.
    pub fn standing(&self, state: OrderState) -> i64 {
        self.states.iter().filter(|count| count.state == state).map(|count| count.orders).sum()
    }

    /// Orders that reached their end.
    pub fn ended(&self) -> i64 {
        self.states.iter().filter(|count| is_final(count.state)).map(|count| count.orders).sum()
    }

    /// Orders that wait for a person.
    pub fn needing_attention(&self) -> i64 {
        self.standing(OrderState::NeedsAttention)
    }

    /// Events taken in.
    pub fn events(&self) -> i64 {
        self.sources.iter().map(|source| source.events).sum()
    }

    /// The time of the latest event.
    pub fn last_at(&self) -> Option<Timestamp> {
        self.sources.iter().map(|source| source.last_at).max()
    }
}

impl TimeToConfirm {
    /// From counts by bucket, in the order of buckets.
    pub fn of(counts: &[(usize, i64)]) -> Self {
        Self {
            orders: counts.iter().map(|(_, orders)| orders).sum(),
            p50_ms: buckets::quantile(counts, 0.5),
            p99_ms: buckets::quantile(counts, 0.99),
            buckets: counts
                .iter()
                .map(|(bucket, orders)| Bucket { up_to_ms: buckets::upper_bound(*bucket), orders: *orders })
                .collect(),
        }
    }
}

/// `CONFIRMED`, as the contract names it.
pub fn name(state: OrderState) -> &'static str {
    state.as_str_name().trim_start_matches("ORDER_STATE_")
}

fn state_name<S: Serializer>(state: &OrderState, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(name(*state))
}

fn time<S: Serializer>(time: &Timestamp, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_i64(time.as_millis())
}

fn money<S: Serializer>(money: &Money, serializer: S) -> Result<S::Ok, S::Error> {
    #[derive(Serialize)]
    struct Shown<'a> {
        currency: &'a str,
        minor_units: i64,
    }
    Shown { currency: &money.currency_code, minor_units: money.minor_units }.serialize(serializer)
}
