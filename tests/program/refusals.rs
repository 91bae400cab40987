//! Bad input: a clear error that says where and what to do, and nothing lost.

use crate::{feed, misused, outrigger, planted::spoil, replay::replay, run};
use std::{
    io::{BufRead, BufReader},
    process::Stdio,
};

fn refused_feed(content: &[u8]) -> String {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("feed.csv");
    std::fs::write(&path, content).unwrap();
    misused(&["replay", path.to_str().unwrap(), "--data", folder.path().join("data").to_str().unwrap()])
}

#[test]
fn a_feed_that_is_none_is_refused_with_the_line() {
    let good = "536365,85123A,HEART,6,2010-12-01T08:26:00,2.55,17850,United Kingdom\r\n";
    assert!(misused(&["replay", "/no/such/feed.csv"]).contains("/no/such/feed.csv"));
    assert!(refused_feed(b"").contains("empty"));
    assert!(refused_feed(b"a,b,c\r\n1,2,3\r\n").contains("InvoiceNo"));
    let text = format!("{}\r\n{good}", feed::HEADER);
    let not_text = [text.as_bytes(), b"536366,85123A,H\xff\xfe,6,2010-12-01T08:26:00,2.55,17850,UK\r\n"].concat();
    assert!(refused_feed(&not_text).contains("line 3"));
    let cut = format!("{text}536366,85123A,HEA");
    assert!(refused_feed(cut.as_bytes()).contains("line 3"));
}

#[test]
fn what_was_imported_before_stays_whole_and_a_repaired_feed_carries_on() {
    let folder = tempfile::tempdir().unwrap();
    let (path, data) = (feed::synthetic(folder.path(), 20), folder.path().join("data"));
    let whole = std::fs::read(&path).unwrap();
    let before = replay(&path, &data, &[]);
    std::fs::write(&path, &whole[..whole.len() - 20]).unwrap();
    misused(&["replay", path.to_str().unwrap(), "--data", data.to_str().unwrap()]);
    std::fs::write(&path, &whole).unwrap();
    let after = replay(&path, &data, &[]);
    assert_eq!((&before["orders"], &before["money"]), (&after["orders"], &after["money"]));
}

#[tokio::test]
async fn a_data_directory_that_cannot_be_used_is_refused_saying_so() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("a-file");
    std::fs::write(&file, "not a folder").unwrap();
    assert!(misused(&["audit", "--data", file.to_str().unwrap()]).contains("a-file"));
    assert!(misused(&["audit", "--data", "/no/such/folder"]).contains("/no/such/folder"));

    let feed = feed::synthetic(folder.path(), 2);
    let data = folder.path().join("data");
    replay(&feed, &data, &[]);
    // As a later version of the program would have left it.
    spoil(&data, "orders", "INSERT INTO seaql_migrations VALUES ('m99999999_from_the_future', 0)").await;
    let told = misused(&["replay", feed.to_str().unwrap(), "--data", data.to_str().unwrap()]);
    assert!(told.contains("newer"), "{told}");
}

#[test]
fn a_data_directory_in_use_is_refused_naming_the_process() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().to_str().unwrap();
    let mut running = outrigger(&["serve", "--data", data, "--port", "0", "--http-port", "0"])
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    // It prints where it listens once it is up.
    let mut first = String::new();
    BufReader::new(running.stdout.as_mut().unwrap()).read_line(&mut first).unwrap();
    let told = misused(&["audit", "--data", data]);
    running.kill().unwrap();
    running.wait().unwrap();
    assert!(told.contains(&running.id().to_string()) && told.contains("--endpoint"), "{told}");
}

#[test]
fn a_single_service_has_no_bus_yet() {
    let told = misused(&["serve", "orders"]);
    assert!(told.contains("bus"), "{told}");
}

#[test]
fn a_system_that_is_not_there_is_said_to_be_so() {
    let output = run(&["order", "list", "--endpoint", "http://127.0.0.1:9"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&output.stderr).contains("127.0.0.1:9"));
}
