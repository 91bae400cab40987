//! The database goes away and comes back: callers are told to come again, and what was due meanwhile is done.

use crate::world::{World, answered, committing, reserving};
use api::inventory::v1 as pb;
use engines::Engine;
use std::time::Duration;
use tonic::Code;

#[tokio::test]
async fn while_the_database_is_away_callers_are_told_to_come_again_and_holds_expire_when_it_is_back() {
    let test = "while_the_database_is_away_callers_are_told_to_come_again_and_holds_expire_when_it_is_back";
    let Some(server) = servers::Postgres::start(test) else { return };
    let engine = Engine::at(server.database()).await;
    let world = World::stocked(&engine, &["a"]).await;
    let hold_for = Some(prost_types::Duration { seconds: 60, nanos: 0 });
    let brief = pb::ReserveRequest { hold_for, ..reserving("brief", 1, &[("a", 10)]) };
    world.client.clone().reserve(brief).await.unwrap();
    world.reserve("o", &[("a", 1)]).await.unwrap();

    server.kill();
    let refused = world.commit("o").await.unwrap_err();
    assert!(matches!(refused.code(), Code::Unavailable | Code::DeadlineExceeded), "{refused:?}");
    told_to_come_again(&world).await;
    engine.pass(Duration::from_secs(61)).await;
    tokio::time::sleep(Duration::from_millis(100)).await;

    server.revive();
    let commit = |mut client: crate::world::Client, ask| async move { client.commit(ask).await };
    answered(&world.client, committing("o", 1), commit).await.unwrap();
    while world.level("a").await.reserved > 0 {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let level = world.level("a").await;
    assert_eq!((level.on_hand, level.reserved, level.committed), (99, 0, 1));
    world.assert_conserved().await;
}

/// A machine that is busy may let the caller's deadline pass first; not five times.
async fn told_to_come_again(world: &World<'_>) {
    for _ in 0..5 {
        let listed = world.client.clone().list_levels(pb::ListLevelsRequest::default()).await.unwrap_err();
        if listed.code() != Code::DeadlineExceeded {
            assert_eq!(listed.code(), Code::Unavailable, "{listed:?}");
            assert!(fabric::status::retry_after(&listed).is_some(), "{listed:?}");
            return;
        }
    }
    panic!("five callers heard of nothing but their deadlines");
}
