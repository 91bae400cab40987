//! Holding, promising and giving up, in every order of arrival.

use crate::world::{World, committing, reason, reservation, reserving, step};
use api::{
    inventory::v1::{self as pb, ReservationState},
    shipping::v1::ShipmentState,
};
use engines::on_both_engines;
use prost::Message;
use std::time::Duration;
use tonic::Code;
use tonic_types::StatusExt;

on_both_engines! { #[tokio::test(start_paused = true)]

async fn lines_of_one_sku_are_summed_before_they_are_held(engine: &Engine) {
    let world = World::stocked(engine, &["a"]).await;
    assert_eq!(reason(world.reserve("o1", &[("a", 60), ("a", 60)]).await), "OUT_OF_STOCK");
    let held = world.reserve("o2", &[("a", 40), ("a", 60)]).await.unwrap();
    assert_eq!(held.lines, [pb::StockLine { sku: "a".into(), quantity: 100 }]);
    assert_eq!(held.state(), ReservationState::Held);
    world.assert_conserved().await;
}

async fn all_lines_are_held_or_none_and_what_lacks_is_named(engine: &Engine) {
    let world = World::stocked(engine, &["a", "b", "c"]).await;
    let refused = world.reserve("o", &[("a", 1), ("b", 101), ("c", 200)]).await.unwrap_err();
    assert_eq!(refused.code(), Code::FailedPrecondition);
    let lacking = refused.get_details_precondition_failure().unwrap().violations;
    let named: Vec<_> = lacking.iter().map(|violation| violation.subject.as_str()).collect();
    assert_eq!(named, ["sku/b", "sku/c"]);
    assert_eq!(world.level("a").await.on_hand, 100);
    let events = world.published().await;
    assert_eq!(events.len(), 1);
    let told = pb::StockOut::decode(events[0].payload.as_slice()).unwrap();
    assert_eq!((told.order_id.as_str(), told.on_hand.as_slice()), ("o", [100, 100].as_slice()));
    world.assert_conserved().await;
}

async fn a_refusal_ends_its_attempt_for_good_and_the_next_attempt_is_free(engine: &Engine) {
    let world = World::stocked(engine, &["a"]).await;
    assert_eq!(reason(world.reserve("o", &[("a", 150)]).await), "OUT_OF_STOCK");
    world.receive("more", &[("a", 100)]).await.unwrap();
    let again = world.reserve("o", &[("a", 150)]).await.unwrap_err();
    assert_eq!(fabric::status::reason(&again).as_deref(), Some("OUT_OF_STOCK"));
    // The same attempt under another key is the same attempt.
    let other_key = pb::ReserveRequest { request_id: "other".into(), ..reserving("o", 1, &[("a", 150)]) };
    assert_eq!(reason(world.client.clone().reserve(other_key).await), "OUT_OF_STOCK");
    let second = world.client.clone().reserve(reserving("o", 2, &[("a", 150)])).await;
    assert_eq!(reservation(second).unwrap().state(), ReservationState::Held);
    // And from then on the first attempt is stale.
    let late = pb::ReserveRequest { request_id: "late".into(), ..reserving("o", 1, &[("a", 150)]) };
    assert_eq!(reason(world.client.clone().reserve(late).await), "STEP_STALE");
    world.assert_conserved().await;
}

async fn every_call_delivered_twice_has_one_effect(engine: &Engine) {
    let world = World::stocked(engine, &["a"]).await;
    let ask = reserving("o", 1, &[("a", 10)]);
    world.client.clone().reserve(ask.clone()).await.unwrap();
    let second = world.client.clone().reserve(ask).await.unwrap();
    assert_eq!(second.metadata().get("outrigger-replayed").unwrap(), "true");
    world.client.clone().commit(committing("o", 1)).await.unwrap();
    let second = world.client.clone().commit(committing("o", 1)).await.unwrap();
    assert_eq!(second.metadata().get("outrigger-replayed").unwrap(), "true");
    assert_eq!(second.into_inner().reservation.unwrap().state(), ReservationState::Committed);
    assert_eq!(world.release("o").await.unwrap().unwrap().state(), ReservationState::Released);
    assert_eq!(world.release("o").await.unwrap().unwrap().state(), ReservationState::Released);
    assert_eq!(world.level("a").await.on_hand, 100);
    let told: Vec<_> = world.published().await.iter().map(|event| event.version).collect();
    assert_eq!(told, [1, 2, 3], "one event a change, in order");
    world.assert_conserved().await;
}

async fn a_key_used_for_something_else_is_refused_by_the_first_field_that_differs(engine: &Engine) {
    let world = World::stocked(engine, &["a"]).await;
    world.reserve("o", &[("a", 1)]).await.unwrap();
    let refused = world.reserve("o", &[("a", 2)]).await.unwrap_err();
    assert_eq!(refused.code(), Code::AlreadyExists);
    assert_eq!(fabric::status::info(&refused, "field").as_deref(), Some("lines"));
}

async fn a_hold_expires_by_itself_and_says_so(engine: &Engine) {
    let world = World::stocked(engine, &["a"]).await;
    let brief = pb::ReserveRequest {
        hold_for: Some(prost_types::Duration { seconds: 60, nanos: 0 }),
        ..reserving("brief", 1, &[("a", 10)])
    };
    world.client.clone().reserve(brief).await.unwrap();
    world.reserve("long", &[("a", 20)]).await.unwrap();
    world.pass(Duration::from_secs(61)).await;
    let level = world.level("a").await;
    assert_eq!((level.on_hand, level.reserved), (80, 20));
    world.pass(Duration::from_secs(15 * 60)).await;
    assert_eq!(world.level("a").await.on_hand, 100);
    let told: Vec<_> = world.published().await.iter().map(|event| (event.key.clone(), event.version)).collect();
    assert_eq!(told[2..], [("brief".to_owned(), 2), ("long".to_owned(), 2)]);
    world.assert_conserved().await;
}

async fn more_holds_than_one_batch_takes_expire_together(engine: &Engine) {
    let world = World::stocked(engine, &["a"]).await;
    world.receive("more", &[("a", 900)]).await.unwrap();
    for order in 0..450 {
        world.reserve(&format!("o{order}"), &[("a", 2)]).await.unwrap();
    }
    assert_eq!(world.level("a").await.on_hand, 100);
    world.pass(Duration::from_secs(15 * 60 + 1)).await;
    assert_eq!(world.level("a").await.on_hand, 1_000);
    world.assert_conserved().await;
}

async fn what_was_promised_does_not_expire(engine: &Engine) {
    let world = World::stocked(engine, &["a"]).await;
    world.reserve("o", &[("a", 10)]).await.unwrap();
    world.commit("o").await.unwrap();
    world.pass(Duration::from_secs(24 * 3_600)).await;
    assert_eq!(world.level("a").await.committed, 10);
}

async fn an_expired_hold_is_committed_while_the_stock_is_there_and_refused_when_it_is_not(engine: &Engine) {
    let world = World::stocked(engine, &["a"]).await;
    world.reserve("lucky", &[("a", 60)]).await.unwrap();
    world.pass(Duration::from_secs(3_600)).await;
    assert_eq!(world.commit("lucky").await.unwrap().state(), ReservationState::Committed);
    world.reserve("late", &[("a", 40)]).await.unwrap();
    world.pass(Duration::from_secs(3_600)).await;
    world.reserve("quick", &[("a", 1)]).await.unwrap();
    assert_eq!(reason(world.commit("late").await), "OUT_OF_STOCK");
    world.release("quick").await.unwrap();
    assert_eq!(reason(world.commit("late").await), "OUT_OF_STOCK", "the attempt has ended");
    let second = world.client.clone().commit(committing("late", 2)).await.unwrap().into_inner();
    assert_eq!(second.reservation.unwrap().state(), ReservationState::Committed);
    world.assert_conserved().await;
}

async fn a_hold_past_its_time_that_was_not_yet_swept_up_is_still_promised(engine: &Engine) {
    let world = World::stocked(engine, &["a"]).await;
    world.reserve("o", &[("a", 100)]).await.unwrap();
    world.service.shutdown().await;
    engine.pass(Duration::from_secs(3_600)).await;
    assert_eq!(world.commit("o").await.unwrap().state(), ReservationState::Committed);
    world.assert_conserved().await;
}

async fn a_release_that_overtakes_bars_reserve_and_commit(engine: &Engine) {
    let world = World::stocked(engine, &["a"]).await;
    assert_eq!(world.release("o").await.unwrap(), None);
    assert_eq!(reason(world.reserve("o", &[("a", 1)]).await), "STEP_UNDONE");
    assert_eq!(reason(world.commit("o").await), "STEP_UNDONE");
    assert_eq!(world.level("a").await.on_hand, 100);
    world.assert_conserved().await;
}

async fn a_commit_that_arrives_after_the_release_is_refused(engine: &Engine) {
    let world = World::stocked(engine, &["a"]).await;
    world.reserve("o", &[("a", 1)]).await.unwrap();
    world.release("o").await.unwrap();
    assert_eq!(reason(world.commit("o").await), "STEP_UNDONE");
    assert_eq!(reason(world.client.clone().reserve(reserving("o", 2, &[("a", 1)])).await), "STEP_UNDONE");
    world.assert_conserved().await;
}

async fn without_a_saga_an_undo_overtakes_its_action_as_well(engine: &Engine) {
    let world = World::stocked(engine, &["a"]).await;
    let mut client = world.client.clone();
    let plain = |key: &str, order: &str| pb::ReserveRequest {
        request_id: key.into(),
        step: None,
        ..reserving(order, 1, &[("a", 60)])
    };
    let release = pb::ReleaseRequest { request_id: "r".into(), order_id: "undone".into(), undoes: None };
    assert_eq!(client.release(release).await.unwrap().into_inner().reservation, None);
    assert_eq!(reason(client.reserve(plain("k0", "undone")).await), "STEP_UNDONE");
    // Outside of sagas every key is a try of its own.
    client.reserve(plain("k1", "first")).await.unwrap();
    assert_eq!(reason(client.reserve(plain("k2", "second")).await), "OUT_OF_STOCK");
    world.receive("more", &[("a", 100)]).await.unwrap();
    assert_eq!(reason(client.reserve(plain("k2", "second")).await), "OUT_OF_STOCK");
    client.reserve(plain("k3", "second")).await.unwrap();
    world.assert_conserved().await;
}

async fn reserving_what_is_held_already_holds_it_longer(engine: &Engine) {
    let world = World::stocked(engine, &["a"]).await;
    world.reserve("o", &[("a", 10)]).await.unwrap();
    world.pass(Duration::from_secs(600)).await;
    let again = world.client.clone().reserve(reserving("o", 2, &[("a", 10)])).await;
    assert_eq!(reservation(again).unwrap().state(), ReservationState::Held);
    world.pass(Duration::from_secs(600)).await;
    assert_eq!(world.level("a").await.reserved, 10);
    let other = world.client.clone().reserve(reserving("o", 3, &[("a", 11)])).await;
    assert_eq!(reason(other), "OTHER_LINES_RESERVED");
    world.pass(Duration::from_secs(301)).await;
    assert_eq!(world.level("a").await.reserved, 0);
    // Expired, it may be taken anew with other lines.
    let other = world.client.clone().reserve(reserving("o", 4, &[("a", 11)])).await;
    assert_eq!(reservation(other).unwrap().lines[0].quantity, 11);
    world.assert_conserved().await;
}

async fn what_has_gone_is_not_released(engine: &Engine) {
    let world = World::stocked(engine, &["a"]).await;
    world.reserve("o", &[("a", 10)]).await.unwrap();
    world.commit("o").await.unwrap();
    world.shipment("o", ShipmentState::Dispatched).await;
    assert_eq!(reason(world.release("o").await), "ALREADY_SHIPPED");
    assert_eq!(world.level("a").await.shipped, 10);
    world.assert_conserved().await;
}

async fn what_is_wrong_with_a_request_is_named_field_by_field(engine: &Engine) {
    let world = World::stocked(engine, &["a"]).await;
    let request = pb::ReserveRequest {
        request_id: String::new(),
        order_id: String::new(),
        lines: vec![pb::StockLine { sku: String::new(), quantity: 0 }],
        hold_for: Some(prost_types::Duration { seconds: -1, nanos: 0 }),
        step: Some(step("", "reserve", 0)),
    };
    let refused = world.client.clone().reserve(request).await.unwrap_err();
    assert_eq!(refused.code(), Code::InvalidArgument);
    let fields: Vec<_> = fabric::status::violations(&refused).into_iter().map(|(field, _)| field).collect();
    let expected =
        ["request_id", "order_id", "lines[0].sku", "lines[0].quantity", "hold_for", "step.saga", "step.attempt"];
    assert_eq!(fields, expected);
    let none = world.client.clone().reserve(reserving("o", 1, &[])).await.unwrap_err();
    assert_eq!(none.code(), Code::InvalidArgument);
    assert_eq!(reason(world.reserve("o", &[("never heard of", 1)]).await), "SKU_NOT_FOUND");
    world.assert_conserved().await;
}

async fn committing_what_was_never_reserved_is_refused(engine: &Engine) {
    let world = World::stocked(engine, &["a"]).await;
    assert_eq!(reason(world.commit("o").await), "NOT_RESERVED");
}

}
