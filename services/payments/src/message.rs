//! The payment as others see it: in answers, events and facts. Neither token nor customer ever crosses this line.

use crate::domain::Payment;
use api::{
    payment::v1::{self, PaymentChanged},
    types::Money,
};
use fabric::time::timestamp;
use prost::Message;

/// The event that tells of a change.
pub const CHANGED: &str = "outrigger.payment.v1.PaymentChanged";

/// The contract's form of a payment.
pub fn payment(payment: &Payment) -> v1::Payment {
    let money = |minor| self::money(&payment.currency, minor);
    v1::Payment {
        payment_id: payment.id.clone(),
        order_id: payment.order.clone(),
        method: payment.method.into(),
        state: payment.state.into(),
        amount: money(payment.amount),
        authorised: money(payment.authorised),
        captured: money(payment.captured),
        refunded: money(payment.refunded),
        decline_reason: payment.decline_reason.clone(),
        in_doubt: payment.running.is_some(),
        create_time: Some(timestamp(payment.created)),
        update_time: Some(timestamp(payment.updated)),
    }
}

/// The event's content: the payment after the change, and what moved.
pub fn changed(after: &Payment, moved: i64) -> Vec<u8> {
    let moved = money(&after.currency, moved);
    PaymentChanged { payment: Some(payment(after)), moved }.encode_to_vec()
}

/// An amount.
pub fn money(currency: &str, minor_units: i64) -> Option<Money> {
    Some(Money { currency_code: currency.to_owned(), minor_units })
}
