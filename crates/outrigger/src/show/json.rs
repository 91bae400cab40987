//! Orders for programs. Field names are the contract's; enums by name, amounts in minor units, times in RFC 3339.

use super::state_name;
use api::{
    order::v1::{Order, PaymentMethod},
    types::Money,
};
use serde_json::{Value, json};

/// A value, to standard output, indented.
pub fn print_json(value: &Value) {
    let _ = super::heard(&format!("{value:#}"));
}

fn money(money: Option<&Money>) -> Value {
    money.map_or(Value::Null, |money| json!({ "currency": money.currency_code, "minor_units": money.minor_units }))
}

fn time(time: Option<&prost_types::Timestamp>) -> Value {
    time.map_or(Value::Null, |time| Value::from(time.to_string()))
}

/// An order, without the customer's address.
pub fn order_json(order: &Order) -> Value {
    let method = order.payment.as_ref().map_or(PaymentMethod::Unspecified, |payment| payment.method());
    let lines: Vec<Value> = order
        .lines
        .iter()
        .map(|line| {
            json!({
                "sku": line.sku, "title": line.title, "quantity": line.quantity,
                "unit_price": money(line.unit_price.as_ref()), "returned": line.returned,
            })
        })
        .collect();
    let charge = |charge: &api::order::v1::ChargeLine| json!({ "code": charge.code, "title": charge.title, "amount": money(charge.amount.as_ref()) });
    json!({
        "order_id": order.order_id,
        "customer_id": order.customer.as_ref().map(|customer| customer.customer_id.as_str()),
        "state": state_name(order.state()),
        "cause": order.cause,
        "reason": order.reason,
        "method": method.as_str_name().trim_start_matches("PAYMENT_METHOD_"),
        "total": money(order.total.as_ref()),
        "returned_total": money(order.returned_total.as_ref()),
        "lines": lines,
        "charges": order.charges.iter().map(charge).collect::<Vec<_>>(),
        "sequence": order.sequence,
        "payment_id": order.payment_id,
        "shipment_id": order.shipment_id,
        "cancel_requested": order.cancel_requested,
        "waiver": order.waiver.as_ref().map(|waiver| json!({ "actor": waiver.actor, "note": waiver.note, "time": time(waiver.time.as_ref()) })),
        "create_time": time(order.create_time.as_ref()),
        "update_time": time(order.update_time.as_ref()),
    })
}
