//! What must be true after any storm, asked of every service and compared with what the others say.

use super::{
    after::quiet,
    plan::{CLOSED, GOODS, NOVELTY},
    storm::{Decided, Storm},
};
use api::{
    dashboard::v1::{
        GetSummaryRequest, GetSummaryResponse, RebuildRequest, dashboard_service_client::DashboardServiceClient,
    },
    inventory::v1::ListLevelsRequest,
    mesh::v1::{GetMeshRequest, mesh_service_client::MeshServiceClient},
    notification::v1::{ListMailsRequest, notification_service_client::NotificationServiceClient},
    order::v1::{ListOrdersRequest, Order, OrderChange, OrderState, WatchOrderRequest},
    payment::v1::{ListPaymentsRequest, Payment, ReconcileRequest},
    types::Money,
};
use futures::TryStreamExt;
use outrigger_tests::World;
use std::collections::BTreeMap;

/// Everything, after a storm of which these refunds of returns are known.
pub async fn add_up(storm: &Storm, world: &World, refunds: &BTreeMap<String, i64>) {
    let facts: Vec<_> = world.system().facts().try_collect().await.expect("facts");
    let report = audit::check(&facts);
    assert!(report.violations.is_empty(), "the audit found: {:#?}", report.violations);
    let orders = orders(world).await;
    every_wish_is_one_order(storm, &orders);
    every_answer_was_kept(storm, &orders);
    let payments = payments(world).await;
    for order in orders.values() {
        money_is_right(world, order, &payments, refunds).await;
    }
    reconciled(world).await;
    stock_adds_up(world, &orders).await;
    dashboard_tells_the_truth(world, &orders, &payments).await;
    nothing_is_parked(world).await;
    for order in orders.values() {
        mails_tell_the_history(world, order).await;
    }
}

fn minor(money: Option<&Money>) -> i64 {
    money.map_or(0, |money| money.minor_units)
}

/// By order.
async fn orders(world: &World) -> BTreeMap<String, Order> {
    let (mut orders, mut page_token) = (BTreeMap::new(), String::new());
    loop {
        let request = ListOrdersRequest { page_size: 100, page_token, ..ListOrdersRequest::default() };
        let page = world.orders().list_orders(request).await.expect("orders").into_inner();
        for order in page.orders {
            let id = order.order_id.clone();
            assert!(orders.insert(id.clone(), order).is_none(), "{id} is listed twice");
        }
        page_token = page.next_page_token;
        if page_token.is_empty() {
            return orders;
        }
    }
}

/// By order.
async fn payments(world: &World) -> BTreeMap<String, Vec<Payment>> {
    let (mut payments, mut page_token) = (BTreeMap::<String, Vec<Payment>>::new(), String::new());
    loop {
        let request = ListPaymentsRequest { page_size: 100, page_token, ..ListPaymentsRequest::default() };
        let page = world.payments().list_payments(request).await.expect("payments").into_inner();
        for payment in page.payments {
            payments.entry(payment.order_id.clone()).or_default().push(payment);
        }
        page_token = page.next_page_token;
        if page_token.is_empty() {
            return payments;
        }
    }
}

fn every_wish_is_one_order(storm: &Storm, orders: &BTreeMap<String, Order>) {
    let log = storm.log.lock();
    assert_eq!(orders.len(), storm.plan.wishes.len(), "I3: every wish is one order, and no order is anything else");
    for (wish, (order_id, _)) in &log.orders {
        let order = orders.get(order_id).unwrap_or_else(|| panic!("I3: order {wish} was acknowledged and is lost"));
        let customer = order.customer.as_ref().expect("a customer");
        assert_eq!(customer.customer_id, format!("C-{wish}"), "I3: the key of {wish} names its own order");
        let state = order.state();
        assert!(
            matches!(state, OrderState::Completed | OrderState::Declined)
                || matches!(state, OrderState::OutOfStock | OrderState::Cancelled | OrderState::Refunded),
            "I4: order {wish} is {state:?}"
        );
    }
}

fn every_answer_was_kept(storm: &Storm, orders: &BTreeMap<String, Order>) {
    let log = storm.log.lock();
    for (wish, decided) in &log.cancelled {
        let order = &orders[&log.orders[wish].0];
        let (state, waived) = (order.state(), order.waiver.is_some());
        let kept = match decided {
            Decided::Granted => matches!(state, OrderState::Cancelled | OrderState::Refunded) || waived,
            Decided::Dispatched => state == OrderState::Completed,
            Decided::Final => matches!(state, OrderState::Declined | OrderState::OutOfStock) || waived,
        };
        assert!(kept, "the wish to cancel {wish} was {decided:?}, and its order is {state:?}: {order:?}");
    }
}

async fn money_is_right(
    world: &World,
    order: &Order,
    payments: &BTreeMap<String, Vec<Payment>>,
    refunds: &BTreeMap<String, i64>,
) {
    let id = &order.order_id;
    let returned = refunds.get(id).copied().unwrap_or_default();
    assert_eq!(minor(order.returned_total.as_ref()), returned, "what {id}'s returns gave back: {order:?}");
    let of_order = payments.get(id).map_or(&[][..], Vec::as_slice);
    let booked: i64 = of_order.iter().map(|p| minor(p.captured.as_ref()) - minor(p.refunded.as_ref())).sum();
    let token = &order.payment.as_ref().expect("a payment").token;
    assert_eq!(world.taken_from(token).await, booked, "I1: what the gateway took of {token}: {of_order:?}");
    assert!(of_order.iter().all(|payment| !payment.in_doubt), "{of_order:?}");
    if order.waiver.is_some() {
        return; // A person answers for what was taken.
    }
    assert_eq!(world.gateway().held_of(token).await.expect("the gateway tells").minor_units, 0, "held of {token}");
    let due = match order.state() {
        OrderState::Completed => minor(order.total.as_ref()) - returned,
        _ => 0,
    };
    assert_eq!(booked, due, "I4: {id} is {:?}: {of_order:?}", order.state());
    assert!(order.state() != OrderState::Refunded || !token.starts_with(CLOSED), "a closed account got money back");
}

async fn reconciled(world: &World) {
    let report = world.payments().reconcile(ReconcileRequest {}).await.expect("a comparison").into_inner();
    assert_eq!((report.in_doubt, report.differences), (0, vec![]), "I1: ledger and gateway agree");
}

async fn stock_adds_up(world: &World, orders: &BTreeMap<String, Order>) {
    let request = ListLevelsRequest { page_size: 100, ..ListLevelsRequest::default() };
    let levels = world.inventory().list_levels(request).await.expect("levels").into_inner().levels;
    assert_eq!(levels.len(), GOODS.len() + 1, "{NOVELTY} and the goods");
    for level in levels {
        let there = level.on_hand + level.reserved + level.committed + level.shipped;
        assert_eq!(there, level.received + level.returned + level.corrected, "I2: {level:?}");
        let pieces = |waived: bool, of: fn(&api::order::v1::OrderLine) -> i64| -> i64 {
            let completed = orders.values().filter(|order| order.state() == OrderState::Completed);
            let completed = completed.filter(|order| order.waiver.is_some() == waived);
            let lines = completed.flat_map(|order| &order.lines);
            lines.filter(|line| line.sku == level.sku).map(of).sum()
        };
        let sold = pieces(false, |line| line.quantity);
        // What became of goods of a waived order is its person's to say.
        let gone = level.shipped + level.committed + level.reserved;
        let most = sold + pieces(true, |line| line.quantity);
        assert!((sold..=most).contains(&gone), "I2: {sold} to {most} were sold of {level:?}");
        assert!(level.shipped >= sold, "I4: {sold} were shipped of {level:?}");
        assert_eq!(level.returned, pieces(false, |line| line.returned), "came back of {level:?}");
    }
}

async fn summary(world: &World) -> GetSummaryResponse {
    let mut dashboard = DashboardServiceClient::new(world.system().wire("operator", "dashboard"));
    dashboard.get_summary(GetSummaryRequest {}).await.expect("a summary").into_inner()
}

async fn dashboard_tells_the_truth(
    world: &World,
    orders: &BTreeMap<String, Order>,
    payments: &BTreeMap<String, Vec<Payment>>,
) {
    let live = summary(world).await;
    let mut states = BTreeMap::<i32, i64>::new();
    for order in orders.values() {
        *states.entry(order.state).or_default() += 1;
    }
    let shown: BTreeMap<i32, i64> = live.states.iter().map(|count| (count.state, count.orders)).collect();
    assert_eq!(shown, states, "orders by state");
    let all = || payments.values().flatten();
    let taken: i64 = all().map(|payment| minor(payment.captured.as_ref())).sum();
    let refunded: i64 = all().map(|payment| minor(payment.refunded.as_ref())).sum();
    let shown = live.money.iter().map(|flow| (minor(flow.taken.as_ref()), minor(flow.refunded.as_ref())));
    assert_eq!(shown.collect::<Vec<_>>(), [(taken, refunded)], "money");
    assert_eq!(live.needing_attention, 0);

    let mut dashboard = DashboardServiceClient::new(world.system().wire("operator", "dashboard"));
    dashboard.rebuild(RebuildRequest {}).await.expect("a rebuild");
    quiet(world).await;
    assert_eq!(summary(world).await, live, "rebuilt equals live");
}

async fn nothing_is_parked(world: &World) {
    let mut mesh = MeshServiceClient::new(world.system().wire("operator", outrigger::system::OPERATIONS));
    for service in mesh.get_mesh(GetMeshRequest {}).await.expect("the mesh").into_inner().services {
        assert_eq!(service.parked_events, 0, "{service:?}");
    }
}

/// One mail for each thing that is told, and none besides.
async fn mails_tell_the_history(world: &World, order: &Order) {
    let id = &order.order_id;
    let request = WatchOrderRequest { order_id: id.clone(), after_sequence: 0 };
    let watched = world.orders().watch_order(request).await.expect("a history").into_inner();
    let history: Vec<OrderChange> = watched
        .map_ok(|answer| answer.change.expect("a change"))
        .try_collect()
        .await
        .expect("a history that ends with the order");
    let numbered = history.iter().enumerate().all(|(at, change)| change.sequence == at as i64 + 1);
    assert!(numbered, "a history without gaps: {history:#?}");
    let told = !order.customer.as_ref().expect("a customer").email.is_empty();
    let mut due: Vec<&str> = history.iter().filter(|_| told).filter_map(worth_a_mail).collect();
    due.sort_unstable();

    let mut notifications = NotificationServiceClient::new(world.system().wire("operator", "notifications"));
    let request = ListMailsRequest { page_size: 1_000, order_id: id.clone(), ..ListMailsRequest::default() };
    let mails = notifications.list_mails(request).await.expect("mails").into_inner().mails;
    let mut sent: Vec<&str> = mails.iter().map(|mail| mail.template.as_str()).collect();
    sent.sort_unstable();
    assert_eq!(sent, due, "mails about {id}: {history:#?}");
}

fn worth_a_mail(change: &OrderChange) -> Option<&'static str> {
    use OrderState::*;
    match (change.from_state(), change.state()) {
        (from, to) if from == to => Some("returned"),
        (NeedsAttention, Completed) => Some("completed"),
        (_, Confirmed) => Some("confirmed"),
        (_, Shipped) => Some("shipped"),
        (_, Declined) => Some("declined"),
        (_, OutOfStock) => Some("out_of_stock"),
        (_, Cancelled) => Some("cancelled"),
        (_, Refunded) => Some("refunded"),
        (_, NeedsAttention) => Some("delayed"),
        _ => None,
    }
}
