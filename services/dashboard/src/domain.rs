//! What events add up to: pure, and a function of the events alone. Nothing here knows what time it is, so that a
//! projection which is built again comes out the same.

use crate::buckets;
use ambient::Timestamp;
use api::{
    inventory::v1::StockOut,
    order::v1::{OrderChange, OrderChanged, OrderState},
    payment::v1::PaymentChanged,
    types::Money,
};
use fabric::time;
use prost::Message;
use std::collections::BTreeMap;

/// Whose events are consumed.
pub const SOURCES: [&str; 4] = ["orders", "payments", "inventory", "shipping"];

const ORDER_CHANGED: &str = "outrigger.order.v1.OrderChanged";
const PAYMENT_CHANGED: &str = "outrigger.payment.v1.PaymentChanged";
const STOCK_OUT: &str = "outrigger.inventory.v1.StockOut";

/// Orders are counted over time in steps of this length, in milliseconds.
pub const STEP: i64 = 5_000;

/// What some events add to the projections. Adding is all they do, but for the orders that wait for a person and the
/// latest changes, where the later one counts.
#[derive(Debug, Default, PartialEq)]
pub struct Delta {
    pub sources: BTreeMap<String, Seen>,
    pub states: BTreeMap<OrderState, i64>,
    pub money: BTreeMap<String, Moved>,
    pub stock_outs: BTreeMap<String, Seen>,
    pub confirmed_within: BTreeMap<usize, i64>,
    pub steps: BTreeMap<i64, Flow>,
    /// By order; none: it waits no more.
    pub attention: BTreeMap<String, Option<Waiting>>,
    pub changes: Vec<Change>,
}

/// How often, and when last.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Seen {
    pub times: i64,
    pub last_at: Timestamp,
}

/// Money of one currency, in its minor unit.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Moved {
    pub taken: i64,
    pub refunded: i64,
}

/// Orders within one step of time.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Flow {
    pub received: i64,
    pub confirmed: i64,
    pub ended: i64,
}

/// An order that waits for a person.
#[derive(Clone, Debug, PartialEq)]
pub struct Waiting {
    pub cause: String,
    pub reason: String,
    pub since: Timestamp,
    pub total: Money,
}

/// One change of an order.
#[derive(Clone, Debug, PartialEq)]
pub struct Change {
    pub order_id: String,
    pub from: OrderState,
    pub to: OrderState,
    pub cause: String,
    pub at: Timestamp,
    pub total: Money,
}

/// An event that this version cannot understand.
#[derive(Debug, PartialEq, thiserror::Error)]
pub enum Unclear {
    #[error("{0}")]
    Undecodable(#[from] prost::DecodeError),
    #[error("the change itself is missing")]
    NoChange,
    #[error("order state {0} is not known to this version")]
    State(i32),
}

/// No further move leads out of it.
pub const fn is_final(state: OrderState) -> bool {
    matches!(
        state,
        OrderState::Completed
            | OrderState::Declined
            | OrderState::OutOfStock
            | OrderState::Cancelled
            | OrderState::Refunded
    )
}

impl Delta {
    /// Adds one event. An event that is unclear adds nothing.
    pub fn take_in(&mut self, source: &str, kind: &str, payload: &[u8], at: Timestamp) -> Result<(), Unclear> {
        match kind {
            ORDER_CHANGED => self.order(OrderChanged::decode(payload)?, at)?,
            PAYMENT_CHANGED => self.payment(&PaymentChanged::decode(payload)?),
            STOCK_OUT => self.stock_out(StockOut::decode(payload)?, at),
            _ => {} // counted below: it shows that its service is alive
        }
        self.sources.entry(source.to_owned()).or_default().again(1, at);
        Ok(())
    }

    fn order(&mut self, event: OrderChanged, at: Timestamp) -> Result<(), Unclear> {
        let change = event.change.ok_or(Unclear::NoChange)?;
        let (from, to) = (known(change.from_state)?, known(change.state)?);
        let happened = change.time.map_or(at, |time| time::read(&time));
        let total = event.total.unwrap_or_default();
        if from != to {
            self.moved(from, to, at);
            if (from, to) == (OrderState::Reserving, OrderState::Confirmed) {
                self.measure(event.order_create_time, happened);
            }
            self.attend(&event.order_id, &change, (from, to), happened, &total);
        }
        let order_id = event.order_id;
        self.changes.push(Change { order_id, from, to, cause: change.cause, at: happened, total });
        Ok(())
    }

    fn moved(&mut self, from: OrderState, to: OrderState, at: Timestamp) {
        if from != OrderState::Unspecified {
            *self.states.entry(from).or_default() -= 1;
        }
        *self.states.entry(to).or_default() += 1;
        let flow = Flow {
            received: i64::from(from == OrderState::Unspecified),
            confirmed: i64::from(to == OrderState::Confirmed),
            ended: i64::from(is_final(to)),
        };
        if flow != Flow::default() {
            let step = self.steps.entry(at.as_millis().div_euclid(STEP)).or_default();
            step.received += flow.received;
            step.confirmed += flow.confirmed;
            step.ended += flow.ended;
        }
    }

    /// The first confirmation of an order: one that a person brought back was not quick or slow, but parked.
    fn measure(&mut self, received: Option<prost_types::Timestamp>, confirmed: Timestamp) {
        let Some(received) = received.as_ref().map(time::read) else { return };
        let took = confirmed.as_millis().saturating_sub(received.as_millis());
        *self.confirmed_within.entry(buckets::of(took)).or_default() += 1;
    }

    fn attend(
        &mut self,
        order_id: &str,
        change: &OrderChange,
        (from, to): (OrderState, OrderState),
        since: Timestamp,
        total: &Money,
    ) {
        let waiting = match (from, to) {
            (_, OrderState::NeedsAttention) => Some(Waiting {
                cause: change.cause.clone(),
                reason: change.reason.clone(),
                since,
                total: total.clone(),
            }),
            (OrderState::NeedsAttention, _) => None,
            _ => return,
        };
        self.attention.insert(order_id.to_owned(), waiting);
    }

    fn payment(&mut self, event: &PaymentChanged) {
        let Some(moved) = event.moved.as_ref().filter(|moved| moved.minor_units != 0) else { return };
        let sums = self.money.entry(moved.currency_code.clone()).or_default();
        sums.taken += moved.minor_units.max(0);
        sums.refunded -= moved.minor_units.min(0);
    }

    /// One refusal a SKU, however many lines of the order asked for it.
    fn stock_out(&mut self, event: StockOut, at: Timestamp) {
        let mut skus: Vec<String> = event.wanted.into_iter().map(|line| line.sku).collect();
        skus.sort_unstable();
        skus.dedup();
        for sku in skus {
            self.stock_outs.entry(sku).or_default().again(1, at);
        }
    }
}

impl Seen {
    fn again(&mut self, times: i64, at: Timestamp) {
        self.times += times;
        self.last_at = self.last_at.max(at);
    }
}

fn known(state: i32) -> Result<OrderState, Unclear> {
    OrderState::try_from(state).map_err(|_| Unclear::State(state))
}

#[cfg(test)]
mod tests {
    use super::*;
    use OrderState::*;
    use api::inventory::v1::StockLine;

    const AT: Timestamp = Timestamp::from_millis(25_000);

    fn gbp(minor_units: i64) -> Option<Money> {
        Some(Money { currency_code: "GBP".into(), minor_units })
    }

    fn moves(order: &str, path: &[OrderState]) -> Delta {
        let mut delta = Delta::default();
        for step in path.windows(2) {
            let change = OrderChange {
                from_state: step[0].into(),
                state: step[1].into(),
                time: Some(prost_types::Timestamp { seconds: 25, nanos: 0 }),
                cause: "WHY".into(),
                ..Default::default()
            };
            let event = OrderChanged {
                order_id: order.into(),
                change: Some(change),
                total: gbp(500),
                order_create_time: Some(prost_types::Timestamp { seconds: 24, nanos: 910_000_000 }),
                ..Default::default()
            };
            delta.take_in("orders", ORDER_CHANGED, &event.encode_to_vec(), AT).unwrap();
        }
        delta
    }

    #[test]
    fn an_order_is_counted_in_the_one_state_where_it_stands() {
        let delta = moves("A", &[Unspecified, Received, Paying, Reserving, Confirmed]);
        let standing: Vec<_> = delta.states.iter().filter(|(_, orders)| **orders != 0).collect();
        assert_eq!(standing, [(&Confirmed, &1)]);
        assert_eq!(delta.steps[&5], Flow { received: 1, confirmed: 1, ended: 0 });
        assert_eq!(delta.confirmed_within.keys().map(|bucket| buckets::upper_bound(*bucket)).next(), Some(100));
        assert_eq!(delta.sources["orders"], Seen { times: 4, last_at: AT });
        assert_eq!(delta.changes.len(), 4);
    }

    #[test]
    fn an_order_waits_for_a_person_until_it_moves_on() {
        let parked = moves("A", &[Reserving, NeedsAttention]);
        assert_eq!(parked.attention["A"].as_ref().map(|waiting| waiting.cause.as_str()), Some("WHY"));
        assert_eq!(moves("A", &[Reserving, NeedsAttention, Confirmed]).attention["A"], None);
        assert!(moves("A", &[Reserving, Confirmed]).attention.is_empty());
    }

    #[test]
    fn a_confirmation_after_a_persons_help_is_not_measured() {
        assert!(moves("A", &[NeedsAttention, Confirmed]).confirmed_within.is_empty());
    }

    #[test]
    fn a_return_is_a_change_but_no_move() {
        let delta = moves("A", &[Completed, Completed]);
        assert!(delta.states.is_empty() && delta.steps.is_empty());
        assert_eq!(delta.changes.len(), 1);
    }

    #[test]
    fn money_is_summed_by_direction_and_currency() {
        let mut delta = Delta::default();
        for moved in [gbp(1_000), gbp(-300), gbp(0), None, Some(Money { currency_code: "EUR".into(), minor_units: 7 })]
        {
            let event = PaymentChanged { moved, ..Default::default() }.encode_to_vec();
            delta.take_in("payments", PAYMENT_CHANGED, &event, AT).unwrap();
        }
        assert_eq!(delta.money["GBP"], Moved { taken: 1_000, refunded: 300 });
        assert_eq!(delta.money["EUR"], Moved { taken: 7, refunded: 0 });
    }

    #[test]
    fn a_refused_order_counts_once_for_each_sku_that_lacked() {
        let line = |sku: &str| StockLine { sku: sku.into(), quantity: 3 };
        let event = StockOut { wanted: vec![line("B"), line("A"), line("B")], ..Default::default() };
        let mut delta = Delta::default();
        delta.take_in("inventory", STOCK_OUT, &event.encode_to_vec(), AT).unwrap();
        assert_eq!(delta.stock_outs.values().map(|seen| seen.times).collect::<Vec<_>>(), [1, 1]);
    }

    #[test]
    fn what_cannot_be_understood_adds_nothing() {
        let mut delta = Delta::default();
        let unknown = OrderChange { state: 99, ..Default::default() };
        let unknown = OrderChanged { change: Some(unknown), ..Default::default() }.encode_to_vec();
        assert_eq!(delta.take_in("orders", ORDER_CHANGED, &unknown, AT), Err(Unclear::State(99)));
        assert_eq!(delta.take_in("orders", ORDER_CHANGED, &[], AT), Err(Unclear::NoChange));
        assert!(matches!(delta.take_in("orders", ORDER_CHANGED, &[255], AT), Err(Unclear::Undecodable(_))));
        assert_eq!(delta, Delta::default());
    }

    #[test]
    fn an_event_of_a_kind_that_is_not_looked_into_is_counted() {
        let mut delta = Delta::default();
        delta.take_in("shipping", "outrigger.shipping.v1.ShipmentChanged", &[255], AT).unwrap();
        assert_eq!(delta.sources["shipping"].times, 1);
    }
}
