//! Faults planted in the data itself, behind the backs of triggers and constraints: the audit finds and names each.

use crate::{fine, outrigger};
use std::{fs, path::Path};
use store::{Data, sea_orm::ConnectionTrait};

/// What is done to whose data, and what the audit must say of it.
const FAULTS: [(&str, &str, &str, &str); 13] = [
    (
        "a ledger row doubled",
        "payments",
        "DROP INDEX ledger_movement; INSERT INTO ledger (movement, account, amount, currency, payment_id, order_id, at) \
         SELECT movement, account, amount, currency, payment_id, order_id, at FROM ledger WHERE entry = 1",
        "I1",
    ),
    ("a ledger row lost", "payments", "DROP TRIGGER ledger_not_deleted; DELETE FROM ledger WHERE entry = 1", "I1"),
    (
        "a payment that says more was given back",
        "payments",
        "UPDATE payment SET refunded = refunded + 1 WHERE id = (SELECT min(id) FROM payment WHERE captured > refunded)",
        "I1",
    ),
    (
        "a gateway that took more than was asked",
        "gateway",
        "UPDATE gateway_operation SET amount = amount + 1 WHERE key = (SELECT min(key) FROM gateway_operation WHERE kind = 3)",
        "I1",
    ),
    (
        "an operation that the gateway never heard of",
        "gateway",
        "DELETE FROM gateway_operation WHERE key = (SELECT min(key) FROM gateway_operation WHERE kind = 3)",
        "I1",
    ),
    (
        "stock off by one",
        "inventory",
        "PRAGMA ignore_check_constraints = ON; \
         UPDATE item SET on_hand = on_hand + 1 WHERE sku = (SELECT min(sku) FROM item)",
        "I2",
    ),
    ("a movement lost", "inventory", "DROP TRIGGER movement_never_goes; DELETE FROM movement WHERE movement = 1", "I2"),
    (
        "goods promised that were shipped",
        "inventory",
        "UPDATE reservation SET state = 'COMMITTED' \
         WHERE order_id = (SELECT min(order_id) FROM reservation WHERE state = 'SHIPPED')",
        "I2",
    ),
    ("an order lost", "orders", "DELETE FROM orders WHERE id = (SELECT min(id) FROM orders)", "I3"),
    ("a gap in a history", "orders", "DELETE FROM order_history WHERE sequence = 2", "I3"),
    (
        "an order without its payment",
        "payments",
        "DELETE FROM payment WHERE id = (SELECT min(id) FROM payment WHERE captured > refunded)",
        "I4",
    ),
    (
        "an order without its parcel",
        "shipping",
        "DELETE FROM shipment WHERE order_id = (SELECT min(order_id) FROM shipment WHERE state = 'DELIVERED')",
        "I4",
    ),
    (
        "a parcel that never left of an order that is complete",
        "shipping",
        "UPDATE shipment SET state = 'CANCELLED' \
         WHERE order_id = (SELECT min(order_id) FROM shipment WHERE state = 'DELIVERED')",
        "I4",
    ),
];

#[tokio::test]
async fn every_planted_fault_is_found_and_named() {
    let folder = tempfile::tempdir().unwrap();
    let sound = folder.path().join("sound");
    fine(&["demo", "--once", "--orders", "60", "--data", sound.to_str().unwrap()]);
    fine(&["audit", "--data", sound.to_str().unwrap()]);
    for (fault, service, script, invariant) in FAULTS {
        let spoilt = folder.path().join("spoilt");
        copy(&sound, &spoilt);
        spoil(&spoilt, service, script).await;
        let output = outrigger(&["audit", "--data", spoilt.to_str().unwrap()]).output().unwrap();
        let told = String::from_utf8_lossy(&output.stdout);
        assert_eq!(output.status.code(), Some(1), "{fault} is a finding: {told}");
        assert!(told.contains(invariant), "{fault} breaks {invariant}: {told}");
        fs::remove_dir_all(&spoilt).unwrap();
    }
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir(to).unwrap();
    for entry in fs::read_dir(from).unwrap().map(Result::unwrap).filter(|entry| entry.path().is_file()) {
        fs::copy(entry.path(), to.join(entry.file_name())).unwrap();
    }
}

/// Runs a script over a service's data, as somebody with a database shell could.
pub async fn spoil(folder: &Path, service: &'static str, script: &'static str) {
    let migrations = match service {
        "orders" => orders::migrations(),
        "payments" => payments::migrations(),
        "gateway" => payments::gateway_migrations(),
        "inventory" => inventory::migrations(),
        _ => shipping::migrations(),
    };
    let store = Data::open_existing(folder).unwrap().store(service, migrations).await.unwrap();
    let spoilt =
        store.unit(script, |tx, script| Box::pin(async move { tx.execute_unprepared(script).await.map(drop) }));
    spoilt.await.unwrap();
    store.close().await;
}
