//! The books: what the store refuses, what is published, what reconciliation and the audit's facts show (I1, I6).

#![allow(clippy::unwrap_used, reason = "stories are tests")]

mod world;

use api::{
    mesh::v1::{OperationOutcome, fact::Fact},
    payment::v1::{PaymentChanged, PaymentState},
};
use futures::{FutureExt, TryStreamExt};
use journal::{Consumer, Event, Indigestible, Subscription};
use outrigger_payments::{GATEWAY, facts, gateway_facts, gateway_migrations};
use parking_lot::Mutex;
use prost::Message;
use sea_orm::ConnectionTrait;
use std::sync::Arc;
use store::{BoxFuture, Data, Store, StoreError, Tx};
use world::*;

servers::on_both_engines! {
    Place:
    the_store_refuses_to_change_or_drop_a_ledger_row,
    the_store_refuses_amounts_that_cannot_be,
    every_change_is_told_once_in_order_with_what_moved,
    reconcile_finds_each_planted_difference_and_nothing_else,
    the_facts_tell_the_same_story_on_both_sides_and_no_token,
}

async fn run(store: &Store, sql: &'static str) -> Result<u64, StoreError> {
    store.unit(sql, |tx, sql| Box::pin(async move { Ok(tx.execute_unprepared(sql).await?.rows_affected()) })).await
}

async fn the_store_refuses_to_change_or_drop_a_ledger_row(place: Place) {
    let world = World::new(place).await;
    world.charge("o1", "tok_ok").await.unwrap();
    let store = world.payments.store();
    for sql in ["UPDATE ledger SET amount = amount + 1", "UPDATE ledger SET currency = 'USD'", "DELETE FROM ledger"] {
        let refused = run(store, sql).await.unwrap_err().to_string();
        assert!(refused.contains("ledger rows are never"), "{sql}: {refused}");
    }
    let twice = "INSERT INTO ledger (movement, account, amount, currency, payment_id, order_id, at)
                 SELECT movement, account, amount, currency, payment_id, order_id, at FROM ledger";
    assert!(run(store, twice).await.is_err(), "a movement is booked once");
    world.agrees().await;
}

async fn the_store_refuses_amounts_that_cannot_be(place: Place) {
    let world = World::new(place).await;
    let held = world.authorise("o1", "tok_ok").await.unwrap();
    world.capture(&held).await.unwrap();
    let wrong = [
        "captured = authorised + 1",
        "refunded = captured + 1",
        "refunded = -1",
        "authorised = -1",
        "promised = captured + 1",
    ];
    for change in wrong {
        let sql: &'static str = format!("UPDATE payment SET {change}").leak();
        assert!(run(world.payments.store(), sql).await.is_err(), "{change}");
    }
}

#[derive(Default)]
struct Ear(Mutex<Vec<(i64, PaymentState, i64)>>);

impl Consumer for Ear {
    fn consume<'a>(&'a self, _: &'a Tx, event: &'a Event) -> BoxFuture<'a, Result<(), Indigestible>> {
        let changed = PaymentChanged::decode(event.payload.as_slice()).expect("the kind says what it is");
        assert!(!event.payload.windows(3).any(|bytes| bytes == b"tok"), "a token in an event");
        let payment = changed.payment.expect("every event carries its payment");
        assert_eq!((event.kind.as_str(), &event.key), ("outrigger.payment.v1.PaymentChanged", &payment.payment_id));
        self.0.lock().push((event.version, payment.state(), changed.moved.expect("zero is told too").minor_units));
        async { Ok(()) }.boxed()
    }
}

async fn every_change_is_told_once_in_order_with_what_moved(place: Place) {
    let world = World::new(place).await;
    let ear = Arc::new(Ear::default());
    let store = world.place.data.store("dashboard", journal::migrations()).await.unwrap();
    let heard = Arc::clone(&ear);
    world
        .bus
        .subscribe(Subscription { consumer: "dashboard", source: "payments", store, handler: heard })
        .await
        .unwrap();
    let held = world.authorise("o1", "tok_silent_once").await.unwrap();
    world.capture(&held).await.unwrap();
    world.capture(&held).await.unwrap();
    world.refund(&held, "r", 4_000).await.unwrap();
    world.void("o1").await.unwrap();
    world.bus.settled().await;
    let heard = ear.0.lock().clone();
    assert!(heard.is_sorted_by(|a, b| a.0 < b.0), "versions grow");
    let told: Vec<(PaymentState, i64)> = heard.into_iter().map(|(_, state, moved)| (state, moved)).collect();
    use PaymentState::{Authorised, Captured, Refunded};
    assert_eq!(told, [(Authorised, 0), (Captured, HUNDRED), (Captured, -4_000), (Refunded, -6_000)]);
}

async fn reconcile_finds_each_planted_difference_and_nothing_else(place: Place) {
    let world = World::new(place).await;
    for n in 0..5 {
        world.charge(&format!("o{n}"), "tok_ok").await.unwrap();
    }
    world.agrees().await;
    run(
        world.payments.store(),
        "INSERT INTO ledger (movement, account, amount, currency, payment_id, order_id, at) VALUES
         ('made up', 'gateway', 5, 'GBP', 'p', 'o', 0), ('made up', 'sales', -5, 'GBP', 'p', 'o', 0)",
    )
    .await
    .unwrap();
    let gateway = world.gateway().store();
    run(gateway, "UPDATE gateway_operation SET amount = 1 WHERE key LIKE '%o1%'").await.unwrap();
    run(gateway, "DELETE FROM gateway_operation WHERE key LIKE '%o2%'").await.unwrap();
    run(gateway, "INSERT INTO gateway_operation VALUES ('unknown', 'p', 3, 1, '', 7, 'GBP', 0)").await.unwrap();
    let found = world.reconcile().await;
    assert_eq!(found.compared, 7);
    let told: Vec<(String, i64, i64)> = found
        .differences
        .into_iter()
        .map(|d| (d.operation, d.ledger.unwrap().minor_units, d.gateway.unwrap().minor_units))
        .collect();
    let expected = [
        ("made up", 5, 0),
        ("orders/Charge/o1/pay/1", HUNDRED, 1),
        ("orders/Charge/o2/pay/1", HUNDRED, 0),
        ("unknown", 0, 7),
    ];
    assert_eq!(told, expected.map(|(key, ledger, gateway)| (key.to_owned(), ledger, gateway)));
}

async fn the_facts_tell_the_same_story_on_both_sides_and_no_token(place: Place) {
    let world = World::new(place).await;
    let held = world.authorise("o1", "tok_ok").await.unwrap();
    world.capture(&held).await.unwrap();
    world.void("o1").await.unwrap();
    assert!(world.authorise("o2", "tok_declined").await.is_err());
    assert!(world.capture(&held).await.is_err() || world.refund(&held, "r", 1).await.is_err());
    let ours: Vec<_> = facts(world.payments.store()).try_collect().await.unwrap();
    let theirs: Vec<_> = gateway_facts(world.gateway().store()).try_collect().await.unwrap();
    assert!(!format!("{ours:?}{theirs:?}").contains("tok_"));
    let mut said = Vec::new();
    let (mut payments, mut ledger) = (0, Vec::new());
    for fact in ours {
        match fact.fact.unwrap() {
            Fact::Payment(_) => payments += 1,
            Fact::Ledger(row) => ledger.push(row.amount.unwrap().minor_units),
            Fact::Operation(row) => said.push((row.operation, row.kind, row.outcome, row.amount)),
            other => panic!("{other:?} is not payments' to tell"),
        }
    }
    let heard: Vec<_> = theirs
        .into_iter()
        .map(|fact| match fact.fact.unwrap() {
            Fact::Gateway(row) => (row.operation, row.kind, row.outcome, row.amount),
            other => panic!("{other:?} is not the gateway's to tell"),
        })
        .collect();
    assert_eq!(payments, 2);
    assert_eq!(ledger, [HUNDRED, -HUNDRED, -HUNDRED, HUNDRED]);
    assert_eq!(said, heard);
    assert_eq!(said.len(), 4);
    assert!(said.iter().any(|(_, _, outcome, _)| *outcome == i32::from(OperationOutcome::Declined)));
}

#[tokio::test]
async fn both_stores_can_be_read_at_rest() {
    let world = World::new(Place::folder()).await;
    world.charge("o1", "tok_ok").await.unwrap();
    world.stop().await;
    let folder = world.place.data.path().unwrap().to_owned();
    let _folder = world.leaves();
    let data = Data::open_existing(&folder).unwrap();
    let books = data.store(outrigger_payments::NAME, outrigger_payments::migrations()).await.unwrap();
    let gateway = data.store(GATEWAY, gateway_migrations()).await.unwrap();
    assert_eq!(facts(&books).try_collect::<Vec<_>>().await.unwrap().len(), 4);
    assert_eq!(gateway_facts(&gateway).try_collect::<Vec<_>>().await.unwrap().len(), 1);
}
