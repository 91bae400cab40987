//! Orders for people.

use super::{Tone, amount, money, plain_table, table};
use api::order::v1::{Order, OrderChange, OrderState, PaymentMethod};

/// So much of a reason has room in a list; the whole is in `order get`.
const REASON: usize = 60;

/// The text, or its beginning when there is no room for all of it.
pub fn clipped(text: &str, width: usize) -> String {
    if text.chars().count() <= width {
        return text.to_owned();
    }
    text.chars().take(width.saturating_sub(1)).chain(['…']).collect()
}

/// "COMPLETED".
pub fn state_name(state: OrderState) -> &'static str {
    state.as_str_name().trim_start_matches("ORDER_STATE_")
}

/// The state of this name, in any case.
pub fn state_of(name: &str) -> Option<OrderState> {
    OrderState::from_str_name(&format!("ORDER_STATE_{}", name.to_uppercase().replace('-', "_")))
        .filter(|state| *state != OrderState::Unspecified)
}

/// How a state reads on an order's path: "out of stock".
pub fn path_word(state: OrderState) -> String {
    state_name(state).to_lowercase().replace('_', " ")
}

/// How a state is felt about.
pub fn state_tone(state: OrderState) -> Tone {
    match state {
        OrderState::Completed => Tone::Good,
        OrderState::NeedsAttention => Tone::Bad,
        OrderState::Declined | OrderState::OutOfStock | OrderState::Cancelled | OrderState::Refunded => Tone::Mixed,
        _ => Tone::Faint,
    }
}

fn method_name(order: &Order) -> &'static str {
    match order.payment.as_ref().map(|payment| payment.method()) {
        Some(PaymentMethod::Card) => "card",
        Some(PaymentMethod::Transfer) => "transfer",
        Some(PaymentMethod::Wallet) => "wallet",
        _ => "",
    }
}

/// A list of orders.
pub fn order_rows(orders: &[Order]) -> String {
    table(
        &["order", "created", "customer", " lines", " total", "state", "reason"],
        orders.iter().map(|order| {
            [
                order.order_id.clone(),
                order.create_time.as_ref().map(short_time).unwrap_or_default(),
                order.customer.as_ref().map(|customer| customer.customer_id.clone()).unwrap_or_default(),
                order.lines.len().to_string(),
                money(order.total.as_ref()),
                state_name(order.state()).to_owned(),
                clipped(&order.reason, REASON),
            ]
        }),
    )
}

/// One order, whole.
pub fn order_page(order: &Order) -> String {
    let fact = |name: &str, value: String| [name.to_owned(), value];
    let mut facts = vec![
        fact("order", order.order_id.clone()),
        fact("state", state_tone(order.state()).paint(state_name(order.state()))),
        fact("customer", order.customer.as_ref().map(|customer| customer.customer_id.clone()).unwrap_or_default()),
        fact("paid by", method_name(order).to_owned()),
        fact("total", money(order.total.as_ref())),
        fact("recorded", order.create_time.as_ref().map(ToString::to_string).unwrap_or_default()),
    ];
    let optional = [
        ("why", [order.cause.as_str(), order.reason.as_str()].join(" ").trim().to_owned()),
        (
            "returned",
            order
                .returned_total
                .as_ref()
                .filter(|back| back.minor_units > 0)
                .map(|back| money(Some(back)))
                .unwrap_or_default(),
        ),
        ("payment", order.payment_id.clone()),
        ("shipment", order.shipment_id.clone()),
        ("cancel", if order.cancel_requested { "asked for, not decided yet".to_owned() } else { String::new() }),
        (
            "waived by",
            order.waiver.as_ref().map(|waiver| format!("{}: {}", waiver.actor, waiver.note)).unwrap_or_default(),
        ),
    ];
    facts.extend(optional.into_iter().filter(|(_, value)| !value.is_empty()).map(|(name, value)| fact(name, value)));
    format!("{}\n\n{}", plain_table(facts), lines(order))
}

fn lines(order: &Order) -> String {
    let goods = order.lines.iter().map(|line| {
        let price = line.unit_price.clone().unwrap_or_default();
        let sum = price.minor_units.saturating_mul(line.quantity);
        let back = if line.returned > 0 { line.returned.to_string() } else { String::new() };
        let count = line.quantity.to_string();
        [line.sku.clone(), line.title.clone(), count, money(Some(&price)), amount(sum, &price.currency_code), back]
    });
    let charges = order.charges.iter().map(|charge| {
        let sum = money(charge.amount.as_ref());
        [charge.code.clone(), charge.title.clone(), String::new(), String::new(), sum, String::new()]
    });
    table(&["code", "what", " quantity", " price", " sum", " came back"], goods.chain(charges))
}

/// One change, on a line.
pub fn change_line(change: &OrderChange) -> String {
    let time = change.time.as_ref().map(short_time).unwrap_or_default();
    let state = state_tone(change.state()).paint(&format!("{:<16}", state_name(change.state())));
    let by = if change.actor.is_empty() { String::new() } else { format!("by {}", change.actor) };
    let why = [change.cause.as_str(), change.reason.as_str(), by.as_str()];
    let why: Vec<&str> = why.into_iter().filter(|part| !part.is_empty()).collect();
    format!("{:>3}  {time}  {state} {}", change.sequence, why.join(" · ")).trim_end().to_owned()
}

/// To the second; the whole is in JSON.
pub fn short_time(time: &prost_types::Timestamp) -> String {
    prost_types::Timestamp { seconds: time.seconds, nanos: 0 }.to_string().replace('T', " ").replace('Z', "")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_state_is_named_in_any_case() {
        assert_eq!(state_of("needs-attention"), Some(OrderState::NeedsAttention));
        assert_eq!(state_of("COMPLETED"), Some(OrderState::Completed));
        assert_eq!(state_of("unspecified"), None);
        assert_eq!(path_word(OrderState::OutOfStock), "out of stock");
    }

    #[test]
    fn a_long_text_is_clipped() {
        assert_eq!((clipped("abc", 3).as_str(), clipped("abcd", 3).as_str()), ("abc", "ab…"));
    }

    #[test]
    fn a_change_is_one_line() {
        let change =
            OrderChange { sequence: 3, cause: "OUT_OF_STOCK".into(), actor: "ada".into(), ..OrderChange::default() };
        assert!(change_line(&change).contains("OUT_OF_STOCK · by ada"));
    }
}
