//! What the dashboard shows is what happened, and can be built again from the events.

use api::{
    dashboard::v1::{
        GetSummaryRequest, GetSummaryResponse, ListAttentionRequest, RebuildRequest,
        dashboard_service_client::DashboardServiceClient,
    },
    order::v1::OrderState,
};
use fabric::Wire;
use outrigger_tests::{PRICE, World, basket, story};

fn dashboard(world: &World) -> DashboardServiceClient<Wire> {
    DashboardServiceClient::new(world.system().wire("operator", "dashboard"))
}

async fn summary(world: &World) -> GetSummaryResponse {
    dashboard(world).get_summary(GetSummaryRequest {}).await.unwrap().into_inner()
}

story! {
    async fn the_rebuilt_projections_equal_the_live_ones(world: World) {
        world.stock([("MUG", 5)]).await;
        let shipped = world.place(basket([("MUG", 2)]).card("tok_a")).await;
        let refunded = world.place(basket([("MUG", 9)]).transfer("tok_b").or_refund()).await;
        let parked = world.place(basket([("MUG", 9)]).transfer("tok_c").or_hold()).await;
        for order in [&shipped, &refunded, &parked] {
            world.settled(order).await;
        }
        world.take_back(&shipped, "r-1", "MUG", 1).await.unwrap();
        world.quiet().await;

        let live = summary(&world).await;
        let count = |state: OrderState| live.states.iter().find(|s| s.state() == state).map_or(0, |s| s.orders);
        assert_eq!(count(OrderState::Completed), 1);
        assert_eq!(count(OrderState::Refunded), 1);
        assert_eq!(count(OrderState::NeedsAttention), 1);
        assert_eq!(live.needing_attention, 1);
        let money = &live.money[0];
        assert_eq!(money.taken.as_ref().unwrap().minor_units, (2 + 9 + 9) * PRICE);
        assert_eq!(money.refunded.as_ref().unwrap().minor_units, (1 + 9) * PRICE);
        assert_eq!(live.stock_outs[0].sku, "MUG");
        let attention = dashboard(&world).list_attention(ListAttentionRequest::default()).await.unwrap().into_inner();
        assert_eq!(attention.orders[0].order_id, parked.order_id);

        dashboard(&world).rebuild(RebuildRequest {}).await.unwrap();
        world.quiet().await;
        assert_eq!(summary(&world).await, live);
        world.audit_is_clean().await;
    }
}
