//! The carrier: punctual, in batches, and not put off by a restart or a race.

use crate::world::{World, cancelling, creating};
use ambient::Ambient;
use api::shipping::v1::ShipmentState;
use engines::on_both_engines;
use outrigger_shipping::Settings;
use std::{collections::BTreeSet, time::Duration};

on_both_engines! { #[tokio::test(start_paused = true)]

async fn a_parcel_is_dispatched_and_delivered_in_its_time(engine: &Engine) {
    let mut world = World::new(engine).await;
    let start = world.ambient.now();
    world.create("o").await.unwrap();
    assert_eq!(world.hear().await.state(), ShipmentState::Created);
    let out = world.hear().await;
    assert_eq!(out.state(), ShipmentState::Dispatched);
    assert_eq!(out.tracking_number, format!("OR{}", out.shipment_id));
    assert_eq!(out.lines.len(), 1);
    // Punctual where nothing takes time, and nowhere early.
    let late = if engine.is_postgres() { 30_000 } else { 50 };
    let waited = world.ambient.now().since(start);
    assert!((200..200 + late).contains(&waited.as_millis()), "{waited:?}");
    assert_eq!(world.hear().await.state(), ShipmentState::Delivered);
    let travelled = world.ambient.now().since(start);
    assert!((500..550 + late).contains(&travelled.as_millis()), "{travelled:?}");
    let kept = world.facts().await.remove(0);
    assert_eq!((kept.state(), kept.tracking_number), (ShipmentState::Delivered, out.tracking_number));
}

async fn a_thousand_parcels_go_in_batches_each_told_of_once(engine: &Engine) {
    // Long enough to be asked for all of them before the first is due.
    let dispatch_after = Duration::from_secs(60);
    let mut world = World::on(engine, Settings { dispatch_after, ..Settings::default() }).await;
    for order in 0..1_000 {
        world.create(&format!("o{order}")).await.unwrap();
    }
    engine.pass(dispatch_after).await;
    world.pass(Duration::from_secs(1)).await;
    let told = world.told().await;
    for state in [ShipmentState::Created, ShipmentState::Dispatched, ShipmentState::Delivered] {
        assert_eq!(told.iter().filter(|(_, told)| *told == state).count(), 1_000);
    }
    assert!(world.facts().await.iter().all(|parcel| parcel.state() == ShipmentState::Delivered));
    let stats = world.service.store().stats();
    assert!(stats.units < 1_500, "the carrier takes parcels in batches: {stats:?}");
}

async fn a_restart_forgets_no_appointment(engine: &Engine) {
    let ambient = Ambient::system();
    let slow = Settings { dispatch_after: Duration::from_secs(60), ..Settings::default() };
    let first = World::at(engine, ambient.clone(), slow.clone()).await;
    first.create("o").await.unwrap();
    first.end().await;
    engine.pass(Duration::from_secs(120)).await;
    let mut second = World::at(engine, ambient, slow).await;
    let mut states = vec![second.hear().await.state()];
    while states.last() != Some(&ShipmentState::Delivered) {
        states.push(second.hear().await.state());
    }
    states.retain(|state| *state != ShipmentState::Created);
    assert_eq!(states, [ShipmentState::Dispatched, ShipmentState::Delivered]);
}

async fn a_cancellation_and_the_dispatch_never_both_win(engine: &Engine) {
    let mut world = World::new(engine).await;
    // Cancellations come from well before to well after the moment at which the carrier takes the parcels.
    let cancellations = (0..200).map(|n| {
        let (order, late) = (format!("o{n}"), Duration::from_micros(150_000 + 500 * n));
        let client = world.client.clone();
        tokio::spawn(async move {
            client.clone().create_shipment(creating(&order, 1)).await.unwrap();
            tokio::time::sleep(late).await;
            client.clone().cancel_shipment(cancelling(&order)).await.is_ok()
        })
    });
    let answers = futures::future::join_all(cancellations.collect::<Vec<_>>()).await;
    let cancelled = answers.into_iter().filter(|answer| *answer.as_ref().unwrap()).count();
    assert!((1..200).contains(&cancelled), "both won some: {cancelled}");
    world.pass(Duration::from_secs(5)).await;
    let told = world.told().await;
    let orders = |state| -> BTreeSet<String> {
        told.iter().filter(|(_, told)| *told == state).map(|(order, _)| order.clone()).collect()
    };
    let (given_up, gone) = (orders(ShipmentState::Cancelled), orders(ShipmentState::Dispatched));
    assert_eq!((given_up.len(), gone.len()), (cancelled, 200 - cancelled));
    assert!(given_up.is_disjoint(&gone));
}

}
