//! What may come back, and what is given for it.

use super::*;
use crate::domain::{Charge, Method, OnFailure, Policy};
use api::order::v1::ReturnLine as Message;

fn line(sku: &str, quantity: i64, unit_price: i64, returned: i64) -> Line {
    Line { sku: sku.into(), title: String::new(), quantity, unit_price, returned }
}

fn order(lines: Vec<Line>, discount: i64) -> Content {
    let total = lines.iter().map(|line| line.quantity * line.unit_price).sum::<i64>() - discount;
    Content {
        order_id: "o".into(),
        customer_id: "c".into(),
        email: String::new(),
        lines,
        charges: vec![Charge { code: "D".into(), title: String::new(), amount: -discount }],
        method: Method::Card,
        token: "t".into(),
        on_failure: OnFailure::Settled(Policy::Refund),
        currency: "GBP".into(),
        total,
        created_at: Timestamp::from_millis(1),
        trace: None,
    }
}

fn back(sku: &str, quantity: i64, unit_price: i64) -> ReturnLine {
    ReturnLine { sku: sku.into(), quantity, unit_price, currency: "GBP".into() }
}

#[test]
fn what_comes_back_is_spread_over_the_lines_of_its_price() {
    let order = order(vec![line("A", 3, 100, 1), line("A", 5, 90, 0), line("A", 4, 100, 0)], 0);
    let given = take_back(&order, 0, &[back("A", 5, 100), back("A", 1, 90)]).expect("there is enough");
    assert_eq!(given.taken_back, [(0, 2), (1, 1), (2, 3)]);
    assert_eq!(given.refund, 5 * 100 + 90);
}

#[test]
fn never_more_comes_back_than_went_out() {
    let order = order(vec![line("A", 3, 100, 1)], 0);
    assert_eq!(take_back(&order, 0, &[back("A", 3, 100)]), Err(TooMany { sku: "A".into(), left: 2 }));
    // In two lines of one request either.
    assert_eq!(
        take_back(&order, 0, &[back("A", 2, 100), back("A", 1, 100)]),
        Err(TooMany { sku: "A".into(), left: 0 })
    );
    assert!(take_back(&order, 0, &[back("A", 1, 99)]).is_err(), "nothing was bought at this price");
    let euros = ReturnLine { currency: "EUR".into(), ..back("A", 1, 100) };
    assert!(take_back(&order, 0, &[euros]).is_err());
    assert!(take_back(&order, 0, &[back("A", i64::MAX, 100)]).is_err());
}

#[test]
fn nobody_gets_back_more_than_the_order_cost() {
    let order = order(vec![line("A", 2, 100, 0)], 50);
    assert_eq!(take_back(&order, 0, &[back("A", 2, 100)]).expect("enough").refund, 150);
    assert_eq!(take_back(&order, 100, &[back("A", 1, 100)]).expect("enough").refund, 50);
}

#[test]
fn every_wrong_field_of_a_return_is_named() {
    let request = ReturnItemsRequest {
        request_id: String::new(),
        order_id: String::new(),
        lines: vec![Message { sku: String::new(), quantity: 0, unit_price: None }],
        reason: "\n".into(),
    };
    let violations = check_return(&request).expect_err("all wrong");
    let fields: Vec<&str> = violations.0.iter().map(|(field, _)| field.as_str()).collect();
    assert_eq!(
        fields,
        ["request_id", "order_id", "reason", "lines[0].sku", "lines[0].quantity", "lines[0].unit_price"]
    );
}

#[test]
fn a_return_without_money_is_restocked_alone() {
    let returned = |refund| Return {
        return_id: "r".into(),
        order_id: "o".into(),
        payment_id: "p".into(),
        lines: Arc::default(),
        refund,
        currency: "GBP".into(),
        reason: String::new(),
        created_at: Timestamp::from_millis(1),
    };
    assert_eq!(returned(0).steps(), steps::RESTOCK_ONLY);
    assert_eq!(returned(1).steps(), steps::RETURN);
}
