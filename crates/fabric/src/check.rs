//! Reading a request: everything that is wrong with it is named, field by field, in one answer.
//!
//! Holds what the contract says of every service's requests (keys, texts, steps, pages); what a service alone knows it says
//! with [`Check::require`]. Apart from [`crate::status`], which only writes down what was found.

use crate::{
    page::{self, Listing},
    status,
};
use std::fmt;
use tonic::Status;

/// Fields, and what would be right for each.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Violations(Vec<(String, String)>);

impl Violations {
    /// One field alone.
    pub fn one(field: impl Into<String>, wanted: impl Into<String>) -> Self {
        Self(vec![(field.into(), wanted.into())])
    }
}

impl fmt::Display for Violations {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("invalid request")
    }
}

impl std::error::Error for Violations {}

/// INVALID_ARGUMENT with a BadRequest that names each field.
impl From<Violations> for Status {
    fn from(Violations(fields): Violations) -> Self {
        status::bad_request(&fields)
    }
}

/// Collects what is wrong with a request.
///
/// ```
/// use outrigger_fabric::{Check, status};
///
/// let mut check = Check::default();
/// check.request_id("");
/// check.require(1 > 2, "lines[2].quantity", "at least 1");
/// let refused = tonic::Status::from(check.done().unwrap_err());
/// let fields: Vec<String> = status::violations(&refused).into_iter().map(|(field, _)| field).collect();
/// assert_eq!(fields, ["request_id", "lines[2].quantity"]);
/// ```
#[derive(Debug, Default)]
pub struct Check(Violations);

impl Check {
    /// All that is wrong, if anything is.
    pub fn done(self) -> Result<(), Violations> {
        if self.0.0.is_empty() { Ok(()) } else { Err(self.0) }
    }

    /// Notes what is `wanted` of `field`, unless it is right.
    pub fn require(&mut self, right: bool, field: impl Into<String>, wanted: &str) {
        if !right {
            self.0.0.push((field.into(), wanted.to_owned()));
        }
    }

    /// A caller's key: 1 to 128 printable ASCII characters.
    pub fn request_id(&mut self, id: &str) {
        let right = (1..=128).contains(&id.len()) && id.bytes().all(|byte| (b' '..=b'~').contains(&byte));
        self.require(right, "request_id", "1 to 128 printable ASCII characters");
    }

    /// 1 to `most` characters, none of them a control character.
    pub fn text(&mut self, text: &str, most: usize, field: impl Into<String>) {
        let length = text.chars().count();
        let right = (1..=most).contains(&length) && !text.chars().any(char::is_control);
        self.require(right, field, &format!("1 to {most} characters, none of them a control character"));
    }

    /// A saga's step that is to be done, in the field `step`.
    pub fn step(&mut self, saga: &str, step: &str, attempt: i32) {
        self.text(saga, 128, "step.saga");
        self.text(step, 64, "step.step");
        self.require(attempt >= 1, "step.attempt", "1 or more: an action is an attempt");
    }

    /// A saga's step that is to be undone, in the field `undoes`.
    pub fn undoes(&mut self, saga: &str, step: &str, attempt: i32) {
        self.text(saga, 128, "undoes.saga");
        self.text(step, 64, "undoes.step");
        self.require(attempt == 0, "undoes.attempt", "0: an undo stands for all attempts");
    }

    /// How many rows a page has: see [`page::size`].
    pub fn page_size(&mut self, asked: i32) -> u64 {
        let size = page::size(asked);
        self.require(size.is_some(), "page_size", "1 to 1,000; 0 means 50");
        size.unwrap_or(page::USUAL)
    }

    /// Where the page begins, as `read` understands the place; none at the start of the listing, where there is no token.
    pub fn page_token<P>(
        &mut self,
        listing: &Listing,
        token: &str,
        read: impl FnOnce(String) -> Option<P>,
    ) -> Option<P> {
        if token.is_empty() {
            return None;
        }
        let place = listing.place(token).and_then(read);
        let wanted = "the next_page_token of the page before, with the same filter; none at the beginning";
        self.require(place.is_some(), "page_token", wanted);
        place
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_right_is_not_spoken_of() {
        let mut check = Check::default();
        check.request_id("order 1/pay/1");
        check.text("ééé", 3, "reason");
        check.step("01HF", "pay", 1);
        check.undoes("01HF", "pay", 0);
        assert_eq!(check.page_size(0), 50);
        assert_eq!(check.page_token(&Listing::new("ListLevels", &[]), "", Some), None);
        assert_eq!(check.done(), Ok(()));
    }

    #[test]
    fn every_wrong_field_is_named_in_one_answer() {
        let mut check = Check::default();
        check.request_id("a\tb");
        check.text("", 8, "reason");
        check.text("line\nbreak", 16, "actor");
        check.step("", "pay", 0);
        check.undoes("01HF", &"x".repeat(65), 1);
        check.page_size(-1);
        check.page_token(&Listing::new("ListLevels", &[]), "made up", Some);
        let refused = Status::from(check.done().unwrap_err());
        let fields: Vec<String> = status::violations(&refused).into_iter().map(|(field, _)| field).collect();
        assert_eq!(
            fields,
            [
                "request_id",
                "reason",
                "actor",
                "step.saga",
                "step.attempt",
                "undoes.step",
                "undoes.attempt",
                "page_size",
                "page_token"
            ]
        );
    }

    #[test]
    fn a_place_that_cannot_be_read_is_no_place() {
        let listing = Listing::new("ListLevels", &[]);
        let mut check = Check::default();
        let place = check.page_token(&listing, &listing.token("x"), |place| place.parse::<i64>().ok());
        assert_eq!((place, check.done().is_err()), (None, true));
    }
}
