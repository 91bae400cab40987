//! An order's saga: pay, reserve, commit, capture (cards), ship; then the carrier's word.

use super::{Callees, failed, heard, step_ref, stock_lines, within};
use crate::{
    Settings,
    domain::{Method, Order, answer, money, steps, tell},
    hub::Hub,
    store as rows,
};
use ambient::Timestamp;
use api::{
    inventory::v1::{CommitRequest, ReleaseRequest, ReserveRequest},
    order::v1::Payment,
    payment::v1::{AuthoriseRequest, CaptureRequest, ChargeRequest, PaymentState, VoidRequest},
    shipping::v1::{CancelShipmentRequest, CreateShipmentRequest},
};
use fabric::trace::{annotate, names};
use saga::{Answer, Backoff, Call, Direction, Loaded, Outcome, Plan, Refusal, Step, Then, Told};
use sea_orm::DbErr;
use std::{sync::Arc, time::Duration};
use store::{BoxFuture, Tx};
use tonic::Status;

/// How an order is carried.
pub struct OrderPlan {
    pub callees: Callees,
    pub hub: Arc<Hub>,
    pub settings: Settings,
}

impl Plan for OrderPlan {
    type Case = Order;

    fn kind(&self) -> &'static str {
        "order"
    }

    fn steps(&self, order: &Order) -> &'static [Step] {
        order.content.steps()
    }

    fn then(&self) -> Then {
        Then::Wait
    }

    fn answer(&self, order: &Order, refusal: &Refusal) -> Answer {
        answer(order.content.on_failure, refusal)
    }

    fn patience(&self, step: &str) -> Option<Duration> {
        Some(if step == steps::SHIP { self.settings.ship_patience } else { self.settings.unknown_patience })
    }

    fn backoff(&self, _: &str) -> Backoff {
        self.settings.backoff
    }

    /// Only shipping may refuse an undo and be right: the carrier has the goods, and the order goes on.
    fn stands(&self, step: &str) -> bool {
        step == steps::SHIP
    }

    fn perform<'a>(&'a self, order: &'a Order, call: &'a Call) -> BoxFuture<'a, Outcome> {
        Box::pin(within(call, self.settings.step_deadline, async move {
            annotate(names::ORDER_ID, &order.content.order_id);
            let answer = match call.direction {
                Direction::Forward => self.forward(order, call).await,
                Direction::Undo => self.undo(order, call).await,
            };
            answer.unwrap_or_else(|status| failed(call, &status))
        }))
    }

    fn record<'a>(
        &'a self,
        tx: &'a Tx,
        order: &'a Order,
        told: &'a [Told],
        now: Timestamp,
    ) -> BoxFuture<'a, Result<Order, DbErr>> {
        Box::pin(async move {
            let (after, changes) = tell(order, told, now).map_err(|illegal| DbErr::Custom(illegal.to_string()))?;
            if after == *order {
                return Ok(after);
            }
            rows::record(tx, order, &after, &changes, None).await?;
            let (hub, told) = (self.hub.clone(), after.clone());
            tx.on_commit(Box::new(move || hub.publish(told)));
            Ok(after)
        })
    }

    fn load<'a>(&'a self, tx: &'a Tx, sagas: &'a [String]) -> BoxFuture<'a, Loaded<Order>> {
        Box::pin(async move {
            let orders = rows::find_many(tx, sagas).await?;
            Ok(orders.into_iter().map(|order| (order.content.order_id.clone(), order)).collect())
        })
    }
}

impl OrderPlan {
    async fn forward(&self, order: &Order, call: &Call) -> Result<Outcome, Status> {
        match call.step {
            steps::PAY if order.content.method == Method::Card => self.authorise(order, call).await,
            steps::PAY => self.charge(order, call).await,
            steps::RESERVE => self.reserve(order, call).await,
            steps::COMMIT => self.commit(order, call).await,
            steps::CAPTURE => self.capture(order, call).await,
            steps::SHIP => self.ship(order, call).await,
            step => unreachable!("an order has no step {step}"),
        }
    }

    async fn undo(&self, order: &Order, call: &Call) -> Result<Outcome, Status> {
        let (request_id, order_id) = (call.request_id(), order.content.order_id.clone());
        let undoes = Some(step_ref(call, call.step));
        match call.step {
            steps::PAY => {
                let request = VoidRequest { request_id, undoes, order_id };
                Ok(heard::unpaid(self.callees.payments.clone().void(request).await?.into_inner().payment))
            }
            steps::RESERVE => {
                let request = ReleaseRequest { request_id, order_id, undoes };
                self.callees.inventory.clone().release(request).await?;
                Ok(heard::done(""))
            }
            steps::SHIP => {
                let request = CancelShipmentRequest { request_id, order_id, undoes };
                self.callees.shipping.clone().cancel_shipment(request).await?;
                Ok(heard::done(""))
            }
            step => unreachable!("{step} is undone with another step"),
        }
    }

    async fn authorise(&self, order: &Order, call: &Call) -> Result<Outcome, Status> {
        let content = &order.content;
        let request = AuthoriseRequest {
            request_id: call.request_id(),
            order_id: content.order_id.clone(),
            amount: Some(money(&content.currency, content.total)),
            payment: Some(means(order)),
            step: Some(step_ref(call, call.step)),
        };
        let answer = self.callees.payments.clone().authorise(request).await?.into_inner();
        Ok(heard::paid(answer.payment, PaymentState::Authorised))
    }

    async fn charge(&self, order: &Order, call: &Call) -> Result<Outcome, Status> {
        let content = &order.content;
        let request = ChargeRequest {
            request_id: call.request_id(),
            order_id: content.order_id.clone(),
            amount: Some(money(&content.currency, content.total)),
            payment: Some(means(order)),
            step: Some(step_ref(call, call.step)),
        };
        let answer = self.callees.payments.clone().charge(request).await?.into_inner();
        Ok(heard::paid(answer.payment, PaymentState::Captured))
    }

    async fn capture(&self, order: &Order, call: &Call) -> Result<Outcome, Status> {
        let request = CaptureRequest {
            request_id: call.request_id(),
            payment_id: order.payment_id.clone(),
            step: Some(step_ref(call, call.step)),
        };
        let answer = self.callees.payments.clone().capture(request).await?.into_inner();
        Ok(heard::paid(answer.payment, PaymentState::Captured))
    }

    async fn reserve(&self, order: &Order, call: &Call) -> Result<Outcome, Status> {
        let request = ReserveRequest {
            request_id: call.request_id(),
            order_id: order.content.order_id.clone(),
            lines: goods(order),
            hold_for: None,
            step: Some(step_ref(call, call.step)),
        };
        Ok(heard::reserved(self.callees.inventory.clone().reserve(request).await?.into_inner().reservation))
    }

    async fn commit(&self, order: &Order, call: &Call) -> Result<Outcome, Status> {
        let request = CommitRequest {
            request_id: call.request_id(),
            order_id: order.content.order_id.clone(),
            step: Some(step_ref(call, call.step)),
        };
        Ok(heard::committed(self.callees.inventory.clone().commit(request).await?.into_inner().reservation))
    }

    async fn ship(&self, order: &Order, call: &Call) -> Result<Outcome, Status> {
        let request = CreateShipmentRequest {
            request_id: call.request_id(),
            order_id: order.content.order_id.clone(),
            lines: goods(order),
            step: Some(step_ref(call, call.step)),
        };
        Ok(heard::shipped(self.callees.shipping.clone().create_shipment(request).await?.into_inner().shipment))
    }
}

fn means(order: &Order) -> Payment {
    Payment { method: order.content.method.message().into(), token: order.content.token.clone() }
}

fn goods(order: &Order) -> Vec<api::inventory::v1::StockLine> {
    stock_lines(order.content.lines.iter().map(|line| (line.sku.as_str(), line.quantity)))
}
