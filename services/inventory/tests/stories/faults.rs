//! Faults that the seed brings: calls fail for a while, before or after they took effect, and end right all the same.

use crate::world::{World, committing, reserving};
use engines::on_both_engines;
use outrigger_inventory::Settings;
use std::time::Duration;
use tonic::{Code, Response, Status};

on_both_engines! { #[tokio::test(start_paused = true)]

async fn calls_that_fail_for_a_while_have_their_effect_once(engine: &Engine) {
    let world = World::with(engine, Settings { fault_rate: 0.5, fault_seed: 11, ..Settings::default() }).await;
    world.put(&["a"]).await;
    until_answered(|| world.receive("opening", &[("a", 1_000)])).await;
    let mut failed = 0;
    for order in (0..40).map(|n| format!("o{n}")) {
        let reserve = || async {
            world.client.clone().reserve(reserving(&order, 1, &[("a", 10)])).await.map(Response::into_inner)
        };
        failed += until_answered(reserve).await;
        let commit = || async { world.client.clone().commit(committing(&order, 1)).await.map(Response::into_inner) };
        failed += until_answered(commit).await;
    }
    assert!(failed > 0, "retries by the client's stack hide most faults, but not all");
    let level = world.level("a").await;
    assert_eq!((level.on_hand, level.committed), (600, 400));
    world.assert_conserved().await;
}

}

/// Repeats a call as a saga does. How often it failed.
async fn until_answered<T, F: Future<Output = Result<T, Status>>>(call: impl Fn() -> F) -> u32 {
    let mut failed = 0;
    loop {
        match call().await {
            Ok(_) => return failed,
            Err(status) => assert_eq!(status.code(), Code::Unavailable, "{status:?}"),
        }
        failed += 1;
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}
