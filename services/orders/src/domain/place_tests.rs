//! What is wrong with a new order is named, field by field.

use super::*;
use api::order::v1::{ChargeLine, Customer, Payment, PaymentMethod};

const DEFAULT: OnFailure = OnFailure::Settled(Policy::Refund);

fn gbp(minor_units: i64) -> Option<Money> {
    Some(Money { currency_code: "GBP".into(), minor_units })
}

fn line(sku: &str, quantity: i64, price: i64) -> OrderLine {
    OrderLine { sku: sku.into(), quantity, unit_price: gbp(price), ..OrderLine::default() }
}

fn request() -> PlaceOrderRequest {
    PlaceOrderRequest {
        request_id: "536365".into(),
        customer: Some(Customer { customer_id: "17850".into(), email: "a@example.org".into() }),
        lines: vec![line("85123A", 6, 255)],
        charges: vec![ChargeLine { code: "POST".into(), title: "Postage".into(), amount: gbp(100) }],
        payment: Some(Payment { method: PaymentMethod::Card.into(), token: "tok".into() }),
        ..PlaceOrderRequest::default()
    }
}

fn fields(request: &PlaceOrderRequest) -> Vec<String> {
    match check_place(request, DEFAULT) {
        Ok(_) => Vec::new(),
        Err(violations) => violations.0.into_iter().map(|(field, _)| field).collect(),
    }
}

/// What is wrong with a request after a change.
fn wrong(change: impl FnOnce(&mut PlaceOrderRequest)) -> Vec<String> {
    let mut request = request();
    change(&mut request);
    fields(&request)
}

#[test]
fn a_sound_order_is_taken_and_summed() {
    let draft = check_place(&request(), DEFAULT).expect("sound");
    assert_eq!((draft.total, draft.currency.as_str()), (6 * 255 + 100, "GBP"));
    assert_eq!(draft.on_failure, DEFAULT);
}

#[test]
fn every_wrong_field_is_named_with_its_place() {
    let all = wrong(|request| {
        request.request_id = String::new();
        request.customer = None;
        request.payment = None;
        request.lines.push(line("22423", 0, 100));
        request.lines.push(line("22423", 1_000_001, 100));
        request.lines.push(line("", 1, -1));
        request.charges[0].amount = None;
    });
    assert_eq!(
        all,
        [
            "request_id",
            "customer.customer_id",
            "payment.method",
            "payment.token",
            "lines[1].quantity",
            "lines[2].quantity",
            "lines[3].sku",
            "lines[3].unit_price.minor_units",
            "charges[0].amount",
        ]
    );
}

#[test]
fn an_order_needs_a_line_and_has_at_most_a_thousand_with_its_charges() {
    assert_eq!(wrong(|request| request.lines.clear()), ["lines"]);
    assert_eq!(wrong(|request| request.lines = vec![line("A", 1, 1); 1_000]), ["lines"]);
    assert!(wrong(|request| request.lines = vec![line("A", 1, 1); 999]).is_empty());
}

#[test]
fn one_order_has_one_currency() {
    let other = |request: &mut PlaceOrderRequest| {
        request.charges[0].amount = Some(Money { currency_code: "EUR".into(), minor_units: 1 });
    };
    assert_eq!(wrong(other), ["charges[0].amount.currency_code"]);
    let unknown = |request: &mut PlaceOrderRequest| {
        request.lines[0].unit_price = Some(Money { currency_code: "gbp".into(), minor_units: 1 });
    };
    assert_eq!(wrong(unknown), ["lines[0].unit_price.currency_code"]);
}

#[test]
fn a_total_must_fit_and_be_above_zero() {
    assert_eq!(wrong(|request| request.lines[0].unit_price = gbp(i64::MAX)), ["lines"]);
    assert_eq!(wrong(|request| request.charges[0].amount = gbp(-6 * 255)), ["lines"]);
    assert!(wrong(|request| request.charges[0].amount = gbp(1 - 6 * 255)).is_empty());
    // Sums that would wrap around twice.
    assert_eq!(wrong(|request| request.lines = vec![line("A", 1_000_000, i64::MAX); 999]), ["lines"]);
}

#[test]
fn texts_have_bounds_and_no_control_characters() {
    assert_eq!(wrong(|request| request.request_id = "x".repeat(129)), ["request_id"]);
    assert_eq!(wrong(|request| request.request_id = "ü".into()), ["request_id"]);
    assert_eq!(wrong(|request| request.lines[0].sku = "x".repeat(65)), ["lines[0].sku"]);
    assert_eq!(wrong(|request| request.charges[0].title = "a\u{7}b".into()), ["charges[0].title"]);
    let injected = |request: &mut PlaceOrderRequest| {
        request.customer = Some(Customer { customer_id: "1".into(), email: "a@b\r\nBcc: c@d".into() });
    };
    assert_eq!(wrong(injected), ["customer.email"]);
}

#[test]
fn a_policy_is_checked_and_completed() {
    let policy = |action: FailureAction, seconds: i64, then: FailureAction| FailurePolicy {
        action: action.into(),
        retry_for: Some(prost_types::Duration { seconds, nanos: 0 }),
        then: then.into(),
    };
    let with = |policy| move |request: &mut PlaceOrderRequest| request.on_failure = Some(policy);
    assert_eq!(
        wrong(with(policy(FailureAction::Retry, 0, FailureAction::Retry))),
        ["on_failure.retry_for", "on_failure.then"]
    );
    assert_eq!(
        wrong(with(policy(FailureAction::Retry, 31 * 24 * 3600, FailureAction::Hold))),
        ["on_failure.retry_for"]
    );
    let mut sound = request();
    sound.on_failure = Some(policy(FailureAction::Retry, 5, FailureAction::Unspecified));
    let draft = check_place(&sound, DEFAULT).expect("sound");
    assert_eq!(draft.on_failure, OnFailure::Retry { retry_for: Duration::from_secs(5), then: Policy::Refund });
}

#[test]
fn what_the_catalogue_does_not_carry_is_named_line_by_line() {
    let mut request = request();
    request.lines.push(line("22423", 1, 100));
    request.lines.push(line("22423", 1, 100));
    let priced = |pricings| {
        let draft = check_place(&request, DEFAULT).expect("sound");
        draft.priced(pricings, "01".into(), Timestamp::from_millis(1), None)
    };
    let carried = || Pricing::Carried { title: "CAKESTAND".into() };
    let violations = priced(vec![Pricing::Unknown, carried(), Pricing::OtherPrice]).expect_err("not carried");
    let fields: Vec<&str> = violations.0.iter().map(|(field, _)| field.as_str()).collect();
    assert_eq!(fields, ["lines[0].sku", "lines[2].unit_price"]);
    let content = priced(vec![carried(), carried(), carried()]).expect("carried");
    assert!(content.lines.iter().all(|line| line.title == "CAKESTAND"));
}
