//! The table of legal moves, and what no move may break.

use super::*;

fn card(state: State) -> Payment {
    let (authorised, captured) = match state {
        State::Authorised => (100, 0),
        State::Captured => (100, 100),
        _ => (0, 0),
    };
    Payment {
        id: "p".into(),
        order: "o".into(),
        method: Method::Card,
        token: Token("tok_ok".into()),
        currency: "GBP".into(),
        amount: 100,
        authorised,
        captured,
        refunded: 0,
        promised: 0,
        state,
        decline_reason: String::new(),
        withdrawn: false,
        running: None,
        queued: 0,
        version: 1,
        created: Timestamp::default(),
        updated: Timestamp::default(),
    }
}

fn operation(kind: Kind, amount: i64) -> Operation {
    let mut operation = Operation::undoing(&card(State::Pending), kind, amount, None, Timestamp::default());
    operation.undoing = false;
    operation
}

/// Runs an operation through, and says what moved.
fn run(payment: &mut Payment, kind: Kind, amount: i64, word: &Word) -> i64 {
    let operation = operation(kind, amount);
    payment.accept(&operation);
    payment.settle(&operation, word)
}

#[test]
fn every_word_on_every_operation_leads_where_the_table_says() {
    let declined = Word::Declined("no".into());
    let table = [
        (State::Pending, Kind::Authorise, Word::Done, State::Authorised, 0),
        (State::Pending, Kind::Authorise, declined.clone(), State::Declined, 0),
        (State::Pending, Kind::Authorise, Word::Cancelled, State::Voided, 0),
        (State::Pending, Kind::Charge, Word::Done, State::Captured, 100),
        (State::Pending, Kind::Charge, declined.clone(), State::Declined, 0),
        (State::Pending, Kind::Charge, Word::Cancelled, State::Voided, 0),
        (State::Authorised, Kind::Capture, Word::Done, State::Captured, 100),
        (State::Authorised, Kind::Capture, declined.clone(), State::Authorised, 0),
        (State::Authorised, Kind::Capture, Word::Cancelled, State::Authorised, 0),
        (State::Authorised, Kind::Void, Word::Done, State::Voided, 0),
        (State::Authorised, Kind::Void, declined.clone(), State::Authorised, 0),
        (State::Captured, Kind::Refund, Word::Done, State::Refunded, -100),
        (State::Captured, Kind::Refund, declined, State::Captured, 0),
    ];
    for (from, kind, word, to, moved) in table {
        let mut payment = card(from);
        assert_eq!(run(&mut payment, kind, 100, &word), moved, "{kind:?} {word:?}");
        assert_eq!(payment.state, to, "{kind:?} {word:?}");
        assert_eq!(payment.running, None);
        assert_eq!(payment.promised, 0);
        assert!(payment.refunded <= payment.captured && payment.captured <= payment.authorised, "I1");
    }
}

#[test]
fn refunds_done_and_promised_never_exceed_what_was_captured() {
    let mut payment = card(State::Captured);
    run(&mut payment, Kind::Refund, 60, &Word::Done);
    assert_eq!(payment.state, State::Captured);
    assert_eq!(payment.admit(Kind::Refund, 41), Admission::Refuse(Refusal::RefundExceedsCapture));
    payment.accept(&operation(Kind::Refund, 30));
    assert_eq!(payment.admit(Kind::Refund, 11), Admission::Refuse(Refusal::RefundExceedsCapture));
    assert_eq!(payment.admit(Kind::Refund, 10), Admission::Queue);
}

#[test]
fn a_declined_refund_gives_its_promise_back() {
    let mut payment = card(State::Captured);
    run(&mut payment, Kind::Refund, 100, &Word::Declined("closed".into()));
    assert_eq!(payment.admit(Kind::Refund, 100), Admission::Start);
}

#[test]
fn only_what_is_held_is_captured() {
    let refused = Admission::Refuse(Refusal::NotAuthorised);
    assert_eq!(card(State::Authorised).admit(Kind::Capture, 100), Admission::Start);
    for state in [State::Captured, State::Declined, State::Voided, State::Refunded] {
        assert_eq!(card(state).admit(Kind::Capture, 100), refused, "{state:?}");
    }
    let mut withdrawn = card(State::Authorised);
    withdrawn.withdrawn = true;
    assert_eq!(withdrawn.admit(Kind::Capture, 100), refused);
}

#[test]
fn a_withdrawal_first_does_what_the_payment_s_state_asks_for() {
    let mut pending = card(State::Pending);
    pending.running = Some("k".into());
    assert_eq!(pending.withdraw(Some(Kind::Authorise)), Withdrawal::Cancel { key: "k".into() });
    assert_eq!(card(State::Authorised).withdraw(None), Withdrawal::Start { kind: Kind::Void, amount: 100 });
    let mut refunded_in_part = card(State::Captured);
    refunded_in_part.refunded = 30;
    assert_eq!(refunded_in_part.withdraw(None), Withdrawal::Start { kind: Kind::Refund, amount: 70 });
    let mut refunding = card(State::Captured);
    refunding.running = Some("k".into());
    assert_eq!(refunding.withdraw(Some(Kind::Refund)), Withdrawal::Wait);
    for state in [State::Declined, State::Voided, State::Refunded] {
        assert_eq!(card(state).withdraw(None), Withdrawal::AtRest, "{state:?}");
    }
}

#[test]
fn what_happened_although_it_was_to_be_cancelled_is_given_back() {
    let mut payment = card(State::Pending);
    let charge = operation(Kind::Charge, 100);
    payment.accept(&charge);
    payment.withdraw(Some(Kind::Charge));
    payment.settle(&charge, &Word::Done);
    assert_eq!(payment.remainder(), Some((Kind::Refund, 100)));
    assert!(!payment.at_rest());
}

#[test]
fn a_capture_whose_turn_comes_after_a_void_is_refused() {
    let mut payment = card(State::Authorised);
    payment.withdraw(None);
    let mut capture = operation(Kind::Capture, 100);
    capture.stage = Stage::Queued;
    payment.accept(&capture);
    assert_eq!(payment.turn(&capture), Err(Refusal::NotAuthorised));
    assert_eq!((payment.queued, payment.running), (0, None));
}

#[test]
fn every_movement_adds_up_to_zero() {
    for moved in [i64::MIN + 1, -5, 0, 7] {
        assert_eq!(entries(moved).iter().map(|(_, amount)| amount).sum::<i64>(), 0, "I1");
    }
    assert!(entries(0).is_empty());
}

#[test]
fn a_token_does_not_show_itself() {
    assert!(!format!("{:?}", card(State::Pending)).contains("tok_ok"));
}
