//! What a new order must be: each field looked at, every violation named.

use super::{
    failure::{OnFailure, Policy},
    order::{Charge, Content, Line, Method},
};
use ambient::Timestamp;
use api::{
    order::v1::{FailureAction, FailurePolicy, OrderLine, PlaceOrderRequest, WaitFor},
    types::Money,
};
use std::time::Duration;

const MAX_LINES: usize = 1_000;
const MAX_QUANTITY: i64 = 1_000_000;
const MAX_RETRY: Duration = Duration::from_secs(30 * 24 * 3600);
const MAX_TEXT: usize = 1_000;

/// Fields and what is wrong with each.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Violations(pub Vec<(String, String)>);

impl Violations {
    /// Notes that something is wrong with a field.
    pub fn add(&mut self, field: impl Into<String>, wrong: impl Into<String>) {
        self.0.push((field.into(), wrong.into()));
    }

    /// `value`, unless anything was wrong.
    pub fn or<T>(self, value: T) -> Result<T, Self> {
        if self.0.is_empty() { Ok(value) } else { Err(self) }
    }
}

/// An order that is well formed; whether the catalogue carries it is still to be seen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Draft {
    /// Goods, titles still empty.
    pub lines: Vec<Line>,
    customer_id: String,
    email: String,
    charges: Vec<Charge>,
    method: Method,
    token: String,
    on_failure: OnFailure,
    /// Of all its amounts.
    pub currency: String,
    total: i64,
}

/// What the catalogue says of a line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Pricing {
    /// It carries this price for this quantity.
    Carried {
        /// The item's title.
        title: String,
    },
    /// The SKU is there, the price is not.
    OtherPrice,
    /// The SKU is not there.
    Unknown,
}

impl Draft {
    /// The order, once the catalogue has answered for every line, in their order.
    pub fn priced(
        mut self,
        pricings: Vec<Pricing>,
        order_id: String,
        created_at: Timestamp,
        trace: Option<String>,
    ) -> Result<Content, Violations> {
        let mut violations = Violations::default();
        for (at, (line, pricing)) in self.lines.iter_mut().zip(pricings).enumerate() {
            match pricing {
                Pricing::Carried { title } => line.title = title,
                Pricing::OtherPrice => violations.add(
                    format!("lines[{at}].unit_price"),
                    format!("the catalogue carries no such price for {} pieces of {}", line.quantity, line.sku),
                ),
                Pricing::Unknown => {
                    violations.add(format!("lines[{at}].sku"), format!("{} is not in the catalogue", line.sku));
                }
            }
        }
        violations.or(Content {
            order_id,
            customer_id: self.customer_id,
            email: self.email,
            lines: self.lines,
            charges: self.charges,
            method: self.method,
            token: self.token,
            on_failure: self.on_failure,
            currency: self.currency,
            total: self.total,
            created_at,
            trace,
        })
    }
}

/// Looks at every field of a request; `default` answers for an order that brings no policy.
pub fn check_place(request: &PlaceOrderRequest, default: OnFailure) -> Result<Draft, Violations> {
    let mut violations = Violations::default();
    let v = &mut violations;
    check_request_id(v, &request.request_id);
    let customer = request.customer.clone().unwrap_or_default();
    check_id(v, "customer.customer_id", &customer.customer_id, 64);
    check_text(v, "customer.email", &customer.email, 254);
    let payment = request.payment.clone().unwrap_or_default();
    let method = Method::from_number(payment.method);
    if method.is_none() {
        v.add("payment.method", "must be CARD, TRANSFER or WALLET");
    }
    check_id(v, "payment.token", &payment.token, 128);
    if WaitFor::try_from(request.wait_for).is_err() {
        v.add("wait_for", "must be RECORDED or CONFIRMED");
    }
    let on_failure = check_on_failure(v, request.on_failure.as_ref(), default);
    if request.lines.is_empty() {
        v.add("lines", "at least one is needed");
    }
    if request.lines.len() + request.charges.len() > MAX_LINES {
        v.add("lines", format!("at most {MAX_LINES} together with charges"));
        return Err(violations);
    }
    let mut sum = Sum::default();
    let lines = request.lines.iter().enumerate().map(|(at, line)| check_line(v, &mut sum, at, line)).collect();
    let charges = check_charges(v, &mut sum, request);
    let total = sum.total(v);
    let currency = sum.currency.unwrap_or_default();
    violations.or(Draft {
        lines,
        customer_id: customer.customer_id,
        email: customer.email,
        charges,
        method: method.unwrap_or(Method::Card),
        token: payment.token,
        on_failure,
        currency,
        total,
    })
}

/// The total as it grows, its one currency, and whether it still fits.
#[derive(Default)]
struct Sum {
    currency: Option<String>,
    total: i128,
}

impl Sum {
    fn add(&mut self, v: &mut Violations, field: &str, money: Option<&Money>, quantity: i64) -> i64 {
        let Some(money) = money else {
            v.add(field, "is missing");
            return 0;
        };
        let code = &money.currency_code;
        if code.len() != 3 || !code.bytes().all(|byte| byte.is_ascii_uppercase()) {
            v.add(format!("{field}.currency_code"), "must be three capital letters");
        } else if self.currency.get_or_insert_with(|| code.clone()) != code {
            v.add(format!("{field}.currency_code"), "one order has one currency");
        }
        self.total += i128::from(money.minor_units) * i128::from(quantity);
        money.minor_units
    }

    fn total(&self, v: &mut Violations) -> i64 {
        match i64::try_from(self.total) {
            Ok(total) if total > 0 => total,
            Ok(_) => {
                v.add("lines", "the total of lines and charges must be above zero");
                0
            }
            Err(_) => {
                v.add("lines", "the total of lines and charges is too large");
                0
            }
        }
    }
}

fn check_line(v: &mut Violations, sum: &mut Sum, at: usize, line: &OrderLine) -> Line {
    check_id(v, &format!("lines[{at}].sku"), &line.sku, 64);
    if !(1..=MAX_QUANTITY).contains(&line.quantity) {
        v.add(format!("lines[{at}].quantity"), format!("must be 1 to {MAX_QUANTITY}"));
    }
    let field = format!("lines[{at}].unit_price");
    let unit_price = sum.add(v, &field, line.unit_price.as_ref(), line.quantity);
    if unit_price < 0 {
        v.add(format!("{field}.minor_units"), "must not be negative");
    }
    Line { sku: line.sku.clone(), title: String::new(), quantity: line.quantity, unit_price, returned: 0 }
}

fn check_charges(v: &mut Violations, sum: &mut Sum, request: &PlaceOrderRequest) -> Vec<Charge> {
    let mut charges = Vec::with_capacity(request.charges.len());
    for (at, charge) in request.charges.iter().enumerate() {
        check_id(v, &format!("charges[{at}].code"), &charge.code, 64);
        check_text(v, &format!("charges[{at}].title"), &charge.title, MAX_TEXT);
        let amount = sum.add(v, &format!("charges[{at}].amount"), charge.amount.as_ref(), 1);
        charges.push(Charge { code: charge.code.clone(), title: charge.title.clone(), amount });
    }
    charges
}

fn check_on_failure(v: &mut Violations, policy: Option<&FailurePolicy>, default: OnFailure) -> OnFailure {
    let Some(policy) = policy else { return default };
    match FailureAction::try_from(policy.action) {
        Ok(FailureAction::Unspecified) => default,
        Ok(FailureAction::Refund) => OnFailure::Settled(Policy::Refund),
        Ok(FailureAction::Hold) => OnFailure::Settled(Policy::Hold),
        Ok(FailureAction::Retry) => check_retry(v, policy),
        Err(_) => {
            v.add("on_failure.action", "must be REFUND, RETRY or HOLD");
            default
        }
    }
}

fn check_retry(v: &mut Violations, policy: &FailurePolicy) -> OnFailure {
    let wanted = policy.retry_for.as_ref().and_then(fabric::time::span).unwrap_or_default();
    if !(Duration::from_millis(1)..=MAX_RETRY).contains(&wanted) {
        v.add("on_failure.retry_for", "must be 1 ms to 30 days");
    }
    let then = match FailureAction::try_from(policy.then) {
        Ok(FailureAction::Unspecified | FailureAction::Refund) => Policy::Refund,
        Ok(FailureAction::Hold) => Policy::Hold,
        _ => {
            v.add("on_failure.then", "must be REFUND or HOLD");
            Policy::Refund
        }
    };
    // The table keeps whole milliseconds; what is compared with a repeated request is the request itself.
    OnFailure::Retry { retry_for: Duration::from_millis(u64::try_from(wanted.as_millis()).unwrap_or(0)), then }
}

/// A client's key: 1 to 128 printable ASCII characters.
pub fn check_request_id(v: &mut Violations, id: &str) {
    if id.is_empty() || id.len() > 128 || !id.bytes().all(|byte| (b' '..=b'~').contains(&byte)) {
        v.add("request_id", "must be 1 to 128 printable ASCII characters");
    }
}

/// An identifier: something, not too long, without control characters.
pub fn check_id(v: &mut Violations, field: &str, id: &str, max: usize) {
    if id.is_empty() {
        v.add(field, "is missing");
    } else {
        check_text(v, field, id, max);
    }
}

/// A text: not too long, without control characters.
pub fn check_text(v: &mut Violations, field: &str, text: &str, max: usize) {
    if text.chars().nth(max).is_some() {
        v.add(field, format!("must have at most {max} characters"));
    }
    if text.chars().any(char::is_control) {
        v.add(field, "must not contain control characters");
    }
}

#[cfg(test)]
#[path = "place_tests.rs"]
mod tests;
