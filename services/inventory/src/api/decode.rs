//! Reads requests: every field that is wrong is named, all in one answer.

use crate::domain::{Lines, OrderId, Sku};
use api::{inventory::v1 as pb, types::StepRef};
use std::{collections::BTreeSet, time::Duration};
use tonic::Status;

/// Items, SKUs or lines of one call.
const MOST: usize = 1_000;
/// Pieces of one line. A thousand order lines of a million pieces each are one line here, when they are of one SKU.
const MOST_PIECES: i64 = 1_000_000_000;
/// The longest hold.
const LONGEST_HOLD: Duration = Duration::from_secs(30 * 24 * 3_600);
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
    pub fn require(&mut self, right: bool, field: impl Into<String>, wrong: &str) {
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

    pub fn count(&mut self, count: usize, field: &str) {
        self.require((1..=MOST).contains(&count), field, &format!("1 to {MOST} of them"));
    }

    pub fn lines(&mut self, lines: &[pb::StockLine]) -> Lines {
        self.count(lines.len(), "lines");
        for (place, line) in lines.iter().enumerate() {
            self.text(&line.sku, 64, format!("lines[{place}].sku"));
            let right = (1..=MOST_PIECES).contains(&line.quantity);
            self.require(right, format!("lines[{place}].quantity"), &format!("1 to {MOST_PIECES}"));
        }
        Lines::sum(lines.iter().map(|line| (Sku(line.sku.clone()), line.quantity)))
    }

    pub fn skus(&mut self, skus: &[String]) {
        self.count(skus.len(), "skus");
        for (place, sku) in skus.iter().enumerate() {
            self.text(sku, 64, format!("skus[{place}]"));
        }
    }

    pub fn difference(&mut self, difference: i64) {
        let right = difference != 0 && difference.unsigned_abs() <= MOST_PIECES.unsigned_abs();
        self.require(right, "difference", &format!("not zero, and at most {MOST_PIECES} either way"));
    }

    /// How long to hold; none when the caller leaves it to the service.
    pub fn hold_for(&mut self, hold_for: Option<prost_types::Duration>) -> Option<Duration> {
        let asked = Duration::try_from(hold_for?).unwrap_or_default();
        let right = !asked.is_zero() && asked <= LONGEST_HOLD;
        self.require(right, "hold_for", "more than nothing, at most 30 days");
        Some(asked)
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

    pub fn items(&mut self, items: &[pb::CatalogueItem]) {
        self.count(items.len(), "items");
        let mut seen = BTreeSet::new();
        for (place, item) in items.iter().enumerate() {
            let at = format!("items[{place}]");
            self.text(&item.sku, 64, format!("{at}.sku"));
            self.require(seen.insert(&item.sku), format!("{at}.sku"), "named twice in one call");
            self.require(item.title.chars().count() <= 512, format!("{at}.title"), "at most 512 characters");
            self.count(item.prices.len(), &format!("{at}.prices"));
            for (number, price) in item.prices.iter().enumerate() {
                self.price(price, &format!("{at}.prices[{number}]"));
            }
        }
    }

    fn price(&mut self, price: &pb::Price, at: &str) {
        self.require(price.min_quantity >= 1, format!("{at}.min_quantity"), "1 or more");
        let Some(money) = &price.unit_price else {
            return self.require(false, format!("{at}.unit_price"), "required");
        };
        let code = &money.currency_code;
        let right = code.len() == 3 && code.bytes().all(|byte| byte.is_ascii_uppercase());
        self.require(right, format!("{at}.unit_price.currency_code"), "three capital letters (ISO 4217)");
        self.require(money.minor_units >= 0, format!("{at}.unit_price.minor_units"), "not negative");
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
