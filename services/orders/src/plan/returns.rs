//! A return's saga: give the money back, then put the goods on hand. Nothing of it is ever undone, and nobody is asked:
//! a refusal is tried again, ever more slowly. Inventory, say, may not have heard yet that the goods went out.

use super::{Callees, failed, heard, step_ref, stock_lines, within};
use crate::{
    Settings,
    domain::{Return, money, steps},
    hub::Hub,
    store as rows,
};
use ambient::Timestamp;
use api::{inventory::v1::RestockRequest, payment::v1::RefundRequest};
use fabric::trace::{annotate, names};
use saga::{Answer, Backoff, Call, Loaded, Outcome, Plan, Refusal, Step, Then, Told};
use sea_orm::DbErr;
use std::{sync::Arc, time::Duration};
use store::{BoxFuture, Tx};
use tonic::Status;

/// The cause of the change by which items came back.
const ITEMS_RETURNED: &str = "ITEMS_RETURNED";

/// How a return is carried.
pub struct ReturnPlan {
    pub callees: Callees,
    pub hub: Arc<Hub>,
    pub settings: Settings,
}

impl Plan for ReturnPlan {
    type Case = Return;

    fn kind(&self) -> &'static str {
        "return"
    }

    fn steps(&self, returned: &Return) -> &'static [Step] {
        returned.steps()
    }

    fn then(&self) -> Then {
        Then::Finish
    }

    fn answer(&self, returned: &Return, refusal: &Refusal) -> Answer {
        tracing::warn!(
            return_id = returned.return_id,
            step = refusal.step,
            cause = refusal.cause,
            "a return was refused; it is tried again"
        );
        Answer::Retry { until: Timestamp::from_millis(i64::MAX) }
    }

    fn patience(&self, _: &str) -> Option<Duration> {
        None
    }

    fn backoff(&self, _: &str) -> Backoff {
        self.settings.return_backoff
    }

    fn perform<'a>(&'a self, returned: &'a Return, call: &'a Call) -> BoxFuture<'a, Outcome> {
        Box::pin(within(call, self.settings.step_deadline, async move {
            annotate(names::ORDER_ID, &returned.order_id);
            match self.make(returned, call).await {
                Ok(()) => heard::done(""),
                Err(status) => failed(call, &status),
            }
        }))
    }

    fn record<'a>(
        &'a self,
        tx: &'a Tx,
        returned: &'a Return,
        told: &'a [Told],
        now: Timestamp,
    ) -> BoxFuture<'a, Result<Return, DbErr>> {
        Box::pin(async move {
            if told.contains(&Told::Finished) {
                self.finish(tx, returned, now).await?;
            }
            Ok(returned.clone())
        })
    }

    fn load<'a>(&'a self, tx: &'a Tx, sagas: &'a [String]) -> BoxFuture<'a, Loaded<Return>> {
        Box::pin(async move {
            let returns = rows::find_returns(tx, sagas).await?;
            Ok(returns.into_iter().map(|returned| (returned.return_id.clone(), returned)).collect())
        })
    }
}

impl ReturnPlan {
    async fn make(&self, returned: &Return, call: &Call) -> Result<(), Status> {
        let (request_id, step) = (call.request_id(), Some(step_ref(call, call.step)));
        match call.step {
            steps::REFUND => {
                let request = RefundRequest {
                    request_id,
                    payment_id: returned.payment_id.clone(),
                    amount: Some(money(&returned.currency, returned.refund)),
                    reason: returned.reason.clone(),
                    step,
                };
                self.callees.payments.clone().refund(request).await.map(drop)
            }
            steps::RESTOCK => {
                let lines = stock_lines(returned.lines.iter().map(|line| (line.sku.as_str(), line.quantity)));
                let request = RestockRequest { request_id, order_id: returned.order_id.clone(), lines, step };
                self.callees.inventory.clone().restock(request).await.map(drop)
            }
            step => unreachable!("a return has no step {step}"),
        }
    }

    /// The order stays where it is; its history and its event say what came back (I6).
    async fn finish(&self, tx: &Tx, returned: &Return, now: Timestamp) -> Result<(), DbErr> {
        rows::finish_return(tx, &returned.return_id).await?;
        let before = rows::hold_bare(tx, &returned.order_id)
            .await?
            .ok_or_else(|| DbErr::RecordNotFound(format!("I3: order {} is gone", returned.order_id)))?;
        let mut order = before.clone();
        order.returned_total += returned.refund;
        let standing = (order.cause.clone(), order.reason.clone());
        order.because(ITEMS_RETURNED, &returned.reason);
        let state = order.state;
        let change = order.go(state, "", now).map_err(|illegal| DbErr::Custom(illegal.to_string()))?;
        (order.cause, order.reason) = standing;
        rows::record(tx, &before, &order, &[change], Some(returned.refund)).await?;
        let hub = self.hub.clone();
        tx.on_commit(Box::new(move || hub.publish(order)));
        Ok(())
    }
}
