//! What a storm is made of, thrown from its seed: what customers want, and what befalls the shop meanwhile.

use super::luck::Luck;
use api::{
    order::v1::{
        ChargeLine, Customer, FailureAction, FailurePolicy, OrderLine, Payment, PaymentMethod, PlaceOrderRequest,
        WaitFor,
    },
    types::Money,
};
use outrigger_tests::{PRICE, pence};
use payments::tokens;
use std::time::Duration;

/// On the shelves from the start, and scarce.
pub const GOODS: [&str; 6] = ["MUG", "TRAY", "LAMP", "BELL", "RUG", "VASE"];
/// Comes into the catalogue in the middle of the storm, and is on no shelf before it is received.
pub const NOVELTY: &str = "NOVELTY";
/// A card whose bank takes nothing back, until a person looks into it.
pub const CLOSED: &str = "tok_closed";

const BEHAVIOURS: [&str; 8] = [
    tokens::OK,
    tokens::DECLINED,
    tokens::DECLINED_AT_CAPTURE,
    tokens::SLOW,
    tokens::SILENT_ONCE,
    tokens::LATE,
    tokens::TWICE,
    tokens::FLAKY,
];

/// One key of a customer's, and what is sent under it.
pub struct Wish {
    pub request: PlaceOrderRequest,
    /// The same key by mistake with other content.
    pub other: Option<PlaceOrderRequest>,
}

impl Wish {
    pub fn content(&self, other: bool) -> PlaceOrderRequest {
        let other = self.other.as_ref().filter(|_| other);
        other.unwrap_or(&self.request).clone()
    }

    pub fn token(&self) -> &str {
        &self.request.payment.as_ref().expect("every wish is paid").token
    }
}

/// Something to be done at its time.
#[derive(Clone, Debug)]
pub struct Errand {
    pub at: Duration,
    pub deed: Deed,
}

/// What can be done.
#[derive(Clone, Debug)]
pub enum Deed {
    Place { wish: usize, other: bool, patient: bool },
    Cancel { wish: usize },
    TakeBack { wish: usize, part: usize },
    Receive { sku: &'static str, quantity: i64 },
    Correct { sku: &'static str, difference: i64 },
    Extend,
    Rebuild,
    Resolve,
}

/// A storm's whole plan.
pub struct Plan {
    pub wishes: Vec<Wish>,
    pub errands: Vec<Errand>,
    /// What is on the shelves at the start, each.
    pub opening: i64,
}

impl Plan {
    /// So many orders within so long a time.
    pub fn of(seed: u64, orders: usize, time: Duration) -> Self {
        let mut errands = Vec::new();
        let wishes = (0..orders).map(|number| wish(seed, number, time, &mut errands)).collect();
        besides(&Luck::of(seed, "besides"), orders, time, &mut errands);
        errands.sort_by_key(|errand| errand.at);
        // Less than half of what is wanted.
        let opening = (orders * 2) as i64 / GOODS.len() as i64;
        Self { wishes, errands, opening }
    }
}

fn wish(seed: u64, number: usize, time: Duration, errands: &mut Vec<Errand>) -> Wish {
    let luck = Luck::of(seed, format!("order-{number}"));
    let request = request(&luck, number, time);
    let other = luck.chance(0.1).then(|| {
        let mut other = request.clone();
        other.lines[0].quantity += 1;
        other
    });
    let first = luck.within(time);
    let patient = luck.chance(0.3);
    errands.push(Errand { at: first, deed: Deed::Place { wish: number, other: false, patient } });
    for _ in 0..luck.pick(&[0, 0, 0, 1, 1, 3]) {
        let at = first + near(&luck, time);
        errands.push(Errand { at, deed: Deed::Place { wish: number, other: false, patient: luck.chance(0.3) } });
    }
    if other.is_some() {
        // A moment before the first, or after it.
        let at = if luck.chance(0.3) { first } else { first + near(&luck, time) };
        errands.push(Errand { at, deed: Deed::Place { wish: number, other: true, patient: false } });
    }
    if luck.chance(0.25) {
        for _ in 0..luck.pick(&[1, 1, 2]) {
            let at = first + near(&luck, time);
            errands.push(Errand { at, deed: Deed::Cancel { wish: number } });
        }
    }
    if luck.chance(0.35) {
        for part in 0..luck.pick(&[1, 2, 3]) {
            let at = first + luck.within(time / 2);
            errands.push(Errand { at, deed: Deed::TakeBack { wish: number, part } });
            if luck.chance(0.3) {
                errands.push(Errand { at: at + near(&luck, time), deed: Deed::TakeBack { wish: number, part } });
            }
        }
    }
    Wish { request, other }
}

/// Soon after, mostly: in the middle of what it befalls.
fn near(luck: &Luck, time: Duration) -> Duration {
    let longest = luck.pick(&[time / 1_000, time / 50, time / 10]);
    luck.within(longest)
}

fn request(luck: &Luck, number: usize, time: Duration) -> PlaceOrderRequest {
    let mut lines: Vec<OrderLine> = Vec::new();
    for _ in 0..luck.pick(&[1, 1, 1, 2, 2, 3, 4]) {
        let again = !lines.is_empty() && luck.chance(0.3);
        let sku = if again { lines[0].sku.clone() } else { sku(luck).to_owned() };
        let quantity = 1 + luck.below(3) as i64;
        lines.push(OrderLine { sku, quantity, unit_price: Some(pence(PRICE)), ..OrderLine::default() });
    }
    let method = luck.pick(&[PaymentMethod::Card, PaymentMethod::Card, PaymentMethod::Transfer, PaymentMethod::Wallet]);
    let kind = match luck.below(20) {
        0 => CLOSED,
        1..10 => tokens::OK,
        _ => luck.pick(&BEHAVIOURS),
    };
    let email = if luck.chance(0.8) { format!("c{number}@shop.example") } else { String::new() };
    PlaceOrderRequest {
        request_id: format!("order-{number}"),
        customer: Some(Customer { customer_id: format!("C-{number}"), email }),
        lines,
        charges: charges(luck),
        payment: Some(Payment { method: method.into(), token: format!("{kind}:{number}") }),
        on_failure: policy(luck, time),
        wait_for: WaitFor::Recorded.into(),
    }
}

fn sku(luck: &Luck) -> &'static str {
    if luck.chance(0.05) { NOVELTY } else { luck.pick(&GOODS) }
}

fn charges(luck: &Luck) -> Vec<ChargeLine> {
    let charge = |code: &str, amount: Money| ChargeLine { code: code.into(), title: code.into(), amount: Some(amount) };
    let mut charges = Vec::new();
    if luck.chance(0.3) {
        charges.push(charge("POST", pence(395)));
    }
    if luck.chance(0.2) {
        charges.push(charge("DISCOUNT", pence(-101)));
    }
    charges
}

fn policy(luck: &Luck, time: Duration) -> Option<FailurePolicy> {
    let retry = |then: FailureAction| FailurePolicy {
        action: FailureAction::Retry.into(),
        retry_for: (luck.within(time) + Duration::from_millis(1)).try_into().ok(),
        then: then.into(),
    };
    let at_once = |action: FailureAction| FailurePolicy { action: action.into(), ..FailurePolicy::default() };
    match luck.below(6) {
        0 => None,
        1 | 2 => Some(at_once(FailureAction::Refund)),
        3 => Some(at_once(FailureAction::Hold)),
        4 => Some(retry(FailureAction::Refund)),
        _ => Some(retry(FailureAction::Hold)),
    }
}

/// What happens in the shop whoever orders.
fn besides(luck: &Luck, orders: usize, time: Duration, errands: &mut Vec<Errand>) {
    let mut at_random = |times: usize, deed: &dyn Fn() -> Deed| {
        for _ in 0..times {
            errands.push(Errand { at: luck.within(time), deed: deed() });
        }
    };
    at_random(orders / 10, &|| Deed::Receive { sku: sku(luck), quantity: 1 + luck.below(6) as i64 });
    at_random(orders / 15, &|| Deed::Correct { sku: sku(luck), difference: luck.pick(&[-2, -1, 1, 2]) });
    at_random(2, &|| Deed::Extend);
    at_random(2, &|| Deed::Rebuild);
    at_random(8, &|| Deed::Resolve);
}
