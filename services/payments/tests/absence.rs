//! The database is killed and comes back: what was acknowledged is there, what was under way ends, and callers hear of
//! its absence and of nothing else (I1, I3).

#![allow(clippy::unwrap_used, reason = "stories are tests")]

mod world;

use api::payment::v1::{Payment, PaymentState};
use futures::future::join_all;
use servers::Postgres;
use std::time::Duration;
use tonic::{Code, Status};
use world::*;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_database_that_is_killed_under_load_costs_its_absence_and_no_money() {
    let Some(server) = Postgres::start("a database that is killed under load costs no money") else { return };
    let world = World::new(Place::on(server.database()).await).await;
    let payments = join_all((0..24).map(|n| paid_and_partly_given_back(&world, n)));
    let (paid, ()) = tokio::join!(payments, async {
        for pause in [300, 700, 1_500] {
            tokio::time::sleep(Duration::from_millis(pause)).await;
            tokio::task::block_in_place(|| server.kill());
            tokio::time::sleep(Duration::from_millis(pause)).await;
            tokio::task::block_in_place(|| server.revive());
        }
    });
    for (n, payment) in paid.iter().enumerate() {
        assert_eq!((payment.state(), &payment.refunded), (PaymentState::Captured, &Some(money(1_000))), "{n}");
        assert_eq!(world.taken(&format!("tok{n}")).await, HUNDRED - 1_000, "I1: {n}");
    }
    world.agrees().await;
    assert_eq!(world.reconcile().await.compared, 48);
    world.stop().await;
}

async fn paid_and_partly_given_back(world: &World, n: usize) -> Payment {
    let (order, token, request) = (format!("o{n}"), format!("tok{n}"), format!("r{n}"));
    let held = once_it_is_there(|| world.authorise(&order, &token)).await;
    once_it_is_there(|| world.capture(&held)).await;
    once_it_is_there(|| world.refund(&held, &request, 1_000)).await
}

/// As a saga does: the same again, until it is known.
async fn once_it_is_there<F>(mut call: impl FnMut() -> F) -> Payment
where
    F: Future<Output = Result<Payment, Status>>,
{
    loop {
        match call().await {
            Ok(payment) => return payment,
            Err(status) if matches!(status.code(), Code::Unavailable | Code::DeadlineExceeded) => {}
            Err(status) => panic!("an absence is no reason for {status:?}"),
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}
