//! Faults planted in the data itself, behind the backs of triggers and constraints: the audit finds and names each.

use crate::{fine, outrigger};
use servers::Database;
use std::{fs, path::Path};
use store::{Data, sea_orm::ConnectionTrait};

/// What is done to whose data, and what the audit must say of it. SQLite has no way past a trigger but to drop it, and
/// neither engine past every constraint: what has to go first is said for each.
struct Fault {
    what: &'static str,
    service: &'static str,
    on_sqlite: &'static str,
    on_postgres: &'static str,
    script: &'static str,
    breaks: &'static str,
}

const PLAIN: Fault = Fault { what: "", service: "", on_sqlite: "", on_postgres: "", script: "", breaks: "" };

/// A database shell of PostgreSQL is past all triggers and references after this.
const PAST_TRIGGERS: &str = "SET session_replication_role = replica";

const NO_CHECKS_OF_ITEMS: &str = "DO $$ DECLARE rule text; BEGIN \
    FOR rule IN SELECT conname FROM pg_constraint WHERE conrelid = 'item'::regclass AND contype = 'c' \
    LOOP EXECUTE 'ALTER TABLE item DROP CONSTRAINT ' || quote_ident(rule); END LOOP; END $$";

const FAULTS: [Fault; 13] = [
    Fault {
        what: "a ledger row doubled",
        service: "payments",
        on_sqlite: "DROP INDEX ledger_movement",
        on_postgres: "DROP INDEX ledger_movement",
        script: "INSERT INTO ledger (movement, account, amount, currency, payment_id, order_id, at) \
            SELECT movement, account, amount, currency, payment_id, order_id, at FROM ledger \
            WHERE entry = (SELECT min(entry) FROM ledger)",
        breaks: "I1",
    },
    Fault {
        what: "a ledger row lost",
        service: "payments",
        on_sqlite: "DROP TRIGGER ledger_not_deleted",
        script: "DELETE FROM ledger WHERE entry = (SELECT min(entry) FROM ledger)",
        breaks: "I1",
        ..PLAIN
    },
    Fault {
        what: "a payment that says more was given back",
        service: "payments",
        script: "UPDATE payment SET refunded = refunded + 1 \
            WHERE id = (SELECT min(id) FROM payment WHERE captured > refunded)",
        breaks: "I1",
        ..PLAIN
    },
    Fault {
        what: "a gateway that took more than was asked",
        service: "gateway",
        script: "UPDATE gateway_operation SET amount = amount + 1 \
            WHERE key = (SELECT min(key) FROM gateway_operation WHERE kind = 3)",
        breaks: "I1",
        ..PLAIN
    },
    Fault {
        what: "an operation that the gateway never heard of",
        service: "gateway",
        script: "DELETE FROM gateway_operation \
            WHERE key = (SELECT min(key) FROM gateway_operation WHERE kind = 3)",
        breaks: "I1",
        ..PLAIN
    },
    Fault {
        what: "stock off by one",
        service: "inventory",
        on_sqlite: "PRAGMA ignore_check_constraints = ON",
        on_postgres: NO_CHECKS_OF_ITEMS,
        script: "UPDATE item SET on_hand = on_hand + 1 WHERE sku = (SELECT min(sku) FROM item)",
        breaks: "I2",
    },
    Fault {
        what: "a movement lost",
        service: "inventory",
        on_sqlite: "DROP TRIGGER movement_never_goes",
        script: "DELETE FROM movement WHERE movement = (SELECT min(movement) FROM movement)",
        breaks: "I2",
        ..PLAIN
    },
    Fault {
        what: "goods promised that were shipped",
        service: "inventory",
        script: "UPDATE reservation SET state = 'COMMITTED' \
            WHERE order_id = (SELECT min(order_id) FROM reservation WHERE state = 'SHIPPED')",
        breaks: "I2",
        ..PLAIN
    },
    Fault {
        what: "an order lost",
        service: "orders",
        script: "DELETE FROM orders WHERE id = (SELECT min(id) FROM orders)",
        breaks: "I3",
        ..PLAIN
    },
    Fault {
        what: "a gap in a history",
        service: "orders",
        script: "DELETE FROM order_history WHERE sequence = 2",
        breaks: "I3",
        ..PLAIN
    },
    Fault {
        what: "an order without its payment",
        service: "payments",
        script: "DELETE FROM payment WHERE id = (SELECT min(id) FROM payment WHERE captured > refunded)",
        breaks: "I4",
        ..PLAIN
    },
    Fault {
        what: "an order without its parcel",
        service: "shipping",
        script: "DELETE FROM shipment \
            WHERE order_id = (SELECT min(order_id) FROM shipment WHERE state = 'DELIVERED')",
        breaks: "I4",
        ..PLAIN
    },
    Fault {
        what: "a parcel that never left of an order that is complete",
        service: "shipping",
        script: "UPDATE shipment SET state = 'CANCELLED' \
            WHERE order_id = (SELECT min(order_id) FROM shipment WHERE state = 'DELIVERED')",
        breaks: "I4",
        ..PLAIN
    },
];

impl Fault {
    fn is_found(&self, data: &str) {
        let output = outrigger(&["audit", "--data", data]).output().unwrap();
        let told = String::from_utf8_lossy(&output.stdout);
        assert_eq!(output.status.code(), Some(1), "{} is a finding: {told}", self.what);
        assert!(told.contains(self.breaks), "{} breaks {}: {told}", self.what, self.breaks);
    }
}

fn sound(data: &str) {
    fine(&["demo", "--once", "--orders", "60", "--data", data]);
    fine(&["audit", "--data", data]);
}

#[tokio::test]
async fn every_planted_fault_is_found_and_named() {
    let folder = tempfile::tempdir().unwrap();
    let whole = folder.path().join("sound");
    sound(whole.to_str().unwrap());
    for fault in &FAULTS {
        let spoilt = folder.path().join("spoilt");
        copy(&whole, &spoilt);
        spoil(&spoilt, fault.service, &format!("{}; {}", fault.on_sqlite, fault.script)).await;
        fault.is_found(spoilt.to_str().unwrap());
        fs::remove_dir_all(&spoilt).unwrap();
    }
}

#[test]
fn every_fault_planted_on_postgres_is_found_and_named() {
    let Some(database) = Database::new("every_fault_planted_on_postgres_is_found_and_named") else { return };
    sound(&database.url());
    for fault in &FAULTS {
        let spoilt = database.copy();
        let tables = format!("SET search_path = {}", fault.service);
        let done = spoilt.tell(&[PAST_TRIGGERS, &tables, fault.on_postgres, fault.script]);
        assert!(done.is_some(), "{} can be planted", fault.what);
        fault.is_found(&spoilt.url());
    }
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir(to).unwrap();
    for entry in fs::read_dir(from).unwrap().map(Result::unwrap).filter(|entry| entry.path().is_file()) {
        fs::copy(entry.path(), to.join(entry.file_name())).unwrap();
    }
}

/// Runs a script over a service's data, as somebody with a database shell could.
pub async fn spoil(folder: &Path, service: &str, script: &str) {
    let (service, migrations) = match service {
        "orders" => (orders::NAME, orders::migrations()),
        "payments" => (payments::NAME, payments::migrations()),
        "gateway" => (payments::GATEWAY, payments::gateway_migrations()),
        "inventory" => (inventory::NAME, inventory::migrations()),
        _ => (shipping::NAME, shipping::migrations()),
    };
    let store = Data::open_existing(folder).unwrap().store(service, migrations).await.unwrap();
    let spoilt = store
        .unit(script.to_owned(), |tx, script| Box::pin(async move { tx.execute_unprepared(script).await.map(drop) }));
    spoilt.await.unwrap();
    store.close().await;
}
