//! A span as it is kept from its beginning to its export.

use crate::{Traceparent, names::Attribute};
use std::sync::Arc;

/// What a span is to the one beyond it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A call as its callee sees it.
    Server,
    /// A call, or one attempt of it, as its caller sees it.
    Client,
    /// Events being digested.
    Consumer,
}

/// What an attribute says. Text that comes from a request is [`Value::id`], which takes identifiers only.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Value {
    /// A word of the program's own.
    Word(&'static str),
    /// A name of the contract's, or an identifier.
    Name(Arc<str>),
    /// A number.
    Number(i64),
    /// Whether something is so.
    Truth(bool),
}

/// The longest identifier.
const LONGEST: usize = 128;

impl Value {
    /// An identifier: letters and digits of ASCII, and `-`, `_`, `.`, `/`. Nothing else, so that no text that somebody wrote
    /// gets into a span by mistake.
    pub fn id(text: &str) -> Option<Self> {
        is_id(text).then(|| Self::Name(text.into()))
    }
}

/// See [`Value::id`].
pub fn is_id(text: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.' | b'/');
    !text.is_empty() && text.len() <= LONGEST && text.bytes().all(plain)
}

impl From<&'static str> for Value {
    fn from(word: &'static str) -> Self {
        Self::Word(word)
    }
}

impl From<i64> for Value {
    fn from(number: i64) -> Self {
        Self::Number(number)
    }
}

impl From<bool> for Value {
    fn from(truth: bool) -> Self {
        Self::Truth(truth)
    }
}

/// What all spans of one method, or one kind of event, have in common; built once.
#[derive(Debug)]
pub struct Shape {
    pub(crate) name: String,
    pub(crate) kind: Kind,
    pub(crate) attributes: Vec<(Attribute, Value)>,
}

impl Shape {
    /// A shape with no attributes yet.
    pub fn new(name: impl Into<String>, kind: Kind) -> Self {
        Self { name: name.into(), kind, attributes: Vec::new() }
    }

    /// And this attribute. `name` is the program's or the contract's, never a customer's.
    #[must_use]
    pub fn with(mut self, attribute: Attribute, name: &str) -> Self {
        self.attributes.push((attribute, Value::Name(name.into())));
        self
    }
}

/// A span.
#[derive(Debug)]
pub struct Record {
    /// Whose, by its place in the table of services.
    pub service: usize,
    pub shape: Arc<Shape>,
    /// The trace, and the span itself as the parent of whatever follows.
    pub context: Traceparent,
    pub parent: Option<u64>,
    /// Nanoseconds since 1970.
    pub start: u64,
    pub end: u64,
    pub attributes: Vec<(Attribute, Value)>,
    pub links: Vec<Traceparent>,
    pub failed: bool,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_identifiers_get_into_a_span_from_outside() {
        assert!(Value::id("01ARZ3NDEKTSV4RRFFQ69G5FAV-1").is_some());
        for text in ["", "ann@example.org", "12 Main Street", "a\nb", "\"", "é", &"a".repeat(129)] {
            assert_eq!(Value::id(text), None, "{text:?}");
        }
    }
}
