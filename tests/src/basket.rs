//! What a customer puts into an order.

use api::{
    order::v1::{
        ChargeLine, Customer, FailureAction, FailurePolicy, OrderLine, Payment, PaymentMethod, PlaceOrderRequest,
        WaitFor,
    },
    types::Money,
};
use std::time::Duration;

/// The price of everything in the world's shop, in pence.
pub const PRICE: i64 = 250;

/// An amount of pounds sterling, in pence.
pub fn pence(minor_units: i64) -> Money {
    Money { currency_code: "GBP".into(), minor_units }
}

/// An order about to be placed.
#[derive(Clone)]
pub struct Basket(PlaceOrderRequest);

/// Some of these goods, paid by a card that works.
pub fn basket<const N: usize>(goods: [(&str, i64); N]) -> Basket {
    let line = |(sku, quantity): (&str, i64)| OrderLine {
        sku: sku.into(),
        quantity,
        unit_price: Some(pence(PRICE)),
        ..Default::default()
    };
    Basket(PlaceOrderRequest {
        request_id: String::new(),
        customer: Some(Customer { customer_id: "C-1".into(), email: "customer@shop.example".into() }),
        lines: goods.into_iter().map(line).collect(),
        payment: Some(Payment { method: PaymentMethod::Card.into(), token: "tok_ok".into() }),
        wait_for: WaitFor::Recorded.into(),
        ..Default::default()
    })
}

impl Basket {
    /// Paid by this card.
    pub fn card(self, token: &str) -> Self {
        self.paid(PaymentMethod::Card, token)
    }

    /// Paid at once, by transfer.
    pub fn transfer(self, token: &str) -> Self {
        self.paid(PaymentMethod::Transfer, token)
    }

    fn paid(mut self, method: PaymentMethod, token: &str) -> Self {
        self.0.payment = Some(Payment { method: method.into(), token: token.into() });
        self
    }

    /// Under this key; the world gives one of its own otherwise.
    pub fn key(mut self, request_id: &str) -> Self {
        self.0.request_id = request_id.into();
        self
    }

    /// By this customer.
    pub fn customer(mut self, id: &str) -> Self {
        self.0.customer = Some(Customer { customer_id: id.into(), email: String::new() });
        self
    }

    /// With something charged besides.
    pub fn charge(mut self, code: &str, minor_units: i64) -> Self {
        self.0.charges.push(ChargeLine { code: code.into(), title: code.into(), amount: Some(pence(minor_units)) });
        self
    }

    /// Undone when it cannot go on.
    pub fn or_refund(self) -> Self {
        self.on_failure(FailureAction::Refund, None, FailureAction::Unspecified)
    }

    /// Tried for so long when it cannot go on, then this.
    pub fn or_retry(self, retry_for: Duration, then: FailureAction) -> Self {
        self.on_failure(FailureAction::Retry, Some(retry_for), then)
    }

    /// Parked when it cannot go on.
    pub fn or_hold(self) -> Self {
        self.on_failure(FailureAction::Hold, None, FailureAction::Unspecified)
    }

    fn on_failure(mut self, action: FailureAction, retry_for: Option<Duration>, then: FailureAction) -> Self {
        let retry_for = retry_for.map(|d| d.try_into().expect("a duration of a story is short"));
        self.0.on_failure = Some(FailurePolicy { action: action.into(), retry_for, then: then.into() });
        self
    }

    /// Answered only once it is confirmed, final or parked.
    pub fn wait_for_confirmed(mut self) -> Self {
        self.0.wait_for = WaitFor::Confirmed.into();
        self
    }

    /// As the request it is; `key` where none was chosen.
    pub fn request(mut self, key: impl FnOnce() -> String) -> PlaceOrderRequest {
        if self.0.request_id.is_empty() {
            self.0.request_id = key();
        }
        self.0
    }
}
