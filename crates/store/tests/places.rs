//! What folders of data promise: durable, one process's alone, never half-migrated, refused when they cannot be used.

mod common;

use common::{add, count, counters, open, script};
use outrigger_store::{Data, OpenError, sea_orm_migration::MigrationTrait};
use std::{fs, path::Path};

#[tokio::test(flavor = "multi_thread")]
async fn what_was_answered_is_there_after_the_store_was_left_without_a_word() {
    let folder = tempfile::tempdir().unwrap();
    let data = Data::open(folder.path()).unwrap();
    let store = open(&data).await;
    for n in 0..50 {
        add(&store, format!("c{n}")).await.unwrap();
    }
    // The files as a crash would leave them: copied while the store is open, log and all.
    let after = tempfile::tempdir().unwrap();
    for file in ["test.db", "test.db-wal"] {
        fs::copy(folder.path().join(file), after.path().join(file)).unwrap();
    }
    let recovered = open(&Data::open(after.path()).unwrap()).await;
    assert_eq!(count(&recovered).await, 50);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_closed_store_leaves_one_tidy_file_and_a_free_folder() {
    let folder = tempfile::tempdir().unwrap();
    let data = Data::open(folder.path()).unwrap();
    let store = open(&data).await;
    add(&store, "kept").await.unwrap();
    assert_eq!(count(&store).await, 1);
    store.close().await;
    drop(data);
    let log = folder.path().join("test.db-wal");
    assert!(fs::metadata(&log).map_or(0, |log| log.len()) == 0);
    let again = Data::open_existing(folder.path()).unwrap();
    assert_eq!(count(&open(&again).await).await, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_folder_is_one_holders_at_a_time_and_says_whose() {
    let folder = tempfile::tempdir().unwrap();
    let data = Data::open(folder.path()).unwrap();
    let store = open(&data).await;
    let refused = Data::open(folder.path()).unwrap_err();
    assert!(refused.to_string().contains(&format!("locked by process {}", std::process::id())), "{refused}");
    // A store keeps it locked as well as the place itself.
    drop(data);
    assert!(matches!(Data::open(folder.path()), Err(OpenError::Locked { .. })));
    drop(store);
    Data::open(folder.path()).unwrap();
}

#[test]
fn a_folder_that_is_a_file_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("file");
    fs::write(&file, "").unwrap();
    assert!(matches!(Data::open(&file), Err(OpenError::NotAFolder { .. })));
    assert!(matches!(Data::open_existing(&file), Err(OpenError::NotAFolder { .. })));
    assert!(matches!(Data::open(&file.join("below")), Err(OpenError::Unwritable { .. })));
}

#[test]
fn a_folder_in_which_nothing_can_be_created_is_refused() {
    // Root may write anywhere, so a folder that refuses everybody stands in for a read-only one.
    let refused = Data::open(Path::new("/proc/self/outrigger")).unwrap_err();
    assert!(matches!(refused, OpenError::Unwritable { .. }), "{refused}");
    let refused = Data::open_existing(Path::new("/proc/self")).unwrap_err();
    assert!(matches!(refused, OpenError::Unwritable { .. }), "{refused}");
}

#[tokio::test]
async fn data_at_rest_is_never_created_by_looking_for_it() {
    let folder = tempfile::tempdir().unwrap();
    let missing = folder.path().join("missing");
    assert!(matches!(Data::open_existing(&missing), Err(OpenError::Missing { .. })));
    assert!(!missing.exists());
    let empty = Data::open_existing(folder.path()).unwrap();
    assert!(matches!(empty.store("orders", counters()).await, Err(OpenError::Missing { .. })));
    assert!(!folder.path().join("orders.db").exists());
}

#[tokio::test]
async fn a_file_that_is_no_database_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("test.db"), "this is not a database, it is a text of some length".repeat(20)).unwrap();
    let refused = Data::open(folder.path()).unwrap().store("test", counters()).await;
    assert!(matches!(refused, Err(OpenError::Unusable { .. })), "{refused:?}");
}

fn newer() -> Vec<Box<dyn MigrationTrait>> {
    let mut all = counters();
    all.push(script("0002_notes", "CREATE TABLE note (text TEXT); CREATE TABLE other (text TEXT);"));
    all
}

#[tokio::test]
async fn migrations_are_applied_once_and_newer_data_is_refused() {
    for (_kept, data) in common::engines("migrations_are_applied_once_and_newer_data_is_refused").await {
        open(&data).await.close().await;
        let store = data.store("test", newer()).await.unwrap();
        add(&store, "kept").await.unwrap();
        store.close().await;
        let store = data.store("test", newer()).await.unwrap();
        assert_eq!(count(&store).await, 1);
        store.close().await;
        let refused = data.store("test", counters()).await.unwrap_err();
        assert!(matches!(&refused, OpenError::Newer { unknown, .. } if unknown == "0002_notes"), "{refused}");
    }
}

#[tokio::test]
async fn a_migration_that_fails_half_way_leaves_nothing() {
    for (_kept, data) in common::engines("a_migration_that_fails_half_way_leaves_nothing").await {
        let mut broken = counters();
        broken.push(script("0002_notes", "CREATE TABLE note (text TEXT); CREATE TABLE counter (again TEXT);"));
        let failed = data.store("test", broken).await.unwrap_err();
        assert!(matches!(failed, OpenError::Migration { .. }), "{failed}");
        // Its first half is gone, or the mended one could not create the same table; what came before it stands.
        let store = data.store("test", newer()).await.unwrap();
        assert_eq!(count(&store).await, 0);
    }
}
