//! Recording a parcel and taking it back, in every order of arrival.

use crate::world::{World, creating, reason, step};
use api::shipping::v1::{self as pb, ShipmentState};
use engines::on_both_engines;
use outrigger_shipping::Settings;
use std::time::Duration;
use tonic::Code;

on_both_engines! { #[tokio::test(start_paused = true)]

async fn an_order_has_one_shipment_however_often_it_is_asked_for(engine: &Engine) {
    let mut world = World::new(engine).await;
    let first = world.create("o").await.unwrap();
    assert_eq!(first.state(), ShipmentState::Created);
    let again = world.client.clone().create_shipment(creating("o", 1)).await.unwrap();
    assert_eq!(again.metadata().get("outrigger-replayed").unwrap(), "true");
    let other = world.client.clone().create_shipment(creating("o", 2)).await.unwrap().into_inner().shipment.unwrap();
    assert_eq!(other, first);
    let told = world.told().await;
    assert_eq!(told, [("o".to_owned(), ShipmentState::Created)]);
}

async fn a_key_used_for_something_else_is_refused_by_the_first_field_that_differs(engine: &Engine) {
    let world = World::new(engine).await;
    world.create("o").await.unwrap();
    let other = pb::CreateShipmentRequest { lines: Vec::new(), ..creating("o", 1) };
    let refused = world.client.clone().create_shipment(other).await.unwrap_err();
    assert_eq!(refused.code(), Code::AlreadyExists);
    assert_eq!(fabric::status::info(&refused, "field").as_deref(), Some("lines"));
}

async fn a_parcel_is_cancelled_until_the_carrier_has_it(engine: &Engine) {
    let mut world = World::new(engine).await;
    world.create("early").await.unwrap();
    assert_eq!(world.cancel("early").await.unwrap().unwrap().state(), ShipmentState::Cancelled);
    assert_eq!(world.cancel("early").await.unwrap().unwrap().state(), ShipmentState::Cancelled);
    world.create("late").await.unwrap();
    world.pass(Duration::from_millis(250)).await;
    assert_eq!(reason(world.cancel("late").await), "ALREADY_DISPATCHED");
    assert_eq!(reason(world.cancel("late").await), "ALREADY_DISPATCHED");
    world.pass(Duration::from_secs(10)).await;
    let told = world.told().await;
    let of = |order: &str| told.iter().filter(|(key, _)| key == order).map(|(_, state)| *state).collect::<Vec<_>>();
    assert_eq!(of("early"), [ShipmentState::Created, ShipmentState::Cancelled]);
    assert_eq!(of("late"), [ShipmentState::Created, ShipmentState::Dispatched, ShipmentState::Delivered]);
}

async fn a_cancellation_that_overtakes_bars_the_shipment(engine: &Engine) {
    let world = World::new(engine).await;
    assert_eq!(world.cancel("o").await.unwrap(), None);
    assert_eq!(reason(world.create("o").await), "STEP_UNDONE");
    assert_eq!(reason(world.client.clone().create_shipment(creating("o", 2)).await), "STEP_UNDONE");
    assert!(world.facts().await.is_empty());
}

async fn without_a_saga_a_cancellation_overtakes_as_well_and_a_cancelled_parcel_stays_so(engine: &Engine) {
    let world = World::new(engine).await;
    let mut client = world.client.clone();
    let cancel = |key: &str, order: &str| pb::CancelShipmentRequest {
        request_id: key.into(),
        order_id: order.into(),
        undoes: None,
    };
    let create =
        |key: &str, order: &str| pb::CreateShipmentRequest { request_id: key.into(), step: None, ..creating(order, 1) };
    assert_eq!(client.cancel_shipment(cancel("c1", "o")).await.unwrap().into_inner().shipment, None);
    assert_eq!(reason(client.create_shipment(create("k1", "o")).await), "STEP_UNDONE");
    client.create_shipment(create("k2", "p")).await.unwrap();
    client.cancel_shipment(cancel("c2", "p")).await.unwrap();
    let in_saga = pb::CreateShipmentRequest { step: Some(step("p", 1)), ..create("k3", "p") };
    assert_eq!(reason(client.create_shipment(in_saga.clone()).await), "ALREADY_CANCELLED");
    assert_eq!(reason(client.create_shipment(in_saga).await), "ALREADY_CANCELLED");
}

async fn calls_that_fail_for_a_while_have_their_effect_once(engine: &Engine) {
    let settings = Settings { fault_rate: 0.5, fault_seed: 3, ..Settings::default() };
    let mut world = World::on(engine, settings).await;
    for order in (0..50).map(|n| format!("o{n}")) {
        while let Err(status) = world.create(&order).await {
            assert_eq!(status.code(), Code::Unavailable, "{status:?}");
            world.pass(Duration::from_millis(50)).await;
        }
    }
    world.pass(Duration::from_secs(2)).await;
    let shipments = world.facts().await;
    assert!(shipments.len() == 50 && shipments.iter().all(|parcel| parcel.state() == ShipmentState::Delivered));
    assert_eq!(world.told().await.len(), 150);
}

}
