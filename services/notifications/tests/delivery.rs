//! The ways out: a mail server on loopback, and files.

#![allow(clippy::unwrap_used)] // helpers included, all of this is tests

mod post;

use api::{
    notification::v1::{ListMailsRequest, MailState},
    order::v1::OrderState::{Confirmed, Reserving, Shipped},
};
use engines::{Engine, on_both_engines};
use outrigger_notifications::{Settings, Transport};
use post::{ADA, Server, World};
use std::{fs, path::Path, time::Duration};
use store::{
    Data,
    sea_orm::{ConnectionTrait, Statement},
};

/// Waits that a test on a real clock can wait for.
fn smtp(server: &Server) -> Settings {
    Settings {
        transport: Some(Transport::Smtp { url: server.url.clone() }),
        from: "The Shop <orders@shop.example>".into(),
        first_wait: Duration::from_millis(20),
        longest_wait: Duration::from_millis(40),
        ..Settings::default()
    }
}

/// The mails, once each of them has reached its end.
async fn ended(world: &World) -> Vec<api::notification::v1::Mail> {
    world.bus.settled().await;
    loop {
        let mails = world.mails().await;
        if mails.iter().all(|mail| mail.state() != MailState::Pending) {
            return mails;
        }
        tokio::task::yield_now().await;
    }
}

on_both_engines! { #[tokio::test]

async fn a_mail_server_is_given_the_mail_as_it_was_written(engine: &Engine) {
    let server = Server::start().await;
    let world = World::new(engine, smtp(&server)).await;
    let event = world.moved("A1", Reserving, Confirmed).await;
    world.settled().await;
    let accepted = server.accepted();
    assert_eq!(accepted.len(), 1);
    for part in [
        &format!("RCPT TO:<{ADA}>"),
        "From: \"The Shop\" <orders@shop.example>",
        "Subject: Your order A1 is confirmed",
        &format!("Message-ID: <{}@shop.example>", event.id),
        "Date: Tue, 14 Nov 2023 22:13:20 +0000",
        "payment of 12.50 GBP",
    ] {
        assert!(accepted[0].contains(part), "{part} is missing in {}", accepted[0]);
    }
}

async fn a_server_that_cannot_take_it_now_is_asked_again(engine: &Engine) {
    let server = Server::start().await;
    server.answers(["451 greylisted", "421 closing", "535 who are you"]);
    let world = World::new(engine, smtp(&server)).await;
    world.moved("A1", Reserving, Confirmed).await;
    let mails = ended(&world).await;
    assert_eq!((mails[0].state(), mails[0].attempts, server.accepted().len()), (MailState::Sent, 4, 1));
}

async fn a_mailbox_that_does_not_exist_is_given_up_without_its_name_being_kept(engine: &Engine) {
    let server = Server::start().await;
    server.answers(["550 5.1.1 no such mailbox: ada.lovelace@example.com"]);
    let world = World::new(engine, smtp(&server)).await;
    world.moved("A1", Reserving, Confirmed).await;
    world.moved("A2", Reserving, Confirmed).await;
    let mails = ended(&world).await;
    let mut states: Vec<MailState> = mails.iter().map(|mail| mail.state()).collect();
    states.sort();
    assert_eq!(states, [MailState::Sent, MailState::Refused]);
    let refused = mails.iter().find(|mail| mail.state() == MailState::Refused).unwrap();
    assert!(refused.last_error.contains("550") && !refused.last_error.contains("ada"), "{}", refused.last_error);
    assert_eq!(server.asked(), 2);
}

async fn without_a_server_mails_wait_and_their_attempts_are_kept(engine: &Engine) {
    let server = Server::start().await;
    let nobody = Settings {
        transport: Some(Transport::Smtp { url: "smtp://127.0.0.1:1".into() }),
        first_wait: Duration::from_secs(3_600),
        longest_wait: Duration::from_secs(3_600),
        ..Settings::default()
    };
    let world = World::new(engine, nobody).await;
    world.moved("A1", Reserving, Confirmed).await;
    world.settled().await;
    let waiting = world.mails().await.remove(0);
    assert_eq!((waiting.state(), waiting.attempts), (MailState::Pending, 1));
    assert!(waiting.last_error.contains("no connection"), "{}", waiting.last_error);
    world.shutdown().await;

    let world = World::new(engine, smtp(&server)).await;
    due_now(&world).await;
    assert_eq!(ended(&world).await[0].attempts, 2);
}

}

/// Makes waiting mails due, as if their time had come.
async fn due_now(world: &World) {
    set(world, "UPDATE mails SET next_at = 0 WHERE state = 1").await;
}

/// Makes sent mails pending again: what a crash between the server's acceptance and the mark leaves behind.
async fn unmarked(world: &World) {
    let sql = "UPDATE mails SET state = 1, recipient = 'ada.lovelace@example.com', next_at = 0 WHERE state = 2";
    set(world, sql).await;
}

async fn set(world: &World, sql: &'static str) {
    let change = world.notifications.store().unit(sql, |tx, sql| {
        let statement = Statement::from_string(tx.get_database_backend(), *sql);
        tx.announce();
        Box::pin(async move { tx.execute_raw(statement).await.map(drop) })
    });
    change.await.unwrap();
}

on_both_engines! { #[tokio::test]

async fn a_crash_between_acceptance_and_mark_sends_the_same_mail_again(engine: &Engine) {
    let server = Server::start().await;
    let world = World::new(engine, smtp(&server)).await;
    world.moved("A1", Reserving, Confirmed).await;
    world.settled().await;
    unmarked(&world).await;
    world.shutdown().await;

    let world = World::new(engine, smtp(&server)).await;
    world.settled().await;
    let accepted = server.accepted();
    assert!(accepted.len() >= 2, "{accepted:?}");
    assert!(accepted.iter().all(|mail| *mail == accepted[0]), "same Message-ID, same bytes: {accepted:?}");
}
}

/// On SQLite alone: a database has no folder.
#[tokio::test]
async fn without_a_server_configured_mails_are_files_beside_the_data() {
    let folder = tempfile::tempdir().unwrap();
    let world = World::at(&Data::open(folder.path()).unwrap(), Settings::default()).await;
    let mut events = Vec::new();
    for number in 0..300 {
        events.push(world.moved(&format!("A{number}"), Confirmed, Shipped).await);
    }
    world.settled().await;
    let file = |event: &journal::Event| {
        let shard = &event.id[event.id.len() - 1..];
        folder.path().join("mail").join(shard).join(format!("{}.eml", event.id))
    };
    assert!(fs::read_to_string(file(&events[7])).unwrap().contains("Your order A7 is on its way"));
    assert_eq!(count(&folder.path().join("mail")), 300);

    unmarked(&world).await;
    world.settled().await;
    assert_eq!(count(&folder.path().join("mail")), 300, "a repeat replaces its file");
}

/// On PostgreSQL alone: a process that was cut off from its database may go on for a moment beside the one that took over.
#[tokio::test]
async fn two_senders_at_one_database_send_each_mail_once() {
    let Some(engine) = Engine::postgres("two_senders_at_one_database_send_each_mail_once").await else { return };
    let server = Server::start().await;
    let settings = Settings { batch: 5, ..smtp(&server) };
    let (first, second) = (World::new(&engine, settings.clone()).await, World::new(&engine, settings).await);
    for number in 0..120 {
        first.moved(&format!("A{number}"), Reserving, Confirmed).await;
    }
    first.settled().await;
    second.settled().await;
    let mut accepted = server.accepted();
    assert_eq!(accepted.len(), 120);
    accepted.sort();
    accepted.dedup();
    assert_eq!(accepted.len(), 120, "each of them once");
}

fn count(dir: &Path) -> usize {
    let entries = fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().path());
    entries.map(|path| if path.is_dir() { count(&path) } else { 1 }).sum()
}

/// The server has it, and the database that should know of it goes away: told when it is back, and not sent again.
#[tokio::test]
async fn a_mail_accepted_while_the_database_is_away_is_marked_when_it_is_back() {
    let test = "a_mail_accepted_while_the_database_is_away_is_marked_when_it_is_back";
    let Some(postgres) = servers::Postgres::start(test) else { return };
    let engine = Engine::at(postgres.database()).await;
    let server = Server::start().await;
    let world = World::new(&engine, smtp(&server)).await;
    server.is_silent(true);
    world.moved("A1", Reserving, Confirmed).await;
    while server.accepted().is_empty() {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    postgres.kill();
    server.is_silent(false);
    tokio::time::sleep(Duration::from_secs(7)).await; // longer than the store waits by itself
    postgres.revive();
    let mails = loop {
        let listed = world.client().list_mails(ListMailsRequest::default()).await;
        match listed.map(tonic::Response::into_inner) {
            Ok(listed) if listed.mails[0].state() == MailState::Sent => break listed.mails,
            _ => tokio::time::sleep(Duration::from_millis(50)).await,
        }
    };
    assert_eq!((mails.len(), mails[0].attempts, server.accepted().len()), (1, 1, 1));
    world.moved("A2", Reserving, Confirmed).await;
    world.settled().await;
    assert_eq!(server.accepted().len(), 2, "and others follow");
}
