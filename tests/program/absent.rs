//! A database that is not there, or is not ours: waited for where waiting helps, and refused where a person has to act.

use crate::{
    misused, outrigger,
    serving::{Serving, place, settled, stock},
};
use api::order::v1::OrderState;
use outrigger_tests::basket;
use servers::{Database, Postgres};
use tonic::Code;
use tonic_health::pb::health_check_response::ServingStatus::{NotServing, Serving as Serves};

#[tokio::test]
async fn a_database_that_cannot_be_reached_is_waited_for_and_nothing_is_acknowledged() {
    let mut serving = Serving::start("postgres://somebody:secret@127.0.0.1:1/x", &[]);
    serving.healthy("live", Serves).await;
    assert_eq!(serving.health("").await, Some(NotServing), "live, and not ready");
    let status = place(&serving.channel(), basket([("MUG", 1)]), "early").await.unwrap_err();
    assert_eq!(status.code(), Code::Unavailable, "{status:?}");
    assert!(fabric::status::retry_after(&status).is_some(), "it says when to ask again: {status:?}");
    let (status, told) = serving.end();
    assert_eq!(status.code(), Some(0), "told to end, it ends well: {told}");
    assert!(told.contains("127.0.0.1:1/x"), "it says what it waits for: {told}");
    assert!(!told.contains("secret"), "and no password: {told}");
}

#[tokio::test]
async fn a_database_that_appears_is_served_from_and_one_that_goes_is_waited_for() {
    let test = "a_database_that_appears_is_served_from_and_one_that_goes_is_waited_for";
    let Some(server) = Postgres::start(test) else { return };
    let database = server.database();
    server.kill();
    let mut serving = Serving::start(&database.url(), &[]);
    serving.healthy("live", Serves).await;
    assert_eq!(serving.health("").await, Some(NotServing));
    server.revive();
    let channel = serving.ready().await;
    stock(&channel, "MUG", 5).await;
    let order = place(&channel, basket([("MUG", 1)]), "one").await.unwrap();

    server.kill();
    serving.healthy("", NotServing).await;
    let refused = place(&channel, basket([("MUG", 1)]), "two").await.unwrap_err();
    assert_eq!(refused.code(), Code::Unavailable, "{refused:?}");
    assert!(fabric::status::retry_after(&refused).is_some(), "{refused:?}");
    assert_eq!(serving.health("live").await, Some(Serves), "it is not restarted for what it cannot help");
    server.revive();
    serving.ready().await;
    assert_eq!(settled(&channel, &order.order_id).await.state(), OrderState::Completed);
    let order = place(&channel, basket([("MUG", 1)]), "two").await.unwrap();
    assert_eq!(settled(&channel, &order.order_id).await.state(), OrderState::Completed);
    assert!(serving.end().0.success());
}

#[test]
fn a_place_that_is_no_place_is_refused_naming_the_setting_and_what_to_do() {
    let told = misused(&["serve", "--data", "mysql://127.0.0.1/x"]);
    assert!(told.contains("--data") && told.contains("postgres://"), "{told}");
    let output = outrigger(&["serve"]).env("OUTRIGGER_DATA", "mysql://127.0.0.1/x").output().unwrap();
    let told = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{told}");
    assert!(told.contains("OUTRIGGER_DATA") && told.contains("postgres://"), "{told}");
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("outrigger.toml");
    std::fs::write(&file, "address = \"127.0.0.1\"\ndata = \"mysql://127.0.0.1/x\"\n").unwrap();
    let told = misused(&["serve", "--config", file.to_str().unwrap()]);
    assert!(told.contains("outrigger.toml") && told.contains("postgres://"), "{told}");
}

#[test]
fn a_database_that_does_not_exist_or_does_not_let_us_in_is_refused_saying_what_to_do() {
    let test = "a_database_that_does_not_exist_or_does_not_let_us_in_is_refused_saying_what_to_do";
    let Some(server) = Postgres::start(test) else { return };
    let database = server.database();
    let at = |credentials: &str, name: &str| {
        let (host, ours) = database.url().rsplit_once('@').unwrap().1.rsplit_once('/').map(own).unwrap();
        format!("postgres://{credentials}@{host}/{}", if name.is_empty() { ours } else { name.to_owned() })
    };
    let told = misused(&["serve", "--data", &at("postgres", "nowhere")]);
    assert!(told.contains("--data") && told.contains("nowhere"), "{told}");
    server.demand_password("guarded", "right");
    let told = misused(&["serve", "--data", &at("guarded:wr0ng", "")]);
    assert!(told.contains("--data") && told.contains("guarded") && told.contains("password"), "{told}");
    assert!(!told.contains("wr0ng"), "no password is shown, not even a wrong one: {told}");
}

fn own((host, name): (&str, &str)) -> (String, String) {
    (host.to_owned(), name.to_owned())
}

#[tokio::test]
async fn a_database_in_use_is_refused_saying_so() {
    let Some(database) = Database::new("a_database_in_use_is_refused_saying_so") else { return };
    let mut serving = Serving::start(&database.url(), &[]);
    serving.ready().await;
    let told = misused(&["audit", "--data", &database.url()]);
    assert!(told.contains("--endpoint"), "it can be asked instead: {told}");
}
