//! What each turn of a saga means to its order.

use super::*;
use crate::domain::{Cancel, Content, OnFailure, PAYMENT_DECLINED, Policy};

const NOW: Timestamp = Timestamp::from_millis(5_000);

fn order(method: Method) -> Order {
    let content = Content {
        order_id: "o".into(),
        customer_id: "c".into(),
        email: String::new(),
        lines: Vec::new(),
        charges: Vec::new(),
        method,
        token: "t".into(),
        on_failure: OnFailure::Settled(Policy::Refund),
        currency: "GBP".into(),
        total: 100,
        created_at: Timestamp::from_millis(1_000),
        trace: None,
    };
    Order::received(content).0
}

fn stepped(step: &'static str) -> Told {
    Told::Stepped { step, output: format!("{step}-id") }
}

fn undoing(first: Option<&'static str>, at: &'static str, cause: &str) -> Told {
    Told::Undoing { first, at, cause: cause.into(), reason: "because".into(), actor: String::new() }
}

fn undone(step: &'static str, output: &str) -> Told {
    Told::Undone { step, output: output.into() }
}

fn unwound(reached: &'static str, cause: &str) -> Told {
    Told::Unwound { reached, cause: cause.into() }
}

/// The order after all of it, and the states it went through.
fn told(order: &Order, all: &[Told]) -> (Order, Vec<OrderState>) {
    let (order, changes) = tell(order, all, NOW).expect("legal moves");
    (order, changes.iter().map(|change| change.state).collect())
}

fn confirmed(method: Method) -> Order {
    let steps: &[&'static str] = match method {
        Method::Card => &[steps::PAY, steps::RESERVE, steps::COMMIT, steps::CAPTURE],
        _ => &[steps::PAY, steps::RESERVE, steps::COMMIT],
    };
    let all: Vec<Told> = steps.iter().map(|step| stepped(step)).collect();
    told(&order(method), &all).0
}

#[test]
fn a_recorded_order_is_received_and_being_paid() {
    let (order, changes) = Order::received((*order(Method::Card).content).clone());
    assert_eq!((order.state, order.sequence), (Paying, 2));
    let moves: Vec<_> = changes.iter().map(|change| (change.sequence, change.from, change.state)).collect();
    assert_eq!(moves, [(1, Unspecified, Received), (2, Received, Paying)]);
}

#[test]
fn a_card_is_confirmed_when_captured_an_instant_method_when_committed() {
    let card = [steps::PAY, steps::RESERVE, steps::COMMIT].map(stepped);
    let (order_by_card, states) = told(&order(Method::Card), &card);
    assert_eq!((states, order_by_card.taken), (vec![Reserving], false));
    assert_eq!(told(&order_by_card, &[stepped(steps::CAPTURE)]).1, [Confirmed]);
    let (order, states) = told(&order(Method::Transfer), &card);
    assert_eq!((states, order.taken), (vec![Reserving, Confirmed], true));
    assert_eq!(order.payment_id, "pay-id");
}

#[test]
fn a_step_that_changes_nothing_of_the_order_changes_nothing() {
    let (paid, _) = told(&order(Method::Card), &[stepped(steps::PAY)]);
    assert_eq!(
        tell(&paid, &[stepped(steps::RESERVE)], NOW.plus(std::time::Duration::from_secs(1))),
        Ok((paid, vec![]))
    );
}

#[test]
fn without_stock_a_card_was_only_held_and_an_instant_payment_is_given_back() {
    let undo = |output| [undone(steps::RESERVE, ""), undone(steps::PAY, output), unwound(steps::RESERVE, OUT_OF_STOCK)];
    let (card, _) = told(&order(Method::Card), &[stepped(steps::PAY)]);
    let (card, states) = told(&card, &[undoing(Some(steps::RESERVE), steps::RESERVE, OUT_OF_STOCK)]);
    assert!(states.is_empty());
    let (card, states) = told(&card, &undo(""));
    assert_eq!((states, card.cause.as_str(), card.reason.as_str()), (vec![OutOfStock], OUT_OF_STOCK, "because"));

    let (wallet, _) = told(&order(Method::Wallet), &[stepped(steps::PAY)]);
    let (wallet, states) = told(&wallet, &[undoing(Some(steps::RESERVE), steps::RESERVE, OUT_OF_STOCK)]);
    assert_eq!(states, [Refunding]);
    let (wallet, states) = told(&wallet, &undo(TAKEN));
    assert_eq!((states, wallet.cause.as_str()), (vec![Refunded], OUT_OF_STOCK));
}

#[test]
fn a_declined_payment_or_capture_ends_as_declined() {
    let ended = Told::Ended { step: steps::PAY, cause: PAYMENT_DECLINED.into(), reason: "no".into() };
    assert_eq!(told(&order(Method::Card), &[ended]).1, [Declined]);
    let (committed, _) = told(&order(Method::Card), &[stepped(steps::PAY)]);
    let all = [
        undoing(Some(steps::RESERVE), steps::CAPTURE, PAYMENT_DECLINED),
        undone(steps::RESERVE, ""),
        undone(steps::PAY, ""),
        unwound(steps::CAPTURE, PAYMENT_DECLINED),
    ];
    assert_eq!(told(&committed, &all).1, [Declined]);
}

#[test]
fn money_that_was_taken_without_anybody_knowing_is_told_of_when_it_is_given_back() {
    let all = [
        undoing(Some(steps::PAY), steps::PAY, CANCELLED_BY_CUSTOMER),
        undone(steps::PAY, TAKEN),
        unwound(steps::PAY, CANCELLED_BY_CUSTOMER),
    ];
    assert_eq!(told(&order(Method::Wallet), &all).1, [Refunding, Refunded]);
    let nothing_taken = [all[0].clone(), undone(steps::PAY, ""), all[2].clone()];
    assert_eq!(told(&order(Method::Wallet), &nothing_taken).1, [Cancelled]);
}

#[test]
fn a_cancelled_order_shows_refunding_only_after_shipping_has_agreed() {
    let mut order = confirmed(Method::Card);
    order.cancel = Some(Cancel { actor: "ann".into(), reason: "changed my mind".into() });
    let (order, states) = told(&order, &[undoing(Some(steps::SHIP), steps::SHIP, CANCELLED_BY_CUSTOMER)]);
    assert_eq!((states, order.cause.as_str()), (vec![], CANCELLED_BY_CUSTOMER));

    let (after, changes) = tell(&order, &[undone(steps::SHIP, "")], NOW).expect("legal");
    assert_eq!(after.state, Refunding);
    assert_eq!((changes[0].actor.as_str(), changes[0].reason.as_str()), ("ann", "changed my mind"));

    let (stood, states) = told(&order, &[Told::Stood { step: steps::SHIP }]);
    assert_eq!((states, stood.state, stood.cancel, stood.cause.as_str()), (vec![], Confirmed, None, ""));
}

#[test]
fn a_card_that_was_held_while_its_order_was_cancelled_is_given_up_without_a_step_back() {
    let wish = undoing(Some(steps::PAY), steps::PAY, CANCELLED_BY_CUSTOMER);
    let all = [stepped(steps::PAY), wish, undone(steps::PAY, ""), unwound(steps::PAY, CANCELLED_BY_CUSTOMER)];
    assert_eq!(told(&order(Method::Card), &all).1, [Reserving, Cancelled]);
    let (_, states) = told(&order(Method::Wallet), &all);
    assert_eq!(states, [Reserving, Refunding, Refunded]);
}

#[test]
fn a_parked_order_says_what_it_waits_at_and_leaves_as_it_came() {
    let parked = Told::Parked { step: steps::SHIP, cause: "NO_ANSWER".into(), reason: "silence".into() };
    let (order, states) = told(&confirmed(Method::Card), &[parked]);
    assert_eq!((states, order.cause.as_str()), (vec![NeedsAttention], "NO_ANSWER"));
    assert_eq!(order.parked.as_ref().map(|parked| parked.step.as_str()), Some(steps::SHIP));

    let resumed = |direction| Told::Resumed { step: steps::SHIP, direction, actor: "bob".into(), note: "again".into() };
    let (after, changes) = tell(&order, &[resumed(Direction::Forward)], NOW).expect("legal");
    assert_eq!((after.state, after.parked, after.cause.as_str()), (Confirmed, None, ""));
    assert_eq!((changes[0].actor.as_str(), changes[0].reason.as_str()), ("bob", "again"));
    assert_eq!(told(&order, &[undoing(Some(steps::SHIP), steps::SHIP, "NO_ANSWER")]).1, [Confirmed]);
}

#[test]
fn an_undo_that_a_person_has_tried_again_is_giving_back_again() {
    let (refunding, _) = told(&confirmed(Method::Card), &[undone(steps::SHIP, "")]);
    let parked = Told::Parked { step: steps::PAY, cause: "NOT_FOUND".into(), reason: String::new() };
    let resumed = Told::Resumed { step: steps::PAY, direction: Direction::Undo, actor: "b".into(), note: "".into() };
    assert_eq!(told(&refunding, &[parked, resumed]).1, [NeedsAttention, Refunding]);
}

#[test]
fn an_illegal_move_is_refused_and_named() {
    let refused = tell(&confirmed(Method::Card), &[stepped(steps::PAY)], NOW).expect_err("not twice");
    assert_eq!(refused.to_string(), "I4: an order may not go from Confirmed to Reserving");
}
