//! The database restarts and is killed under load: nothing is lost or doubled, and errors are for its absence alone.

use crate::{
    replay::audit_is_clean,
    serving::{Serving, place, settled, stock},
};
use api::order::v1::{ListOrdersRequest, Order, OrderState, order_service_client::OrderServiceClient};
use futures::{StreamExt, stream};
use outrigger_tests::basket;
use servers::Postgres;
use std::{collections::BTreeSet, time::Duration};
use tonic::{Code, Status, transport::Channel};

const ORDERS: u64 = 200;
/// So many at a time: what is measured is an absence, not what a machine can do.
const CUSTOMERS: usize = 12;
/// How long each of them thinks before the next order, so that orders are placed for longer than the trouble lasts.
const THINKING: Duration = Duration::from_millis(300);

/// Asks until it is acknowledged, as a client should; what was heard before that.
async fn insist(channel: &Channel, number: u64) -> (Order, Vec<Status>) {
    tokio::time::sleep(THINKING).await;
    let mut refusals = Vec::new();
    loop {
        let wish = basket([("MUG", 1)]).card(&format!("tok_ok:{number}"));
        match place(channel, wish, &format!("order-{number}")).await {
            Ok(order) => return (order, refusals),
            Err(status) => {
                let after = fabric::status::retry_after(&status);
                refusals.push(status);
                tokio::time::sleep(after.unwrap_or(Duration::from_millis(100))).await;
            }
        }
    }
}

/// Twice each, at once and with a while in between.
async fn trouble(server: &Postgres) {
    for _ in 0..2 {
        tokio::time::sleep(Duration::from_millis(900)).await;
        tokio::task::block_in_place(|| server.restart());
        tokio::time::sleep(Duration::from_millis(900)).await;
        tokio::task::block_in_place(|| server.kill());
        tokio::time::sleep(Duration::from_millis(500)).await;
        tokio::task::block_in_place(|| server.revive());
    }
}

async fn listed(channel: &Channel) -> BTreeSet<String> {
    let request = ListOrdersRequest { page_size: 1_000, ..ListOrdersRequest::default() };
    let page = OrderServiceClient::new(channel.clone()).list_orders(request).await.unwrap().into_inner();
    page.orders.into_iter().map(|order| order.order_id).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 3)]
async fn a_database_restarted_under_load_loses_nothing_and_causes_errors_only_for_its_absence() {
    let test = "a_database_restarted_under_load_loses_nothing_and_causes_errors_only_for_its_absence";
    let Some(server) = Postgres::start(test) else { return };
    let database = server.database();
    let mut serving = Serving::start(&database.url(), &[]);
    let channel = serving.ready().await;
    stock(&channel, "MUG", 1_000).await;

    let clients = channel.clone();
    let load = tokio::spawn(async move {
        let orders = stream::iter(0..ORDERS).map(|number| insist(&clients, number));
        orders.buffer_unordered(CUSTOMERS).collect::<Vec<_>>().await
    });
    trouble(&server).await;
    let acknowledged = load.await.unwrap();

    let refusals = acknowledged.iter().flat_map(|(_, refusals)| refusals);
    let foreign: Vec<&Status> = refusals
        .filter(|status| status.code() != Code::Unavailable || fabric::status::retry_after(status).is_none())
        .collect();
    assert!(foreign.is_empty(), "not an absence that passes: {foreign:#?}");
    for (order, _) in &acknowledged {
        assert_eq!(settled(&channel, &order.order_id).await.state(), OrderState::Completed, "{order:?}");
    }
    let ids: BTreeSet<String> = acknowledged.into_iter().map(|(order, _)| order.order_id).collect();
    assert_eq!(ids.len() as u64, ORDERS, "a key is an order of its own");
    assert_eq!(listed(&channel).await, ids, "I3: what was acknowledged is there, and nothing else");
    let (status, told) = serving.end();
    assert!(status.success(), "{told}");
    audit_is_clean(database.url());
}
