//! A process killed in the middle of its work, for real: what it was told is durable is there.

#![allow(clippy::unwrap_used, reason = "tests")]

mod common;

use common::{add, count, number, open};
use outrigger_store::{Data, Postgres};
use servers::Database;
use std::{
    io::{BufRead, BufReader},
    path::Path,
    process::{Command, Stdio},
};

const PLACE: &str = "OUTRIGGER_TEST_KILLED";

/// A folder, or a database's URL.
async fn data(place: &str) -> Data {
    if place.starts_with("postgres://") {
        Data::postgres(Postgres::new(place)).await.unwrap()
    } else {
        Data::open(Path::new(place)).unwrap()
    }
}

/// Not a test of its own: what the killed process does. Does nothing unless it is told a place.
#[tokio::test(flavor = "multi_thread")]
async fn the_one_that_is_killed() {
    let Ok(place) = std::env::var(PLACE) else { return };
    let store = open(&data(&place).await).await;
    let workers = (0..8).map(|worker| {
        let store = store.clone();
        tokio::spawn(async move {
            for n in 0.. {
                let name = format!("{worker}-{n}");
                add(&store, name.clone()).await.unwrap();
                println!("answered {name}");
            }
        })
    });
    for worker in workers.collect::<Vec<_>>() {
        worker.await.unwrap();
    }
}

/// Starts one, lets it answer some hundred times, kills it; what it had answered.
fn answered_by_one_that_was_killed(place: &str, answers: usize) -> Vec<String> {
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "the_one_that_is_killed", "--nocapture"])
        .env(PLACE, place)
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let lines = BufReader::new(child.stdout.take().unwrap()).lines().map_while(Result::ok);
    let mut lines = lines.filter_map(|line| line.split_once("answered ").map(|(_, name)| name.to_owned()));
    let mut answered: Vec<String> = lines.by_ref().take(answers).collect();
    child.kill().unwrap();
    child.wait().unwrap();
    // What it still said before the end; but for the last, which may be cut short.
    let mut last: Vec<String> = lines.collect();
    last.pop();
    answered.extend(last);
    answered
}

async fn kill_and_look(place: &str, answers: usize) {
    let answered = answered_by_one_that_was_killed(place, answers);
    assert!(answered.len() >= answers);
    // The lock went with the process.
    let store = open(&data(place).await).await;
    for name in &answered {
        let sql = format!("SELECT COUNT(*) AS n FROM counter WHERE name = '{name}'");
        let found = store.read(sql, |tx, sql| Box::pin(number(tx, sql))).await.unwrap();
        assert_eq!(found, 1, "{name} was answered and is gone");
    }
    assert!(count(&store).await >= i64::try_from(answered.len()).unwrap());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_answered_survives_kill_9() {
    for answers in [1, 50, 777] {
        let folder = tempfile::tempdir().unwrap();
        kill_and_look(folder.path().to_str().unwrap(), answers).await;
        let Some(database) = Database::new("what_was_answered_survives_kill_9") else { continue };
        kill_and_look(&database.url(), answers).await;
    }
}
