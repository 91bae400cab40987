//! The projections, through the whole way: events in the outboxes of a shop, carried by the bus, read by the API.

#![allow(clippy::unwrap_used)] // helpers included, all of this is tests

mod shop;

use ambient::{Ambient, Timestamp};
use api::dashboard::v1::{
    GetSummaryRequest, ListAttentionRequest, RebuildRequest, dashboard_service_client::DashboardServiceClient,
};
use api::order::v1::OrderState;
use engines::{Engine, on_both_engines};
use fabric::{Mesh, Placement, Wire};
use futures::future::join_all;
use journal::{Bus, Retention};
use outrigger_dashboard::{Dashboard, PROJECTIONS, Settings, start};
use shop::{Shop, money};
use std::{collections::BTreeMap, time::Duration};
use store::{
    Store,
    sea_orm::{ConnectionTrait, DbErr, Statement},
};
use tonic::Code;

struct World {
    bus: Bus,
    mesh: Mesh,
    dashboard: Dashboard,
    shop: Shop,
}

impl World {
    async fn new(engine: &Engine, retention: Retention) -> Self {
        let ambient = Ambient::seeded(7, Timestamp::from_millis(1_700_000_000_000));
        let (data, bus) = (engine.data(), Bus::remembering(ambient.clone(), retention));
        let contract = policy::Contract::from_descriptors(api::DESCRIPTORS).unwrap();
        let mesh = Mesh::new(contract, ambient.clone(), Placement::InProcess);
        let dashboard = start(&ambient, data, &mesh, &bus, Settings::default()).await.unwrap();
        let mut shop = Shop::open(&ambient, data, &bus, 7).await;
        // Steps that take time where time takes none.
        shop.pace = if engine.is_postgres() { Duration::ZERO } else { Duration::from_millis(400) };
        Self { bus, mesh, dashboard, shop }
    }

    /// Orders that run beside each other, until all of their events were taken in.
    async fn orders(&self, numbers: std::ops::Range<u64>) {
        join_all(numbers.map(|number| self.shop.order(number))).await;
        self.bus.settled().await;
    }

    fn client(&self) -> DashboardServiceClient<Wire> {
        DashboardServiceClient::new(self.mesh.wire("operator", "dashboard"))
    }
}

/// Every row of every projection, as text.
async fn rows(store: &Store) -> BTreeMap<&'static str, Vec<String>> {
    let mut tables = BTreeMap::new();
    for table in PROJECTIONS {
        let rows: Result<Vec<String>, _> = store.read(table, |tx, table| Box::pin(dump(tx, table))).await;
        let mut rows = rows.unwrap();
        rows.retain(|row| !row.starts_with("orders=0 state=")); // no order stands there: as good as no row
        tables.insert(table, rows);
    }
    tables
}

async fn dump(tx: &store::Tx, table: &str) -> Result<Vec<String>, DbErr> {
    let sql = format!("SELECT * FROM {table} ORDER BY 1");
    let rows = tx.query_all_raw(Statement::from_string(tx.get_database_backend(), sql)).await?;
    Ok(rows
        .iter()
        .map(|row| {
            let cell = |name: &String| match row.try_get::<i64>("", name) {
                Ok(number) => format!("{name}={number}"),
                Err(_) => format!("{name}={:?}", row.try_get::<String>("", name).unwrap()),
            };
            let mut names = row.column_names();
            names.sort_unstable();
            names.iter().map(cell).collect::<Vec<_>>().join(" ")
        })
        .collect())
}

on_both_engines! { #[tokio::test(start_paused = true)]

async fn the_summary_adds_up_to_what_the_shop_did(engine: &Engine) {
    let world = World::new(engine, Retention::default()).await;
    world.orders(0..200).await;
    let summary = world.client().get_summary(GetSummaryRequest {}).await.unwrap().into_inner();
    let standing = |state: OrderState| {
        summary.states.iter().filter(|count| count.state() == state).map(|count| count.orders).sum::<i64>()
    };
    assert_eq!(summary.states.iter().map(|count| count.orders).sum::<i64>(), 200);
    assert!(summary.states.iter().all(|count| count.orders > 0));
    assert_eq!(standing(OrderState::NeedsAttention), summary.needing_attention);
    assert!(summary.needing_attention > 0 && standing(OrderState::Refunded) > 0 && standing(OrderState::Declined) > 0);
    assert_eq!(summary.money.len(), 2);
    let speed = summary.time_to_confirm.unwrap();
    assert!(speed.orders > 100 && speed.p50.unwrap().seconds <= speed.p99.unwrap().seconds);
    let refusals: i64 = summary.stock_outs.iter().map(|out| out.refusals).sum();
    assert!(refusals > 0 && summary.stock_outs.is_sorted_by(|a, b| a.refusals >= b.refusals));
    let sources = rows(world.dashboard.store()).await["sources"].len();
    assert_eq!((sources, summary.events > 1_000), (4, true));
}

async fn rebuilt_projections_equal_the_live_ones(engine: &Engine) {
    let world = World::new(engine, Retention::default()).await;
    world.orders(0..60).await; // in several batches, so that live and rebuilt ones are cut differently
    engine.pass(Duration::from_secs(3_600)).await; // past what the ring of steps holds
    world.orders(60..110).await;
    // What is kept of changes is the latest of them, and which those are is the same for all who look only where they did
    // not come at the same moment.
    for number in 110..160 {
        world.orders(number..number + 1).await;
    }
    let live = rows(world.dashboard.store()).await;
    assert!(live.values().all(|rows| !rows.is_empty()), "{live:#?}");
    assert_eq!(live["changes"].len(), 200);

    let rebuilt = world.client().rebuild(RebuildRequest {}).await.unwrap().into_inner();
    world.bus.settled().await;
    assert_eq!(rows(world.dashboard.store()).await, live);
    let summary = world.client().get_summary(GetSummaryRequest {}).await.unwrap().into_inner();
    assert_eq!(rebuilt.events, summary.events);
}

async fn what_would_be_lost_is_not_rebuilt(engine: &Engine) {
    let retention =
        Retention { events: Duration::from_secs(60), every: Duration::from_secs(60), ..Retention::default() };
    let world = World::new(engine, retention).await;
    world.orders(0..5).await;
    engine.pass(Duration::from_secs(300)).await;
    while world.bus.pruned("dashboard").await.unwrap().is_none() {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    let live = rows(world.dashboard.store()).await;
    let refused = world.client().rebuild(RebuildRequest {}).await.unwrap_err();
    assert_eq!(refused.code(), Code::FailedPrecondition);
    assert_eq!(fabric::status::reason(&refused).as_deref(), Some("EVENTS_PRUNED"));
    assert_eq!(rows(world.dashboard.store()).await, live);
}

async fn an_event_that_is_no_message_is_parked_and_the_others_flow(engine: &Engine) {
    let world = World::new(engine, Retention::default()).await;
    world.shop.tell_raw("payments", "outrigger.payment.v1.PaymentChanged", "P1", 1, vec![255]).await;
    let moved = Some(money("GBP", 700));
    let event = api::payment::v1::PaymentChanged { moved, ..Default::default() };
    world.shop.tell("outrigger.payment.v1.PaymentChanged", "P2", 1, &event).await;
    world.bus.settled().await;
    assert_eq!(journal::parked::count(world.dashboard.store()).await.unwrap(), 1);
    assert_eq!(rows(world.dashboard.store()).await["money"], ["currency=\"GBP\" refunded=0 taken=700"]);
}

async fn waiting_orders_are_listed_once_each_oldest_first_page_by_page(engine: &Engine) {
    let world = World::new(engine, Retention::default()).await;
    world.orders(0..200).await;
    let mut client = world.client();
    let (mut seen, mut page_token) = (Vec::new(), String::new());
    loop {
        let request = ListAttentionRequest { page_size: 3, page_token };
        let page = client.list_attention(request).await.unwrap().into_inner();
        assert!(page.orders.len() <= 3);
        seen.extend(page.orders);
        page_token = page.next_page_token;
        if page_token.is_empty() {
            break;
        }
    }
    assert!(
        seen.len() > 6
            && seen.is_sorted_by_key(|order| {
                let since = order.since.unwrap();
                (since.seconds, since.nanos, order.order_id.clone())
            })
    );
    let all = client.list_attention(ListAttentionRequest { page_size: 1_000, ..Default::default() }).await.unwrap();
    assert_eq!(all.into_inner().orders, seen);
}

async fn a_made_up_page_is_refused_naming_every_field(engine: &Engine) {
    let world = World::new(engine, Retention::default()).await;
    let request = ListAttentionRequest { page_size: 1_001, page_token: "made up".into() };
    let refused = world.client().list_attention(request).await.unwrap_err();
    assert_eq!(refused.code(), Code::InvalidArgument);
    let fields: Vec<String> = fabric::status::violations(&refused).into_iter().map(|(field, _)| field).collect();
    assert_eq!(fields, ["page_size", "page_token"]);
}

}
