//! GetOrder, ListOrders, ListParked.

use super::{Inner, page, status};
use crate::{
    domain::{Order, Violations, check_text, state_name, timestamp},
    store::{self as rows, Filter},
};
use api::order::v1::{
    GetOrderRequest, GetOrderResponse, ListOrdersRequest, ListOrdersResponse, ListParkedRequest, ListParkedResponse,
    OrderState, ParkedOrder,
};
use tonic::Status;

pub async fn get(inner: &Inner, request: GetOrderRequest) -> Result<GetOrderResponse, Status> {
    let order = inner.order(&request.order_id).await?;
    Ok(GetOrderResponse { order: Some(order.message()) })
}

pub async fn list(inner: &Inner, request: ListOrdersRequest) -> Result<ListOrdersResponse, Status> {
    let filter = filter(&request).map_err(status::invalid)?;
    let size = page::size(request.page_size).map_err(status::invalid)?;
    let list = format!("orders|{}|{}", filter.state.map_or("", state_name), filter.customer_id);
    let before = page::cursor(inner.secret, &list, &request.page_token).map_err(status::invalid)?;
    let args = (filter, before, size);
    let found = inner
        .store
        .read(args, |tx, (filter, before, size)| Box::pin(rows::page(tx, filter, before.as_deref(), *size)))
        .await
        .map_err(status::store)?;
    Ok(ListOrdersResponse {
        orders: found.orders.iter().map(Order::message).collect(),
        next_page_token: found.next.map(|next| page::token(inner.secret, &list, &next)).unwrap_or_default(),
    })
}

fn filter(request: &ListOrdersRequest) -> Result<Filter, Violations> {
    let mut violations = Violations::default();
    check_text(&mut violations, "customer_id", &request.customer_id, 64);
    let state = match OrderState::try_from(request.state) {
        Ok(OrderState::Unspecified) => None,
        Ok(state) => Some(state),
        Err(_) => {
            violations.add("state", "is not a state of an order");
            None
        }
    };
    violations.or(Filter { state, customer_id: request.customer_id.clone() })
}

pub async fn parked(inner: &Inner, request: ListParkedRequest) -> Result<ListParkedResponse, Status> {
    const LIST: &str = "parked";
    let size = page::size(request.page_size).map_err(status::invalid)?;
    let after = page::cursor(inner.secret, LIST, &request.page_token).map_err(status::invalid)?;
    let after = after.as_deref().and_then(|cursor| cursor.split_once('|'));
    let after = after.and_then(|(at, id)| Some((at.parse::<i64>().ok()?, id.to_owned())));
    let found = inner
        .store
        .read((after, size), |tx, (after, size)| Box::pin(rows::parked_page(tx, after.as_ref(), *size)))
        .await
        .map_err(status::store)?;
    Ok(ListParkedResponse {
        parked: found.orders.iter().map(parked_order).collect(),
        next_page_token: found
            .next
            .map(|(at, id)| page::token(inner.secret, LIST, &format!("{at}|{id}")))
            .unwrap_or_default(),
    })
}

fn parked_order(order: &Order) -> ParkedOrder {
    let parked = order.parked.as_ref();
    ParkedOrder {
        order: Some(order.message()),
        step: parked.map(|parked| parked.step.clone()).unwrap_or_default(),
        park_time: parked.map(|parked| timestamp(parked.at)),
    }
}
