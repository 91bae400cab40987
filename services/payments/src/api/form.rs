//! Reads requests: every field that is wrong is named, and nothing is written before all are right.

use crate::{
    domain::{Method, Step, Token},
    error::Problem,
};
use api::{order::v1::Payment as Means, types::Money, types::StepRef};

const LONGEST: usize = 128;

/// Collects what is wrong with a request.
#[derive(Default)]
pub struct Form(Vec<(String, String)>);

impl Form {
    /// A caller's key.
    pub fn request_id(&mut self, id: &str) {
        let printable = id.bytes().all(|byte| byte.is_ascii_graphic() || byte == b' ');
        let fits = (1..=LONGEST).contains(&id.len());
        self.check("request_id", printable && fits, "1 to 128 printable ASCII characters");
    }

    /// An identifier that somebody gave.
    pub fn id(&mut self, field: &str, id: &str) {
        self.check(field, (1..=LONGEST).contains(&id.chars().count()), "1 to 128 characters");
    }

    /// Free text.
    pub fn text(&mut self, field: &str, text: &str) {
        self.check(field, text.chars().count() <= 1_000, "at most 1,000 characters");
    }

    /// More than nothing, in a currency.
    pub fn amount(&mut self, amount: Option<Money>) -> Money {
        let amount = amount.unwrap_or_default();
        let code = &amount.currency_code;
        let currency = code.len() == 3 && code.bytes().all(|byte| byte.is_ascii_uppercase());
        self.check("amount.currency_code", currency, "three capital letters (ISO 4217)");
        self.check("amount.minor_units", amount.minor_units > 0, "more than zero");
        amount
    }

    /// A means of payment: a card, or anything that pays at once.
    pub fn means(&mut self, means: Option<Means>, card: bool) -> (Method, Token) {
        let means = means.unwrap_or_default();
        let method = Method::try_from(means.method).unwrap_or_default();
        let (fits, wanted) = match card {
            true => (method == Method::Card, "a card is authorised; charge takes other methods"),
            false => {
                (!matches!(method, Method::Card | Method::Unspecified), "TRANSFER or WALLET; cards are authorised")
            }
        };
        self.check("payment.method", fits, wanted);
        self.check("payment.token", (1..=LONGEST).contains(&means.token.chars().count()), "1 to 128 characters");
        (method, Token(means.token))
    }

    /// The step that a saga's call belongs to.
    pub fn step(&mut self, step: Option<StepRef>) -> Option<Step> {
        let step = step?;
        self.id("step.saga", &step.saga);
        self.id("step.step", &step.step);
        self.check("step.attempt", step.attempt >= 1, "counts from 1");
        Some(Step { saga: step.saga, step: step.step, attempt: step.attempt.into() })
    }

    /// The step that an undo stands for.
    pub fn undoes(&mut self, step: Option<StepRef>) -> StepRef {
        let step = step.unwrap_or_default();
        self.id("undoes.saga", &step.saga);
        self.id("undoes.step", &step.step);
        self.check("undoes.attempt", step.attempt == 0, "0: an undo stands for all attempts");
        step
    }

    /// A page's size: 0 means 50.
    pub fn page_size(&mut self, size: i32) -> u64 {
        self.check("page_size", (0..=1_000).contains(&size), "1 to 1,000; 0 means 50");
        if size == 0 { 50 } else { u64::try_from(size).unwrap_or(50) }
    }

    /// Notes that a field is wrong unless `fine`.
    pub fn check(&mut self, field: &str, fine: bool, wanted: &str) {
        if !fine {
            self.0.push((field.to_owned(), wanted.to_owned()));
        }
    }

    /// All that is wrong, if anything is.
    pub fn done(self) -> Result<(), Problem> {
        if self.0.is_empty() { Ok(()) } else { Err(Problem::Invalid(self.0)) }
    }
}
