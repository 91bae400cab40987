//! Reads requests: every field that is wrong is named, all in one answer.

use crate::domain::{Line, OrderId};
use api::{inventory::v1::StockLine, types::StepRef};
use tonic::Status;

/// Lines of one parcel.
const MOST: usize = 1_000;
/// Pieces of one line. A thousand order lines of a million pieces each are one line here, when they are of one SKU.
const MOST_PIECES: i64 = 1_000_000_000;
const PAGE: u64 = 50;
const LARGEST_PAGE: u64 = 1_000;

/// Collects what is wrong with a request.
#[derive(Default)]
pub struct Check(Vec<(String, String)>);

impl Check {
    /// Nothing, or INVALID_ARGUMENT with a BadRequest that names each field.
    pub fn done(self) -> Result<(), Status> {
        if self.0.is_empty() {
            return Ok(());
        }
        let named: Vec<(&str, &str)> = self.0.iter().map(|(field, wrong)| (field.as_str(), wrong.as_str())).collect();
        Err(fabric::status::bad_request(&named))
    }

    /// Notes `wrong` of `field`, unless it is right.
    fn require(&mut self, right: bool, field: impl Into<String>, wrong: &str) {
        if !right {
            self.0.push((field.into(), wrong.to_owned()));
        }
    }

    pub fn request_id(&mut self, id: &str) {
        let right = (1..=128).contains(&id.len()) && id.bytes().all(|byte| (b' '..=b'~').contains(&byte));
        self.require(right, "request_id", "1 to 128 printable ASCII characters");
    }

    pub fn order(&mut self, id: &str) -> OrderId {
        self.text(id, 128, "order_id");
        OrderId(id.to_owned())
    }

    /// 1 to `most` characters, none of them a control character.
    pub fn text(&mut self, text: &str, most: usize, field: impl Into<String>) {
        let length = text.chars().count();
        let right = (1..=most).contains(&length) && !text.chars().any(char::is_control);
        self.require(right, field, &format!("1 to {most} characters, none of them a control character"));
    }

    /// What is in the parcel; nothing, for an order of charges alone.
    pub fn lines(&mut self, lines: &[StockLine]) -> Vec<Line> {
        self.require(lines.len() <= MOST, "lines", &format!("at most {MOST} of them"));
        for (place, line) in lines.iter().enumerate() {
            self.text(&line.sku, 64, format!("lines[{place}].sku"));
            let right = (1..=MOST_PIECES).contains(&line.quantity);
            self.require(right, format!("lines[{place}].quantity"), &format!("1 to {MOST_PIECES}"));
        }
        lines.iter().map(|line| Line { sku: line.sku.clone(), quantity: line.quantity }).collect()
    }

    /// A step that is to be done.
    pub fn step(&mut self, step: Option<&StepRef>) {
        if let Some(step) = step {
            self.names(step, "step");
            self.require(step.attempt >= 1, "step.attempt", "1 or more: an action is an attempt");
        }
    }

    /// A step that is to be undone.
    pub fn undoes(&mut self, step: Option<&StepRef>) {
        if let Some(step) = step {
            self.names(step, "undoes");
            self.require(step.attempt == 0, "undoes.attempt", "0: an undo stands for all attempts");
        }
    }

    fn names(&mut self, step: &StepRef, field: &str) {
        self.text(&step.saga, 128, format!("{field}.saga"));
        self.text(&step.step, 64, format!("{field}.step"));
    }

    /// How many rows a page has.
    pub fn page_size(&mut self, asked: i32) -> u64 {
        self.require(asked >= 0, "page_size", "0 to 1,000");
        match u64::try_from(asked).unwrap_or(0) {
            0 => PAGE,
            asked => asked.min(LARGEST_PAGE),
        }
    }

    /// Where the page begins; the start of `listing` when there is no token.
    pub fn page_token(&mut self, listing: &str, token: &str) -> String {
        if token.is_empty() {
            return String::new();
        }
        let place = crate::tokens::read(listing, token);
        self.require(place.is_some(), "page_token", "not one that this listing gave: begin without one");
        place.unwrap_or_default()
    }
}
