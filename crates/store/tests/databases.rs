//! What a PostgreSQL database promises as a place: one process's alone, never half-made, refused when it cannot be used, and
//! its password never shown.

#![allow(clippy::unwrap_used, reason = "tests")]

mod common;

use common::{add, count, counters, on_postgres, open};
use outrigger_store::{Data, OpenError, Postgres};
use servers::Database;
use std::process::id;

const PASSWORD: &str = "s3cret-of-the-house";

#[tokio::test]
async fn a_url_that_cannot_be_meant_is_refused_by_what_is_wrong_with_it() {
    for (url, wrong) in [
        ("postgres", "is none"),
        ("mysql://u:s3cret-of-the-house@host/db", "begins with \"mysql\""),
        ("postgres://u:s3cret-of-the-house@/db", "names no host"),
        ("postgres://u:s3cret-of-the-house@host", "names no database"),
        ("postgres://u:s3cret-of-the-house@host/", "names no database"),
        ("postgres://u:s3cret-of-the-house@host/a/b", "\"/\""),
        ("postgres://u:s3cret-of-the-house@host:port/db", "is none"),
        ("postgres://u:s3cret-of-the-house@host/db?sslmode=maybe", "value it cannot have"),
        ("postgres://u@host/db?password=s3cret-of-the-house", "\"password\""),
    ] {
        let refused = Data::postgres(Postgres::new(url)).await.unwrap_err();
        assert!(matches!(refused, OpenError::Url { .. }), "{url}: {refused:?}");
        let said = format!("{refused} {refused:?} {:?}", Postgres::new(url));
        assert!(said.contains(wrong), "{url}: {said}");
        assert!(!said.contains(PASSWORD), "{said}");
        assert!(!refused.is_temporary());
    }
}

#[tokio::test]
async fn a_server_that_is_not_there_is_named_without_its_password() {
    let url = format!("postgres://me:{PASSWORD}@127.0.0.1:1/shop");
    let gone = Data::postgres(Postgres::new(url)).await.unwrap_err();
    assert!(
        matches!(&gone, OpenError::Unreachable { place, .. } if place == "postgres://me@127.0.0.1:1/shop"),
        "{gone}"
    );
    assert!(gone.is_temporary());
    assert!(!format!("{gone} {gone:?}").contains(PASSWORD));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_password_and_a_missing_database_are_no_matter_of_time() {
    let Some(server) = servers::Postgres::start("a_wrong_password_and_a_missing_database_are_no_matter_of_time") else {
        return;
    };
    let database = server.database();
    server.demand_password("shopkeeper", PASSWORD);
    let (_, place) = database.url().split_once('@').map(|(a, b)| (a.to_owned(), b.to_owned())).unwrap();
    let right = format!("postgres://shopkeeper:{PASSWORD}@{place}");
    let data = Data::postgres(Postgres::new(&right)).await.unwrap();
    assert_eq!(data.place(), format!("postgres://shopkeeper@{place}"));
    let store = open(&data).await;
    add(&store, "in").await.unwrap();
    assert!(!format!("{data:?} {store:?}").contains(PASSWORD));
    store.close().await;
    drop(data);
    for (url, word) in
        [(right.replace(PASSWORD, "wrong-one"), "password"), (format!("{right}_of_nobody"), "CREATE DATABASE")]
    {
        let refused = Data::postgres(Postgres::new(url)).await.unwrap_err();
        assert!(!refused.is_temporary(), "{refused}");
        let said = format!("{refused} {refused:?}");
        assert!(said.contains(word) && !said.contains(PASSWORD) && !said.contains("wrong-one"), "{said}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_is_one_holders_at_a_time_and_says_whose() {
    let Some(database) = Database::new("a_database_is_one_holders_at_a_time_and_says_whose") else { return };
    let data = Data::postgres(Postgres::new(database.url())).await.unwrap();
    let store = open(&data).await;
    let refused = Data::postgres(Postgres::new(database.url())).await.unwrap_err();
    assert!(matches!(refused, OpenError::InUse { .. }), "{refused:?}");
    assert!(refused.to_string().contains(&format!("process {} at 127.0.0.1", id())), "{refused}");
    // A store keeps it as well as the place itself.
    drop(data);
    assert!(matches!(Data::postgres(Postgres::new(database.url())).await, Err(OpenError::InUse { .. })));
    drop(store);
    let data = Data::postgres(Postgres::new(database.url())).await.unwrap();
    let store = open(&data).await;
    store.close().await;
    drop(data);
    Data::postgres_existing(Postgres::new(database.url())).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn data_at_rest_is_not_made_by_looking_for_it() {
    let Some(database) = Database::new("data_at_rest_is_not_made_by_looking_for_it") else { return };
    let empty = Data::postgres_existing(Postgres::new(database.url())).await.unwrap();
    let missing = empty.store("test", counters()).await;
    assert!(matches!(&missing, Err(OpenError::Missing { .. })), "{missing:?}");
    let schemas = "SELECT count(*) FROM pg_namespace WHERE nspname = 'test'";
    assert_eq!(database.tell(&[schemas]).unwrap().trim(), "0");
    drop(empty);
    let store = open(&Data::postgres(Postgres::new(database.url())).await.unwrap()).await;
    add(&store, "kept").await.unwrap();
    store.close().await;
    let rest = Data::postgres_existing(Postgres::new(database.url())).await.unwrap();
    assert_eq!(count(&open(&rest).await).await, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn services_keep_to_their_own_schemas() {
    let Some(database) = Database::new("services_keep_to_their_own_schemas") else { return };
    let data = Data::postgres(Postgres::new(database.url())).await.unwrap();
    // One of them named like a word of SQL.
    let (one, other) = tokio::join!(data.store("order", counters()), data.store("payments", counters()));
    let (one, other) = (one.unwrap(), other.unwrap());
    add(&one, "mine").await.unwrap();
    assert_eq!((count(&one).await, count(&other).await), (1, 0));
    assert_eq!(database.tell(&["SELECT count(*) FROM \"order\".counter"]).unwrap().trim(), "1");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_role_that_may_not_make_a_schema_is_told_what_its_owner_has_to_run() {
    let Some(database) = Database::new("a_role_that_may_not_make_a_schema_is_told_what_its_owner_has_to_run") else {
        return;
    };
    let role = format!("tenant_{}", id());
    database.tell(&[&format!("CREATE ROLE {role} LOGIN")]).unwrap();
    let url = database.url().replace("//postgres@", &format!("//{role}@"));
    let data = Data::postgres(Postgres::new(&url)).await.unwrap();
    let refused = data.store("test", counters()).await.unwrap_err().to_string();
    let remedy = format!("CREATE SCHEMA \"test\" AUTHORIZATION \"{role}\"");
    assert!(refused.contains(&remedy), "{refused}");
    database.tell(&[&remedy]).unwrap();
    let store = open(&data).await;
    add(&store, "in").await.unwrap();
    store.close().await;
    drop((store, data));
    database.tell(&["DROP SCHEMA test CASCADE", &format!("DROP ROLE {role}")]).unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_that_may_forget_commits_is_refused() {
    let Some(database) = Database::new("a_database_that_may_forget_commits_is_refused") else { return };
    let name = database.url().rsplit_once('/').unwrap().1.to_owned();
    database.tell(&[&format!("ALTER DATABASE {name} SET synchronous_commit = off")]).unwrap();
    let refused = Data::postgres(Postgres::new(database.url())).await.unwrap_err();
    assert!(refused.to_string().contains("synchronous_commit"), "{refused}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_store_that_is_opened_again_in_the_same_process_goes_on() {
    let test = "a_store_that_is_opened_again_in_the_same_process_goes_on";
    let Some((_database, first)) = on_postgres(test).await else { return };
    add(&first, "one").await.unwrap();
    // As a service that is stopped without a word and started anew, its database still ours.
    let again = Database::new(test).unwrap();
    let data = Data::postgres(Postgres::new(again.url())).await.unwrap();
    drop(open(&data).await);
    let second = open(&data).await;
    add(&second, "two").await.unwrap();
    assert_eq!(count(&second).await, 1);
}
