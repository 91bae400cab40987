//! gRPC in: decodes and validates, asks the store, answers.

use crate::{
    rebuild::{RebuildError, Rebuilder},
    store::{self, Place},
    summary::{self, Attention, Summary, TimeToConfirm},
    tokens,
};
use ::store::{Store, StoreError};
use ambient::Timestamp;
use api::{
    dashboard::v1::{
        self as v1, AttentionOrder, GetSummaryRequest, GetSummaryResponse, ListAttentionRequest, ListAttentionResponse,
        RebuildRequest, RebuildResponse, dashboard_service_server::DashboardService,
    },
    types::Money,
};
use tonic::{Code, Request, Response, Status};

const LARGEST_PAGE: i32 = 1_000;
const PAGE: i32 = 50;
const LISTING: &str = "attention";

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
        let next_page_token = cut(&mut orders, size);
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

fn place(request: &ListAttentionRequest) -> Result<(Option<Place>, u64), Status> {
    let mut wrong = Vec::new();
    if !(0..=LARGEST_PAGE).contains(&request.page_size) {
        wrong.push(("page_size", "must be 0 (for 50) to 1,000"));
    }
    let after = tokens::read(LISTING, &request.page_token).as_deref().and_then(parsed);
    if after.is_none() && !request.page_token.is_empty() {
        wrong.push(("page_token", "must be the token of the page before"));
    }
    if !wrong.is_empty() {
        return Err(fabric::status::bad_request(&wrong));
    }
    let size = if request.page_size == 0 { PAGE } else { request.page_size };
    Ok((after, u64::from(size.unsigned_abs())))
}

fn parsed(text: &str) -> Option<Place> {
    let (since, order_id) = text.split_once('|')?;
    Some(Place { since: since.parse().ok()?, order_id: order_id.into() })
}

/// Takes off the row that only showed that there is a further page; the token that leads there.
fn cut(orders: &mut Vec<Attention>, size: u64) -> String {
    let size = usize::try_from(size).unwrap_or(usize::MAX);
    if orders.len() <= size {
        return String::new();
    }
    orders.truncate(size);
    let last = orders.last().map(|order| format!("{}|{}", order.since.as_millis(), order.order_id));
    tokens::issue(LISTING, &last.unwrap_or_default())
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
    v1::StockOutCount { sku: out.sku, refusals: out.refusals, last_time: Some(time(out.last_at)) }
}

fn waiting(order: Attention) -> AttentionOrder {
    AttentionOrder {
        order_id: order.order_id,
        cause: order.cause,
        reason: order.reason,
        since: Some(time(order.since)),
        total: Some(order.total),
    }
}

fn time(at: Timestamp) -> prost_types::Timestamp {
    let (seconds, nanos) = split(at.as_millis());
    prost_types::Timestamp { seconds, nanos }
}

fn duration(millis: i64) -> prost_types::Duration {
    let (seconds, nanos) = split(millis);
    prost_types::Duration { seconds, nanos }
}

fn split(millis: i64) -> (i64, i32) {
    (millis.div_euclid(1_000), i32::try_from(millis.rem_euclid(1_000) * 1_000_000).unwrap_or_default())
}

/// A read that failed can be made again.
fn unavailable(error: StoreError) -> Status {
    tracing::error!(%error, "the projections cannot be read");
    Status::new(Code::Unavailable, "the figures cannot be read at the moment")
}
