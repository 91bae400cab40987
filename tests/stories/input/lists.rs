//! Pages of every list: sizes that are none, and tokens that were made up or belong to another list.

use super::{Cases, long};
use api::{
    dashboard::v1::{ListAttentionRequest, dashboard_service_client::DashboardServiceClient},
    inventory::v1::ListLevelsRequest,
    notification::v1::{ListMailsRequest, notification_service_client::NotificationServiceClient},
    order::v1::{ListOrdersRequest, ListParkedRequest},
    payment::v1::ListPaymentsRequest,
    shipping::v1::ListShipmentsRequest,
};
use outrigger_tests::{World, basket, story};

/// Tries one list with this page.
macro_rules! refuse {
    ($cases:ident, $client:expr, $method:ident, $request:ident, $field:expr, $size:expr, $token:expr) => {{
        #[allow(clippy::needless_update, reason = "some of the messages have a filter besides")]
        let request = $request { page_size: $size, page_token: $token.into(), ..Default::default() };
        $cases.invalid(stringify!($method), $client.$method(request).await, $field);
    }};
}

story! {
    async fn a_page_that_is_none_is_refused_by_every_list(world: World) {
        world.stock([("MUG", 10), ("JUG", 10)]).await;
        for _ in 0..2 {
            world.place(basket([("MUG", 1)])).await;
        }
        let wire = |callee: &'static str| world.system().wire("operator", callee);
        let mut mails = NotificationServiceClient::new(wire("notifications"));
        let mut attention = DashboardServiceClient::new(wire("dashboard"));
        // A true token, of another list.
        let request = ListLevelsRequest { page_size: 1, page_token: String::new() };
        let levels = world.inventory().list_levels(request).await.unwrap().into_inner();
        assert!(!levels.next_page_token.is_empty());
        let request = ListOrdersRequest { page_size: 1, ..ListOrdersRequest::default() };
        let orders = world.orders().list_orders(request).await.unwrap().into_inner();
        let mut cases = Cases::default();
        for (field, size, token) in [
            ("page_size", -1, String::new()),
            ("page_size", i32::MIN, String::new()),
            ("page_token", 1, "made up".into()),
            ("page_token", 1, "\u{1F4A5}".into()),
            ("page_token", 1, long()),
        ] {
            refuse!(cases, world.orders(), list_orders, ListOrdersRequest, field, size, &token);
            refuse!(cases, world.orders(), list_parked, ListParkedRequest, field, size, &token);
            refuse!(cases, world.payments(), list_payments, ListPaymentsRequest, field, size, &token);
            refuse!(cases, world.inventory(), list_levels, ListLevelsRequest, field, size, &token);
            refuse!(cases, world.shipping(), list_shipments, ListShipmentsRequest, field, size, &token);
            refuse!(cases, mails, list_mails, ListMailsRequest, field, size, &token);
            refuse!(cases, attention, list_attention, ListAttentionRequest, field, size, &token);
        }
        let token = &levels.next_page_token;
        refuse!(cases, world.payments(), list_payments, ListPaymentsRequest, "page_token", 1, token);
        refuse!(cases, world.shipping(), list_shipments, ListShipmentsRequest, "page_token", 1, token);
        refuse!(cases, mails, list_mails, ListMailsRequest, "page_token", 1, token);
        refuse!(cases, attention, list_attention, ListAttentionRequest, "page_token", 1, token);
        refuse!(cases, world.orders(), list_parked, ListParkedRequest, "page_token", 1, &orders.next_page_token);
        let filtered = ListOrdersRequest {
            page_size: 1,
            page_token: orders.next_page_token.clone(),
            customer_id: "somebody".into(),
            ..ListOrdersRequest::default()
        };
        cases.invalid("list_orders of another filter", world.orders().list_orders(filtered).await, "page_token");
        let stateless = ListOrdersRequest { state: 99, ..ListOrdersRequest::default() };
        cases.invalid("list_orders", world.orders().list_orders(stateless).await, "state");
        cases.all_are_refused();
    }
}
