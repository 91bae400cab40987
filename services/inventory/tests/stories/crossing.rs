//! Units that meet on the same SKUs from all sides at once: orders with their lines in other orders, the sweeper, parcels,
//! deliveries, counts and returns. Whatever the engine lets run side by side, I2 holds and nothing but an answer comes out.

use crate::world::{Client, World, answered, committing, lines, releasing, reserving, step};
use api::{inventory::v1 as pb, shipping::v1::ShipmentState};
use engines::on_both_engines;
use std::{collections::BTreeSet, time::Duration};
use tonic::Code;

const SKUS: [&str; 5] = ["a", "b", "ä", "B", "c-1"];

on_both_engines! { #[tokio::test(start_paused = true)]

async fn orders_that_cross_on_the_same_skus_all_end_and_conserve_stock(engine: &Engine) {
    let world = World::stocked(engine, &SKUS).await;
    let orders = (0..120).map(|n| tokio::spawn(live(world.client.clone(), n)));
    let disturbances = (0..40).map(|n| tokio::spawn(disturb(world.client.clone(), n)));
    let orders: Vec<_> = orders.collect();
    for ended in disturbances.collect::<Vec<_>>() {
        ended.await.unwrap();
    }
    let mut committed = BTreeSet::new();
    for order in orders {
        committed.extend(order.await.unwrap());
    }
    world.assert_conserved().await;
    // Parcels of many orders in one breath: the consumer takes them together, while others reserve.
    let busy = (1_000..1_060).map(|n| tokio::spawn(live(world.client.clone(), n))).collect::<Vec<_>>();
    for order in &committed {
        world.tell_shipment(order, ShipmentState::Dispatched).await;
    }
    world.bus.settled().await;
    for order in busy {
        order.await.unwrap();
    }
    assert_eq!(journal::parked::count(world.service.store()).await.unwrap(), 0);
    world.assert_conserved().await;
    for order in &committed {
        let back = world.restock(&format!("back-{order}"), order, &[("a", 1), ("ä", 1)]).await;
        assert!(back.is_ok() || back.as_ref().is_err_and(|no| no.code() == Code::OutOfRange), "{back:?}");
    }
    world.assert_conserved().await;
}

async fn holds_that_expire_while_others_commit_and_release_them_are_counted_once(engine: &Engine) {
    let world = World::stocked(engine, &SKUS).await;
    for n in 0..90 {
        let hold_for = Some(prost_types::Duration { seconds: 60, nanos: 0 });
        let ask = pb::ReserveRequest { hold_for, ..reserving(&format!("o{n}"), 1, &[("a", 1), ("b", 1)]) };
        world.client.clone().reserve(ask).await.unwrap();
    }
    let calls = (0..90).map(|n| {
        let (mut client, order) = (world.client.clone(), format!("o{n}"));
        tokio::spawn(async move {
            match n % 3 {
                0 => client.commit(committing(&order, 1)).await.map(drop),
                1 => client.release(releasing(&order)).await.map(drop),
                _ => Ok(()),
            }
        })
    });
    let calls: Vec<_> = calls.collect();
    world.pass(Duration::from_secs(61)).await;
    for call in calls {
        call.await.unwrap().unwrap();
    }
    world.pass(Duration::from_secs(61)).await;
    let level = world.level("a").await;
    assert_eq!((level.on_hand, level.reserved, level.committed), (70, 0, 30));
    world.assert_conserved().await;
}

async fn one_order_asked_for_by_many_at_once_is_held_once(engine: &Engine) {
    let world = World::stocked(engine, &["a"]).await;
    // As sagas would not do it: each under a key of its own, some in a saga and some outside of any.
    let asks = (0..24).map(|n| {
        let saga = (n % 3 > 0).then(|| step(&format!("s{}", n % 3), "reserve", 1));
        let ask = pb::ReserveRequest { request_id: format!("k{n}"), step: saga, ..reserving("o", 1, &[("a", 10)]) };
        let client = world.client.clone();
        tokio::spawn(async move { answered(&client, ask, |mut client, ask| async move { client.reserve(ask).await }).await })
    });
    for answer in asks.collect::<Vec<_>>() {
        assert_eq!(answer.await.unwrap().unwrap().into_inner().reservation.unwrap().lines[0].quantity, 10);
    }
    assert_eq!(world.level("a").await.reserved, 10);
    world.assert_conserved().await;
}

async fn an_undo_beside_its_action_leaves_nothing_held(engine: &Engine) {
    let world = World::stocked(engine, &["a"]).await;
    for n in 0..60 {
        let (order, client) = (format!("o{n}"), world.client.clone());
        let reserve = {
            let (order, client) = (order.clone(), client.clone());
            tokio::spawn(async move { client.clone().reserve(reserving(&order, 1, &[("a", 1)])).await.map(drop) })
        };
        let release = tokio::spawn(async move { client.clone().release(releasing(&order)).await.map(drop) });
        let (reserved, released) = (reserve.await.unwrap(), release.await.unwrap());
        assert!(released.is_ok(), "{released:?}");
        assert!(reserved.is_ok() || reserved.is_err_and(|no| no.code() == Code::FailedPrecondition));
    }
    assert_eq!(world.level("a").await.on_hand, 100);
    world.assert_conserved().await;
}

async fn the_events_of_an_order_are_numbered_as_its_changes_were(engine: &Engine) {
    let world = World::stocked(engine, &SKUS).await;
    let orders = (0..80).map(|n| tokio::spawn(live(world.client.clone(), n))).collect::<Vec<_>>();
    for order in orders {
        order.await.unwrap();
    }
    let mut versions = std::collections::BTreeMap::<String, i64>::new();
    for event in world.published().await.into_iter().filter(|event| event.version > 0) {
        let last = versions.insert(event.key.clone(), event.version).unwrap_or(0);
        assert_eq!(event.version, last + 1, "of {}", event.key);
    }
    assert!(!versions.is_empty());
}

}

/// The life of one order: its SKUs begin elsewhere for each. Its identifier, when its goods were promised in the end.
async fn live(client: Client, n: usize) -> Option<String> {
    let order = format!("o{n}");
    let wanted: Vec<(&str, i64)> = (0..3).map(|line| (SKUS[(n + line * 2) % SKUS.len()], 1 + (n % 2) as i64)).collect();
    let held =
        answered(&client, reserving(&order, 1, &wanted), |mut client, ask| async move { client.reserve(ask).await })
            .await;
    if let Err(no) = held {
        assert_eq!(no.code(), Code::FailedPrecondition, "{no:?}");
        return None;
    }
    answered(&client, committing(&order, 1), |mut client, ask| async move { client.commit(ask).await }).await.unwrap();
    if n.is_multiple_of(3) {
        answered(&client, releasing(&order), |mut client, ask| async move { client.release(ask).await }).await.unwrap();
        return None;
    }
    Some(order)
}

/// Deliveries, counts, and the catalogue put anew in another order.
async fn disturb(client: Client, n: usize) {
    let sku = SKUS[n % SKUS.len()];
    let mut all: Vec<(&str, i64)> = SKUS.iter().map(|sku| (*sku, 1)).collect();
    all.rotate_left(n % SKUS.len());
    let delivery = pb::ReceiveStockRequest { request_id: format!("d{n}"), lines: lines(&all) };
    answered(&client, delivery, |mut client, ask| async move { client.receive_stock(ask).await }).await.unwrap();
    let (reason, actor) = ("counted".to_owned(), "ann".to_owned());
    let count = pb::CorrectStockRequest { request_id: format!("c{n}"), sku: sku.into(), difference: -1, reason, actor };
    let counted = answered(&client, count, |mut client, ask| async move { client.correct_stock(ask).await }).await;
    assert!(counted.is_ok() || counted.is_err_and(|no| no.code() == Code::OutOfRange));
    let prices = vec![pb::Price { unit_price: Some(price(n)), min_quantity: 1 }];
    let item =
        |sku: &(&str, i64)| pb::CatalogueItem { sku: sku.0.into(), title: format!("{n}"), prices: prices.clone() };
    let catalogue = pb::PutCatalogueRequest { items: all.iter().map(item).collect() };
    answered(&client, catalogue, |mut client, ask| async move { client.put_catalogue(ask).await }).await.unwrap();
}

fn price(n: usize) -> api::types::Money {
    api::types::Money { currency_code: "GBP".into(), minor_units: n as i64 % 3 }
}
