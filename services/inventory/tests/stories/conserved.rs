//! I2 under pressure: the hottest item, and random operations in random order.

use crate::world::{Client, World, answered, committing, lines, reason, releasing, reserving};
use ambient::Dice;
use api::{inventory::v1 as pb, shipping::v1::ShipmentState};
use engines::on_both_engines;
use std::time::Duration;
use tonic::Code;

on_both_engines! { #[tokio::test(start_paused = true)]

async fn the_hottest_item_is_never_oversold_by_a_thousand_concurrent_reservations(engine: &Engine) {
    let world = World::stocked(engine, &["hot", "cold"]).await;
    world.receive("more", &[("hot", 900), ("cold", 10_000)]).await.unwrap();
    // Two lines of one order on the same SKU, three pieces together: 1,000 pieces are 333 orders.
    let orders = (0..1_000).map(|order| {
        let client = world.client.clone();
        let ask = reserving(&format!("o{order}"), 1, &[("hot", 1), ("cold", 1), ("hot", 2)]);
        tokio::spawn(async move { answered(&client, ask, |mut client, ask| async move { client.reserve(ask).await }).await })
    });
    let answers = futures::future::join_all(orders.collect::<Vec<_>>()).await;
    let (held, refused): (Vec<_>, Vec<_>) = answers.into_iter().map(Result::unwrap).partition(Result::is_ok);
    assert_eq!((held.len(), refused.len()), (333, 667));
    assert!(refused.into_iter().all(|answer| reason(answer) == "OUT_OF_STOCK"));
    let level = world.level("hot").await;
    assert_eq!((level.on_hand, level.reserved), (1, 999));
    assert_eq!(world.level("cold").await.reserved, 333);
    world.assert_conserved().await;
}

async fn calls_of_one_order_that_race_leave_nothing_held_once_it_is_released(engine: &Engine) {
    let world = World::stocked(engine, &["a"]).await;
    let calls = (0..100).flat_map(|n| {
        let (order, client) = (format!("o{n}"), world.client.clone());
        let call = move |turn: u32| {
            let (order, client) = (order.clone(), client.clone());
            tokio::spawn(async move {
                let call = |mut client: Client, order: String| async move {
                    match turn % 3 {
                        0 => client.reserve(reserving(&order, 1, &[("a", 2)])).await.map(drop),
                        1 => client.commit(committing(&order, 1)).await.map(drop),
                        _ => client.release(releasing(&order)).await.map(drop),
                    }
                };
                answered(&client, order, call).await
            })
        };
        // Each call twice, and the first of them another one for every order.
        (n..n + 6).map(call)
    });
    for answer in futures::future::join_all(calls.collect::<Vec<_>>()).await {
        if let Err(status) = answer.unwrap() {
            assert_eq!(status.code(), Code::FailedPrecondition, "{status:?}");
        }
    }
    let level = world.level("a").await;
    assert_eq!((level.on_hand, level.reserved, level.committed), (100, 0, 0));
    world.assert_conserved().await;
}

async fn random_operations_in_any_order_conserve_stock(engine: &Engine) {
    let world = World::stocked(engine, &["a", "b", "c"]).await;
    for seed in 1..=if engine.is_postgres() { 2 } else { 6 } {
        let dice = Dice::new(seed);
        println!("seed {seed}");
        for turn in 0..400 {
            operate(&world, &dice, &format!("{seed}/{turn}")).await;
            if turn % 50 == 0 {
                world.assert_conserved().await;
            }
        }
        world.assert_conserved().await;
    }
}

}

/// One random operation on one of a few orders: often a duplicate, often out of order, sometimes nonsense.
async fn operate(world: &World<'_>, dice: &Dice, turn: &str) {
    let pick = |sides: u64| dice.bits() % sides;
    let order = format!("o{}/{}", turn.split('/').next().unwrap_or_default(), pick(40));
    let attempt = 1 + i32::try_from(pick(3)).unwrap();
    let sku = ["a", "b", "c"][usize::try_from(pick(3)).unwrap()];
    let quantity = 1 + i64::try_from(pick(12)).unwrap();
    let mut client = world.client.clone();
    let answer = match pick(10) {
        0..=3 => client.reserve(reserving(&order, attempt, &[(sku, quantity), ("a", 1)])).await.map(drop),
        4..=5 => client.commit(committing(&order, attempt)).await.map(drop),
        6 => client.release(releasing(&order)).await.map(drop),
        7 => {
            let restock = pb::RestockRequest {
                request_id: format!("r{turn}"),
                order_id: order,
                lines: lines(&[(sku, quantity)]),
                step: None,
            };
            client.restock(restock).await.map(drop)
        }
        8 => {
            let correct = pb::CorrectStockRequest {
                request_id: format!("c{turn}"),
                sku: sku.into(),
                difference: quantity - 7,
                reason: "counted".into(),
                actor: "ann".into(),
            };
            client.correct_stock(correct).await.map(drop)
        }
        _ => {
            // A committed order's parcel goes; any other's would wait for a person and hold up what follows of its key.
            if client.commit(committing(&order, attempt)).await.is_ok() {
                world.shipment(&order, ShipmentState::Dispatched).await;
            }
            world.pass(Duration::from_secs(pick(900))).await;
            Ok(())
        }
    };
    if let Err(status) = answer {
        assert!(!matches!(status.code(), Code::Internal | Code::Unknown), "{status:?}");
    }
}
