//! gRPC in: decodes and validates, asks the store, answers.

use crate::{
    rebuild::{RebuildError, Rebuilder},
    store::{self, Place},
    summary::{self, Attention, Summary, TimeToConfirm},
};
use ::store::{Store, StoreError};
use api::{
    dashboard::v1::{
        self as v1, AttentionOrder, GetSummaryRequest, GetSummaryResponse, ListAttentionRequest, ListAttentionResponse,
        RebuildRequest, RebuildResponse, dashboard_service_server::DashboardService,
    },
    types::Money,
};
use fabric::{
    Check, Violations,
    page::Listing,
    time::{duration, timestamp},
};
use std::time::Duration;
use tonic::{Code, Request, Response, Status};

/// When to come again, where nothing better is known.
const SOON: Duration = Duration::from_secs(1);

/// DashboardService over the store.
#[derive(Clone)]
pub struct Api {
    pub store: Store,
    pub rebuilder: Rebuilder,
}

#[tonic::async_trait]
impl DashboardService for Api {
    async fn get_summary(&self, _: Request<GetSummaryRequest>) -> Result<Response<GetSummaryResponse>, Status> {
        let summary = self.store.read((), |tx, ()| Box::pin(store::summary(tx))).await.map_err(unavailable)?;
        Ok(Response::new(answer(summary)))
    }

    async fn list_attention(
        &self,
        request: Request<ListAttentionRequest>,
    ) -> Result<Response<ListAttentionResponse>, Status> {
        let (after, size) = place(&request.into_inner())?;
        let mut orders = self
            .store
            .read((after, size), |tx, (after, size)| Box::pin(store::attention(tx, after.as_ref(), size + 1)))
            .await
            .map_err(unavailable)?;
        let next_page_token =
            listing().cut(&mut orders, size, |order| format!("{}|{}", order.since.as_millis(), order.order_id));
        Ok(Response::new(ListAttentionResponse { orders: orders.into_iter().map(waiting).collect(), next_page_token }))
    }

    async fn rebuild(&self, _: Request<RebuildRequest>) -> Result<Response<RebuildResponse>, Status> {
        match self.rebuilder.rebuild().await {
            Ok(events) => Ok(Response::new(RebuildResponse { events })),
            Err(pruned @ RebuildError::Pruned(source)) => Err(fabric::status::refusal(
                Code::FailedPrecondition,
                "EVENTS_PRUNED",
                pruned.to_string(),
                &[("source", source)],
            )),
            Err(RebuildError::Store(error)) => Err(unavailable(error)),
        }
    }
}

fn listing() -> Listing {
    Listing::new("ListAttention", &[])
}

fn place(request: &ListAttentionRequest) -> Result<(Option<Place>, u64), Violations> {
    let mut check = Check::default();
    let size = check.page_size(request.page_size);
    let after = check.page_token(&listing(), &request.page_token, parsed);
    check.done()?;
    Ok((after, size))
}

fn parsed(text: String) -> Option<Place> {
    let (since, order_id) = text.split_once('|')?;
    Some(Place { since: since.parse().ok()?, order_id: order_id.into() })
}

fn answer(summary: Summary) -> GetSummaryResponse {
    let (needing_attention, events) = (summary.needing_attention(), summary.events());
    GetSummaryResponse {
        states: summary
            .states
            .into_iter()
            .map(|count| v1::StateCount { state: count.state.into(), orders: count.orders })
            .collect(),
        money: summary.money.into_iter().map(flow).collect(),
        time_to_confirm: Some(speed(&summary.time_to_confirm)),
        stock_outs: summary.stock_outs.into_iter().map(stock_out).collect(),
        needing_attention,
        events,
    }
}

fn flow(flow: summary::MoneyFlow) -> v1::MoneyFlow {
    let money = |minor_units| Some(Money { currency_code: flow.currency.clone(), minor_units });
    v1::MoneyFlow { taken: money(flow.taken), refunded: money(flow.refunded) }
}

fn speed(speed: &TimeToConfirm) -> v1::TimeToConfirm {
    v1::TimeToConfirm { orders: speed.orders, p50: Some(duration(speed.p50_ms)), p99: Some(duration(speed.p99_ms)) }
}

fn stock_out(out: summary::StockOut) -> v1::StockOutCount {
    v1::StockOutCount { sku: out.sku, refusals: out.refusals, last_time: Some(timestamp(out.last_at)) }
}

fn waiting(order: Attention) -> AttentionOrder {
    AttentionOrder {
        order_id: order.order_id,
        cause: order.cause,
        reason: order.reason,
        since: Some(timestamp(order.since)),
        total: Some(order.total),
    }
}

/// A read that failed can be made again.
fn unavailable(error: StoreError) -> Status {
    if matches!(error, StoreError::Expired) {
        return Status::deadline_exceeded(error.to_string());
    }
    if error.is_unavailable() {
        tracing::debug!(%error, "the projections cannot be read");
    } else {
        tracing::error!(%error, "the projections cannot be read");
    }
    let after = error.retry_after().unwrap_or(SOON);
    fabric::status::retry_later(Code::Unavailable, "the figures cannot be read at the moment", after)
}
