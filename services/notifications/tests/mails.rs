//! What customers are told, and how often: mails kept in memory, under a paused clock.

#![allow(clippy::unwrap_used)] // helpers included, all of this is tests

mod post;

use api::{
    notification::v1::{ListMailsRequest, MailState},
    order::v1::OrderState::{self, Confirmed, Paying, Received, Refunded, Refunding, Reserving, Shipped, Unspecified},
};
use engines::on_both_engines;
use outrigger_notifications::{Mailbox, Settings, Transport};
use post::{ADA, World};
use std::time::Duration;
use store::sea_orm::{ConnectionTrait, Statement};
use tonic::Code;

fn memory() -> (Mailbox, Settings) {
    let mailbox = Mailbox::default();
    (mailbox.clone(), Settings { transport: Some(Transport::Memory(mailbox)), ..Settings::default() })
}

on_both_engines! { #[tokio::test(start_paused = true)]

async fn a_customer_is_told_of_each_turn_of_their_order_in_its_order(engine: &Engine) {
    let (mailbox, settings) = memory();
    let world = World::new(engine, settings).await;
    let way = [Unspecified, Received, Paying, Reserving, Confirmed, Shipped, OrderState::Completed];
    for step in way.windows(2) {
        world.moved("A1", step[0], step[1]).await;
    }
    world.settled().await;
    let subjects: Vec<String> = mailbox.mails().iter().map(|mail| header(mail, "Subject")).collect();
    assert_eq!(subjects, ["Your order A1 is confirmed", "Your order A1 is on its way"]);
    assert!(mailbox.mails().iter().all(|mail| header(mail, "To") == ADA));
    assert!(mailbox.mails()[0].contains("12.50 GBP"), "{}", mailbox.mails()[0]);
}

}

fn header(mail: &str, name: &str) -> String {
    let line = mail.lines().find_map(|line| line.strip_prefix(&format!("{name}: ")));
    line.unwrap_or_else(|| panic!("no {name} in {mail}")).to_owned()
}

on_both_engines! { #[tokio::test(start_paused = true)]

async fn an_event_that_is_delivered_again_is_told_once(engine: &Engine) {
    let (mailbox, settings) = memory();
    let world = World::new(engine, settings).await;
    let event = world.moved("A1", Reserving, Confirmed).await;
    world.settled().await;
    world.deliver(event.clone()).await;
    world.deliver(event).await;
    world.settled().await;
    assert_eq!((mailbox.mails().len(), world.mails().await.len()), (1, 1));
}

async fn an_event_that_is_no_message_is_parked_and_the_others_are_told(engine: &Engine) {
    let (mailbox, settings) = memory();
    let world = World::new(engine, settings).await;
    world.told("A1", vec![255, 1]).await;
    world.moved("A2", Reserving, Confirmed).await;
    world.settled().await;
    let parked = journal::parked::list(world.notifications.store(), 0, 10).await.unwrap();
    assert_eq!(parked.iter().map(|parked| parked.event.key.as_str()).collect::<Vec<_>>(), ["A1"]);
    assert!(parked[0].reason.contains("OrderChanged"), "{}", parked[0].reason);
    assert_eq!(mailbox.mails().len(), 1);
}

async fn an_address_is_forgotten_once_its_mail_has_left_and_never_listed(engine: &Engine) {
    let (_, settings) = memory();
    let world = World::new(engine, settings).await;
    world.moved("A1", Reserving, Confirmed).await;
    world.settled().await;
    let mails = world.mails().await;
    assert_eq!((mails[0].state(), mails[0].attempts, mails[0].template.as_str()), (MailState::Sent, 1, "confirmed"));
    assert!(!format!("{mails:?}").contains("ada"), "{mails:?}");
    let read = world.notifications.store().read((), |tx, ()| {
        let all =
            Statement::from_string(tx.get_database_backend(), "SELECT COUNT(*) AS n FROM mails WHERE recipient <> ''");
        Box::pin(async move { tx.query_one_raw(all).await?.expect("a count is a row").try_get::<i64>("", "n") })
    });
    assert_eq!(read.await.unwrap(), 0);
}

async fn an_address_that_is_none_ends_its_own_mail_only(engine: &Engine) {
    let (mailbox, settings) = memory();
    let world = World::new(engine, settings).await;
    let change =
        api::order::v1::OrderChange { from_state: Refunding.into(), state: Refunded.into(), ..Default::default() };
    let odd = api::order::v1::OrderChanged {
        order_id: "A1".into(),
        change: Some(change),
        email: "not an address".into(),
        ..Default::default()
    };
    world.told("A1", prost::Message::encode_to_vec(&odd)).await;
    world.moved("A2", Refunding, Refunded).await;
    world.settled().await;
    let states: Vec<MailState> = world.mails().await.iter().map(|mail| mail.state()).collect();
    assert_eq!(states, [MailState::Sent, MailState::Refused]);
    assert_eq!(mailbox.mails().len(), 1);
}

async fn mails_are_listed_newest_first_page_by_page_and_by_order(engine: &Engine) {
    let (_, settings) = memory();
    let world = World::new(engine, settings).await;
    for number in 0..25 {
        world.moved(&format!("A{}", number % 5), Reserving, Confirmed).await;
        tokio::time::sleep(Duration::from_millis(number % 2)).await; // some at the same time
    }
    world.settled().await;
    let all = world.mails().await;
    let (mut seen, mut page_token) = (Vec::new(), String::new());
    loop {
        let request = ListMailsRequest { page_size: 4, page_token, ..Default::default() };
        let page = world.client().list_mails(request).await.unwrap().into_inner();
        seen.extend(page.mails);
        page_token = page.next_page_token;
        if page_token.is_empty() {
            break;
        }
    }
    assert_eq!((seen.len(), &seen), (25, &all));
    let request = ListMailsRequest { order_id: "A3".into(), ..Default::default() };
    let of_one = world.client().list_mails(request).await.unwrap().into_inner().mails;
    assert_eq!((of_one.len(), of_one.iter().all(|mail| mail.order_id == "A3")), (5, true));
}

async fn a_page_token_of_another_list_is_refused_naming_the_field(engine: &Engine) {
    let (_, settings) = memory();
    let world = World::new(engine, settings).await;
    for _ in 0..3 {
        world.moved("A1", Reserving, Confirmed).await;
    }
    world.settled().await;
    let request = ListMailsRequest { page_size: 1, ..Default::default() };
    let page_token = world.client().list_mails(request).await.unwrap().into_inner().next_page_token;
    let request = ListMailsRequest { page_size: -1, page_token, order_id: "A1".into() };
    let refused = world.client().list_mails(request).await.unwrap_err();
    assert_eq!(refused.code(), Code::InvalidArgument);
    let fields: Vec<String> = fabric::status::violations(&refused).into_iter().map(|(field, _)| field).collect();
    assert_eq!(fields, ["page_size", "page_token"]);
}

async fn mails_that_reached_their_end_are_forgotten_in_time(engine: &Engine) {
    let (_, settings) = memory();
    let world = World::new(engine, Settings { keep: Duration::from_secs(24 * 3_600), ..settings }).await;
    world.moved("A1", Reserving, Confirmed).await;
    world.settled().await;
    engine.pass(Duration::from_secs(23 * 3_600)).await;
    assert_eq!(world.mails().await.len(), 1);
    engine.pass(Duration::from_secs(3 * 3_600)).await;
    // A clock that jumps may do so in the middle of a look, and the next one is an hour later.
    while !world.mails().await.is_empty() {
        engine.pass(Duration::from_secs(3_600)).await;
    }
}

}
