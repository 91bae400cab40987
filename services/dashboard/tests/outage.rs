//! The database goes away under an open page and comes back.

#![allow(clippy::unwrap_used)] // helpers included, all of this is tests

mod shop;
mod tab;

use ambient::Ambient;
use fabric::{Mesh, Placement};
use journal::Bus;
use outrigger_dashboard::{Settings, start};
use shop::Shop;
use store::{Data, Postgres};
use tab::{ask, until, whole};

#[tokio::test]
async fn while_the_database_is_away_the_page_says_so_and_goes_on_without_being_loaded_again() {
    let test = "while_the_database_is_away_the_page_says_so_and_goes_on_without_being_loaded_again";
    let Some(server) = servers::Postgres::start(test) else { return };
    let database = server.database();
    let data = Data::postgres(Postgres { connections: 3, ..Postgres::new(database.url()) }).await.unwrap();
    let ambient = Ambient::system();
    let bus = Bus::embedded(ambient.clone());
    let contract = policy::Contract::from_descriptors(api::DESCRIPTORS).unwrap();
    let mesh = Mesh::new(contract, ambient.clone(), Placement::InProcess);
    let settings = Settings { http: Some("127.0.0.1:0".parse().unwrap()), ..Settings::default() };
    let dashboard = start(&ambient, &data, &mesh, &bus, settings).await.unwrap();
    let address = dashboard.page_address().unwrap();
    let shop = Shop::open(&ambient, &data, &bus, 7).await;
    shop.order(1).await;
    let mut open = ask(address, "/events", "").await;
    until(&mut open, "<dd class=\\\"figure\\\">1</dd>").await;

    server.kill();
    let said = until(&mut open, "the database does not answer").await;
    let last = said.rfind("data:").unwrap();
    assert!(said[last..].contains("<dd class=\\\"figure\\\">1</dd>"), "with what was known: {said}");
    let loaded = whole(address, "/").await;
    assert!(loaded.starts_with("HTTP/1.1 503") && loaded.contains("content-type: text/html"), "{loaded}");
    assert!(loaded.contains("the database does not answer") && loaded.contains("/assets/page.js"), "{loaded}");
    assert!(whole(address, "/healthz").await.starts_with("HTTP/1.1 503"));
    let mut opened_meanwhile = ask(address, "/events", "").await;
    until(&mut opened_meanwhile, "the database does not answer").await;

    server.revive();
    shop.order(2).await;
    for tab in [&mut open, &mut opened_meanwhile] {
        let followed = until(tab, "<dd class=\\\"figure\\\">2</dd>").await;
        let last = followed.rfind("data:").unwrap();
        assert!(!followed[last..].contains("does not answer"), "{followed}");
    }
    dashboard.shutdown().await;
    bus.shutdown().await;
}
