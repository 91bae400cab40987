//! The simulated gateway's manners, one by one, and that its memory is the same for ever; on both engines.

use super::{faults::Faults, *};
use ambient::{Ambient, Timestamp};
use std::time::Duration;
use store::Data;
use tokio::time::timeout;

const PATIENCE: Duration = Duration::from_secs(1);

macro_rules! on_both_engines {
    ($($story:ident),+ $(,)?) => {
        mod in_memory {
            $(#[tokio::test(start_paused = true)]
            async fn $story() {
                super::$story(store::Data::memory()).await;
            })+
        }

        mod on_postgres {
            $(#[tokio::test(flavor = "multi_thread")]
            async fn $story() {
                if let Some(database) = servers::Database::new(stringify!($story)) {
                    super::$story(store::Data::postgres(store::Postgres::new(database.url())).await.unwrap()).await;
                }
            })+
        }
    };
}

on_both_engines! {
    the_same_key_is_the_same_operation_and_the_same_answer,
    a_silent_charge_has_happened_and_is_known_when_asked_for,
    what_arrives_after_its_key_was_cancelled_is_refused_for_ever,
    a_late_request_arrives_when_nobody_cancelled_it,
    cancelling_what_was_done_changes_nothing_and_says_so,
    tokens_decline_fail_and_repeat_as_they_say,
    money_that_is_not_there_is_neither_captured_nor_given_back,
    steering_overrules_the_token_and_a_cut_line_answers_nothing,
    the_statement_lists_what_was_answered_page_by_page,
}

/// Longer than anything travels.
const TRAVEL: Duration = Duration::from_secs(4);

async fn gateway(data: Data) -> SimulatedGateway {
    let store = data.store(GATEWAY, gateway_migrations()).await.unwrap();
    SimulatedGateway::new(store, Ambient::seeded(1, Timestamp::from_millis(0)), Faults::default())
}

fn order(key: &str, token: &str, attempt: u32) -> Instruction {
    let amount = Money { currency_code: "GBP".into(), minor_units: 100 };
    Instruction { key: key.into(), payment: format!("payment of {token}"), token: Token(token.into()), amount, attempt }
}

async fn taken(gateway: &SimulatedGateway, token: &str) -> i64 {
    gateway.taken_from(token).await.unwrap().minor_units
}

async fn the_same_key_is_the_same_operation_and_the_same_answer(data: Data) {
    let gateway = gateway(data).await;
    for attempt in 1..4 {
        assert_eq!(gateway.charge(&order("k", "tok_ok", attempt)).await.unwrap(), Word::Done);
    }
    assert_eq!(taken(&gateway, "tok_ok").await, 100);
}

async fn a_silent_charge_has_happened_and_is_known_when_asked_for(data: Data) {
    let gateway = gateway(data).await;
    assert!(timeout(PATIENCE, gateway.charge(&order("k", tokens::SILENT_ONCE, 1))).await.is_err());
    assert_eq!(taken(&gateway, tokens::SILENT_ONCE).await, 100);
    assert_eq!(gateway.query("k").await.unwrap().unwrap().word, Word::Done);
    assert_eq!(gateway.charge(&order("k", tokens::SILENT_ONCE, 2)).await.unwrap(), Word::Done);
    assert_eq!(taken(&gateway, tokens::SILENT_ONCE).await, 100);
}

async fn what_arrives_after_its_key_was_cancelled_is_refused_for_ever(data: Data) {
    let gateway = gateway(data).await;
    assert!(timeout(PATIENCE, gateway.charge(&order("k", tokens::LATE, 1))).await.is_err());
    assert_eq!(gateway.query("k").await.unwrap(), None);
    assert_eq!(gateway.cancel("k").await.unwrap(), Cancellation::Cancelled);
    tokio::time::sleep(TRAVEL).await;
    assert_eq!(taken(&gateway, tokens::LATE).await, 0);
    assert_eq!(gateway.charge(&order("k", tokens::LATE, 2)).await.unwrap(), Word::Cancelled);
}

async fn a_late_request_arrives_when_nobody_cancelled_it(data: Data) {
    let gateway = gateway(data).await;
    assert!(timeout(PATIENCE, gateway.charge(&order("k", tokens::LATE, 1))).await.is_err());
    assert_eq!(taken(&gateway, tokens::LATE).await, 0);
    tokio::time::sleep(TRAVEL).await;
    assert_eq!(taken(&gateway, tokens::LATE).await, 100);
}

async fn cancelling_what_was_done_changes_nothing_and_says_so(data: Data) {
    let gateway = gateway(data).await;
    gateway.charge(&order("k", "tok_ok", 1)).await.unwrap();
    assert_eq!(gateway.cancel("k").await.unwrap(), Cancellation::AlreadyDone { result: Word::Done });
    assert_eq!(taken(&gateway, "tok_ok").await, 100);
}

async fn tokens_decline_fail_and_repeat_as_they_say(data: Data) {
    let gateway = gateway(data).await;
    let declined = gateway.charge(&order("a", tokens::DECLINED, 1)).await.unwrap();
    assert_eq!(declined, Word::Declined("insufficient_funds".into()));
    assert!(gateway.charge(&order("b", tokens::FLAKY, 1)).await.is_err());
    assert!(gateway.charge(&order("b", tokens::FLAKY, 2)).await.is_err());
    assert_eq!(gateway.charge(&order("b", tokens::FLAKY, 3)).await.unwrap(), Word::Done);
    assert_eq!(gateway.charge(&order("c", tokens::TWICE, 1)).await.unwrap(), Word::Done);
    assert_eq!(taken(&gateway, tokens::TWICE).await, 100);
}

async fn money_that_is_not_there_is_neither_captured_nor_given_back(data: Data) {
    let gateway = gateway(data).await;
    gateway.authorise(&order("a", "t", 1)).await.unwrap();
    assert!(matches!(gateway.refund(&order("r", "t", 1)).await.unwrap(), Word::Declined(_)));
    assert_eq!(gateway.void(&order("v", "t", 1)).await.unwrap(), Word::Done);
    assert!(matches!(gateway.capture(&order("c", "t", 1)).await.unwrap(), Word::Declined(_)));
    assert!(matches!(gateway.void(&order("x", "unheard of", 1)).await.unwrap(), Word::Declined(_)));
    assert_eq!(gateway.held_of("t").await.unwrap().minor_units, 0);
}

async fn steering_overrules_the_token_and_a_cut_line_answers_nothing(data: Data) {
    let gateway = gateway(data).await;
    gateway.steer("tok_ok", Behaviour::Declines);
    assert!(matches!(gateway.charge(&order("a", "tok_ok", 1)).await.unwrap(), Word::Declined(_)));
    gateway.cut_off(true);
    assert!(gateway.charge(&order("b", "t", 1)).await.is_err());
    assert!(gateway.cancel("b").await.is_err());
    gateway.cut_off(false);
    assert_eq!(gateway.charge(&order("b", "t", 1)).await.unwrap(), Word::Done);
}

async fn the_statement_lists_what_was_answered_page_by_page(data: Data) {
    let gateway = gateway(data).await;
    for key in ["a", "b", "c"] {
        gateway.charge(&order(key, key, 1)).await.unwrap();
    }
    gateway.cancel("bb").await.unwrap();
    let page = gateway.statement("a", 2).await.unwrap();
    let keys: Vec<&str> = page.iter().map(|line| line.key.as_str()).collect();
    assert_eq!(keys, ["b", "c"]);
    assert!(page.iter().all(|line| line.moved() == 100));
}
