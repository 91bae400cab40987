//! Reads requests: what [`Check`] does not know already, amounts and means of payment.

use crate::domain::{Method, Step, Token};
use api::{order::v1::Payment as Means, types::Money, types::StepRef};
use fabric::Check;

const LONGEST: usize = 128;

/// An identifier that somebody gave.
pub fn id(check: &mut Check, field: &str, id: &str) {
    check.text(id, LONGEST, field);
}

/// Free text. Any but the one character that PostgreSQL cannot keep.
pub fn text(check: &mut Check, field: &str, text: &str) {
    let right = text.chars().count() <= 1_000 && !text.contains('\0');
    check.require(right, field, "at most 1,000 characters, none of them NUL");
}

/// More than nothing, in a currency.
pub fn amount(check: &mut Check, amount: Option<Money>) -> Money {
    let amount = amount.unwrap_or_default();
    let code = &amount.currency_code;
    let currency = code.len() == 3 && code.bytes().all(|byte| byte.is_ascii_uppercase());
    check.require(currency, "amount.currency_code", "three capital letters (ISO 4217)");
    check.require(amount.minor_units > 0, "amount.minor_units", "more than zero");
    amount
}

/// A means of payment: a card, or anything that pays at once.
pub fn means(check: &mut Check, means: Option<Means>, card: bool) -> (Method, Token) {
    let means = means.unwrap_or_default();
    let method = Method::try_from(means.method).unwrap_or_default();
    let (fits, wanted) = match card {
        true => (method == Method::Card, "a card is authorised; charge takes other methods"),
        false => (!matches!(method, Method::Card | Method::Unspecified), "TRANSFER or WALLET; cards are authorised"),
    };
    check.require(fits, "payment.method", wanted);
    check.text(&means.token, LONGEST, "payment.token");
    (method, Token(means.token))
}

/// The step that a saga's call belongs to.
pub fn step(check: &mut Check, step: Option<StepRef>) -> Option<Step> {
    let step = step?;
    id(check, "step.saga", &step.saga);
    id(check, "step.step", &step.step);
    check.require(step.attempt >= 1, "step.attempt", "counts from 1");
    Some(Step { saga: step.saga, step: step.step, attempt: step.attempt.into() })
}

/// The step that an undo stands for.
pub fn undoes(check: &mut Check, step: Option<StepRef>) -> StepRef {
    let step = step.unwrap_or_default();
    id(check, "undoes.saga", &step.saga);
    id(check, "undoes.step", &step.step);
    check.require(step.attempt == 0, "undoes.attempt", "0: an undo stands for all attempts");
    step
}
