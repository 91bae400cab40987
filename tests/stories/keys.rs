//! One key, one order, however often it is asked for.

use futures::future::join_all;
use outrigger_tests::{World, basket, reason, story};
use tonic::Code;

story! {
    async fn the_same_request_again_is_the_same_order_as_it_stands_now(world: World) {
        world.stock([("MUG", 10)]).await;
        let first = world.place(basket([("MUG", 1)]).key("k-1")).await;
        let settled = world.settled(&first).await;
        let again = world.try_place(basket([("MUG", 1)]).key("k-1")).await.unwrap();
        assert_eq!(again.metadata().get("outrigger-replayed").unwrap(), "true");
        let again = again.into_inner().order.unwrap();
        assert_eq!((again.order_id.as_str(), again.state()), (first.order_id.as_str(), settled.state()));
        world.quiet().await;
        assert_eq!(world.level("MUG").await.on_hand, 9);
        world.audit_is_clean().await;
    }
}

story! {
    async fn the_same_key_with_other_content_is_refused_naming_the_field(world: World) {
        world.stock([("MUG", 10)]).await;
        world.place(basket([("MUG", 1)]).key("k-2")).await;
        for (other, field) in [
            (basket([("MUG", 2)]).key("k-2"), "lines"),
            (basket([("MUG", 1)]).key("k-2").customer("C-2"), "customer"),
            (basket([("MUG", 1)]).key("k-2").card("tok_other"), "payment"),
            (basket([("MUG", 1)]).key("k-2").charge("POST", 1), "charges"),
            (basket([("MUG", 1)]).key("k-2").or_hold(), "on_failure"),
        ] {
            let status = world.try_place(other).await.unwrap_err();
            assert_eq!((status.code(), reason(&status).as_str()), (Code::AlreadyExists, "REQUEST_ID_REUSED"), "{field}");
            assert!(status.message().contains(field), "{field} is named: {}", status.message());
        }
        world.audit_is_clean().await;
    }
}

story! {
    async fn a_hundred_equal_requests_at_once_are_one_order(world: World) {
        world.stock([("MUG", 200)]).await;
        let same = || world.try_place(basket([("MUG", 1)]).key("k-3").wait_for_confirmed());
        let answers = join_all((0..100).map(|_| same())).await;
        let ids: std::collections::BTreeSet<String> =
            answers.into_iter().map(|answer| answer.unwrap().into_inner().order.unwrap().order_id).collect();
        assert_eq!(ids.len(), 1);
        world.quiet().await;
        assert_eq!(world.level("MUG").await.on_hand, 199);
        world.audit_is_clean().await;
    }
}
