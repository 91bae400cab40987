//! GetOrder, ListOrders, ListParked.

use super::{Inner, status};
use crate::{
    domain::{Order, Violations, check_text, state_name},
    store::{self as rows, Filter},
};
use api::order::v1::{
    GetOrderRequest, GetOrderResponse, ListOrdersRequest, ListOrdersResponse, ListParkedRequest, ListParkedResponse,
    OrderState, ParkedOrder,
};
use fabric::{
    Check,
    page::{LARGEST, Listing},
    time::timestamp,
};
use tonic::Status;

pub async fn get(inner: &Inner, request: GetOrderRequest) -> Result<GetOrderResponse, Status> {
    let order = inner.order(&request.order_id).await?;
    Ok(GetOrderResponse { order: Some(order.message()) })
}

pub async fn list(inner: &Inner, request: ListOrdersRequest) -> Result<ListOrdersResponse, Status> {
    let filter = filter(&request).map_err(status::invalid)?;
    let by = [filter.state.map_or("", state_name), &filter.customer_id];
    let listing = Listing::new("ListOrders", &by).keyed(inner.secret.into());
    let (before, size) = page(&listing, request.page_size, &request.page_token, Some)?;
    let args = (filter, before, size);
    let found = inner
        .store
        .read(args, |tx, (filter, before, size)| Box::pin(rows::page(tx, filter, before.as_deref(), *size)))
        .await
        .map_err(status::store)?;
    Ok(ListOrdersResponse {
        orders: found.orders.iter().map(Order::message).collect(),
        next_page_token: found.next.map(|next| listing.token(&next)).unwrap_or_default(),
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
    let listing = Listing::new("ListParked", &[]).keyed(inner.secret.into());
    let (after, size) = page(&listing, request.page_size, &request.page_token, parked_place)?;
    let found = inner
        .store
        .read((after, size), |tx, (after, size)| Box::pin(rows::parked_page(tx, after.as_ref(), *size)))
        .await
        .map_err(status::store)?;
    Ok(ListParkedResponse {
        parked: found.orders.iter().map(parked_order).collect(),
        next_page_token: found.next.map(|(at, id)| listing.token(&format!("{at}|{id}"))).unwrap_or_default(),
    })
}

fn parked_place(place: String) -> Option<(i64, String)> {
    let (at, id) = place.split_once('|')?;
    Some((at.parse().ok()?, id.to_owned()))
}

/// Where the page begins, and how many are on it: too large a size is cut.
fn page<P>(
    listing: &Listing,
    size: i32,
    token: &str,
    place: impl FnOnce(String) -> Option<P>,
) -> Result<(Option<P>, u64), fabric::Violations> {
    let mut check = Check::default();
    let size = check.page_size(size.min(LARGEST));
    let place = check.page_token(listing, token, place);
    check.done()?;
    Ok((place, size))
}

fn parked_order(order: &Order) -> ParkedOrder {
    let parked = order.parked.as_ref();
    ParkedOrder {
        order: Some(order.message()),
        step: parked.map(|parked| parked.step.clone()).unwrap_or_default(),
        park_time: parked.map(|parked| timestamp(parked.at)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_cut_not_refused_unless_negative() {
        let listing = Listing::new("ListOrders", &[]);
        let size = |asked| page(&listing, asked, "", Some).map(|(_, size)| size);
        assert_eq!((size(0), size(7), size(5_000)), (Ok(50), Ok(7), Ok(1_000)));
        assert!(size(-1).is_err());
    }
}
