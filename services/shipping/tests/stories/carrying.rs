//! The carrier: punctual, in batches, and not put off by a restart or a race.

use crate::world::{World, creating};
use ambient::Ambient;
use api::shipping::v1::ShipmentState;
use outrigger_shipping::Settings;
use std::time::Duration;
use store::Data;

#[tokio::test(start_paused = true)]
async fn a_parcel_is_dispatched_and_delivered_in_its_time() {
    let mut world = World::new().await;
    let start = world.ambient.now();
    world.create("o").await.unwrap();
    assert_eq!(world.hear().await.state(), ShipmentState::Created);
    let out = world.hear().await;
    assert_eq!(out.state(), ShipmentState::Dispatched);
    assert_eq!(out.tracking_number, format!("OR{}", out.shipment_id));
    assert_eq!(out.lines.len(), 1);
    let waited = world.ambient.now().since(start);
    assert!((200..250).contains(&waited.as_millis()), "{waited:?}");
    assert_eq!(world.hear().await.state(), ShipmentState::Delivered);
    let travelled = world.ambient.now().since(start) - waited;
    assert!((300..350).contains(&travelled.as_millis()), "{travelled:?}");
    let kept = world.facts().await.remove(0);
    assert_eq!((kept.state(), kept.tracking_number), (ShipmentState::Delivered, out.tracking_number));
}

#[tokio::test(start_paused = true)]
async fn a_thousand_parcels_go_in_batches_each_told_of_once() {
    let mut world = World::new().await;
    for order in 0..1_000 {
        world.create(&format!("o{order}")).await.unwrap();
    }
    tokio::time::sleep(Duration::from_secs(5)).await;
    let told = world.told().await;
    for state in [ShipmentState::Created, ShipmentState::Dispatched, ShipmentState::Delivered] {
        assert_eq!(told.iter().filter(|(_, told)| *told == state).count(), 1_000);
    }
    assert!(world.facts().await.iter().all(|parcel| parcel.state() == ShipmentState::Delivered));
    let stats = world.service.store().stats();
    assert!(stats.units < 1_500, "the carrier takes parcels in batches: {stats:?}");
}

#[tokio::test(start_paused = true)]
async fn a_restart_forgets_no_appointment() {
    let (data, ambient) = (Data::memory(), Ambient::system());
    let slow = Settings { dispatch_after: Duration::from_secs(60), ..Settings::default() };
    let first = World::at(ambient.clone(), &data, slow.clone()).await;
    first.create("o").await.unwrap();
    first.end().await;
    tokio::time::sleep(Duration::from_secs(120)).await;
    let mut second = World::at(ambient, &data, slow).await;
    let mut states = vec![second.hear().await.state()];
    while states.last() != Some(&ShipmentState::Delivered) {
        states.push(second.hear().await.state());
    }
    states.retain(|state| *state != ShipmentState::Created);
    assert_eq!(states, [ShipmentState::Dispatched, ShipmentState::Delivered]);
}

#[tokio::test]
async fn a_cancellation_and_the_dispatch_never_both_win() {
    let settings = Settings { dispatch_after: Duration::from_millis(2), ..Settings::default() };
    let mut world = World::on(&Data::memory(), settings).await;
    let mut dispatched = 0;
    for order in (0..200).map(|n| format!("o{n}")) {
        world.client.clone().create_shipment(creating(&order, 1)).await.unwrap();
        tokio::task::yield_now().await;
        if world.cancel(&order).await.is_err() {
            dispatched += 1;
        }
    }
    let ended = |state| world_states(&world, state);
    let cancelled = ended(ShipmentState::Cancelled).await;
    assert_eq!(cancelled, 200 - dispatched);
    let told = world.told().await;
    let both = told.iter().filter(|(order, state)| {
        *state == ShipmentState::Cancelled && told.contains(&(order.clone(), ShipmentState::Dispatched))
    });
    assert_eq!(both.count(), 0);
}

async fn world_states(world: &World, state: ShipmentState) -> usize {
    world.facts().await.iter().filter(|parcel| parcel.state() == state).count()
}
