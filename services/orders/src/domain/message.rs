//! Orders as the contract shows them.

use super::order::{Change, Charge, Line, Order};
use api::{order::v1 as pb, types::Money};
use fabric::time::timestamp;

impl Order {
    /// As the contract shows it.
    pub fn message(&self) -> pb::Order {
        let content = &self.content;
        let currency = &content.currency;
        pb::Order {
            order_id: content.order_id.clone(),
            customer: Some(pb::Customer { customer_id: content.customer_id.clone(), email: content.email.clone() }),
            lines: content.lines.iter().map(|line| line.message(currency)).collect(),
            charges: content.charges.iter().map(|charge| charge.message(currency)).collect(),
            payment: Some(pb::Payment { method: content.method.message().into(), token: content.token.clone() }),
            on_failure: Some(content.on_failure.message()),
            state: self.state.into(),
            cause: self.cause.clone(),
            reason: self.reason.clone(),
            total: Some(money(currency, content.total)),
            returned_total: Some(money(currency, self.returned_total)),
            sequence: self.sequence,
            payment_id: self.payment_id.clone(),
            shipment_id: self.shipment_id.clone(),
            cancel_requested: self.cancel.is_some(),
            waiver: self.waiver.as_ref().map(|waiver| pb::Waiver {
                actor: waiver.actor.clone(),
                note: waiver.note.clone(),
                time: Some(timestamp(waiver.at)),
            }),
            create_time: Some(timestamp(content.created_at)),
            update_time: Some(timestamp(self.updated_at)),
        }
    }

    /// A change as it is told to the world; `refunded` is what came back with it.
    pub fn event(&self, change: &Change, refunded: Option<i64>) -> pb::OrderChanged {
        let content = &self.content;
        pb::OrderChanged {
            order_id: content.order_id.clone(),
            customer_id: content.customer_id.clone(),
            change: Some(change.message()),
            total: Some(money(&content.currency, content.total)),
            order_create_time: Some(timestamp(content.created_at)),
            email: content.email.clone(),
            refunded: refunded.map(|amount| money(&content.currency, amount)),
        }
    }
}

impl Change {
    /// As the contract shows it.
    pub fn message(&self) -> pb::OrderChange {
        pb::OrderChange {
            sequence: self.sequence,
            from_state: self.from.into(),
            state: self.state.into(),
            cause: self.cause.clone(),
            reason: self.reason.clone(),
            actor: self.actor.clone(),
            time: Some(timestamp(self.at)),
        }
    }
}

impl Line {
    fn message(&self, currency: &str) -> pb::OrderLine {
        pb::OrderLine {
            sku: self.sku.clone(),
            quantity: self.quantity,
            unit_price: Some(money(currency, self.unit_price)),
            title: self.title.clone(),
            returned: self.returned,
        }
    }
}

impl Charge {
    fn message(&self, currency: &str) -> pb::ChargeLine {
        pb::ChargeLine {
            code: self.code.clone(),
            title: self.title.clone(),
            amount: Some(money(currency, self.amount)),
        }
    }
}

/// An amount as the contract shows it.
pub fn money(currency: &str, minor_units: i64) -> Money {
    Money { currency_code: currency.to_owned(), minor_units }
}
