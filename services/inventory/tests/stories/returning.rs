//! What goes out with a parcel, and what comes back.

use crate::world::{World, reason};
use api::{inventory::v1::ReservationState, mesh::v1::fact::Fact as Row, shipping::v1::ShipmentState};
use engines::{Engine, on_both_engines};
use tonic::Code;

async fn shipped<'a>(engine: &'a Engine, order: &str, quantity: i64) -> World<'a> {
    let world = World::stocked(engine, &["a", "b"]).await;
    world.reserve(order, &[("a", quantity)]).await.unwrap();
    world.commit(order).await.unwrap();
    world.shipment(order, ShipmentState::Dispatched).await;
    world
}

on_both_engines! { #[tokio::test(start_paused = true)]

async fn a_dispatch_heard_twice_ships_once(engine: &Engine) {
    let world = shipped(engine, "o", 10).await;
    world.shipment("o", ShipmentState::Dispatched).await;
    world.shipment("o", ShipmentState::Delivered).await;
    let level = world.level("a").await;
    assert_eq!((level.committed, level.shipped), (0, 10));
    assert_eq!(journal::parked::count(world.service.store()).await.unwrap(), 0);
    world.assert_conserved().await;
}

async fn parcels_of_charges_alone_move_no_stock(engine: &Engine) {
    let world = World::stocked(engine, &["a"]).await;
    world.shipment("postage only", ShipmentState::Dispatched).await;
    assert_eq!(journal::parked::count(world.service.store()).await.unwrap(), 0);
    world.assert_conserved().await;
}

async fn a_parcel_whose_goods_were_not_promised_waits_for_a_person(engine: &Engine) {
    let world = World::stocked(engine, &["a"]).await;
    world.reserve("o", &[("a", 10)]).await.unwrap();
    world.shipment("o", ShipmentState::Dispatched).await;
    assert_eq!(journal::parked::count(world.service.store()).await.unwrap(), 1);
    assert_eq!(world.level("a").await.reserved, 10);
    world.assert_conserved().await;
}

async fn no_more_comes_back_than_went_out(engine: &Engine) {
    let world = shipped(engine, "o", 10).await;
    world.restock("r1", "o", &[("a", 6)]).await.unwrap();
    world.restock("r1", "o", &[("a", 6)]).await.unwrap();
    let refused = world.restock("r2", "o", &[("a", 2), ("a", 3)]).await.unwrap_err();
    assert_eq!((refused.code(), fabric::status::info(&refused, "left").as_deref()), (Code::OutOfRange, Some("4")));
    assert_eq!(reason(world.restock("r3", "o", &[("b", 1)]).await), "TOO_MANY_RETURNED");
    world.restock("r4", "o", &[("a", 4)]).await.unwrap();
    let level = world.level("a").await;
    assert_eq!((level.on_hand, level.shipped, level.returned), (100, 10, 10));
    world.assert_conserved().await;
}

async fn a_return_that_comes_before_the_dispatch_was_heard_is_asked_to_come_again(engine: &Engine) {
    let world = World::stocked(engine, &["a"]).await;
    world.reserve("o", &[("a", 10)]).await.unwrap();
    assert_eq!(reason(world.restock("r0", "o", &[("a", 1)]).await), "NOT_SHIPPED");
    world.commit("o").await.unwrap();
    let early = world.restock("r1", "o", &[("a", 1)]).await.unwrap_err();
    assert_eq!(early.code(), Code::Unavailable);
    world.shipment("o", ShipmentState::Dispatched).await;
    world.restock("r1", "o", &[("a", 1)]).await.unwrap();
    assert_eq!(reason(world.restock("r2", "unknown", &[("a", 1)]).await), "NOT_RESERVED");
    world.assert_conserved().await;
}

async fn the_facts_tell_of_every_reservation(engine: &Engine) {
    let world = shipped(engine, "o", 10).await;
    let told = world.facts().await.into_iter().find_map(|fact| match fact {
        Row::Reservation(reservation) => Some(reservation),
        _ => None,
    });
    let told = told.unwrap();
    assert_eq!((told.order_id.as_str(), told.state()), ("o", ReservationState::Shipped));
}

}
