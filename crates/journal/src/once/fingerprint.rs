//! What a request said, field by field, in little room: enough to tell which field of a second request differs.

use sha2::{Digest, Sha256};

/// Bytes kept of each field's SHA-256: nobody finds two contents that share them.
const KEPT: usize = 16;

/// The contents of a request's fields, each as a name and a hash.
///
/// ```
/// use outrigger_journal::Fingerprint;
/// let asked = Fingerprint::new().field("customer_id", b"C1").field("lines", b"6 x 85123A");
/// # let _ = asked;
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Fingerprint(Vec<u8>);

impl Fingerprint {
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a field. Names are at most 255 bytes; what is behind that does not count.
    #[must_use]
    pub fn field(mut self, name: &str, content: impl AsRef<[u8]>) -> Self {
        let name = &name.as_bytes()[..name.len().min(usize::from(u8::MAX))];
        self.0.push(name.len() as u8);
        self.0.extend_from_slice(name);
        self.0.extend_from_slice(&Sha256::digest(content.as_ref())[..KEPT]);
        self
    }

    /// As it is stored: for each field the name's length, the name, the hash.
    pub(crate) fn bytes(&self) -> &[u8] {
        &self.0
    }

    /// The first field, in this request's order, that was not the same in the `stored` one; then the first that only
    /// the stored one has.
    pub(crate) fn differs_from(&self, stored: &[u8]) -> Option<String> {
        if self.0 == stored {
            return None;
        }
        let before: Vec<Field<'_>> = fields(stored).collect();
        let now: Vec<Field<'_>> = fields(&self.0).collect();
        let changed = now.iter().find(|field| !before.contains(field));
        let gone = || before.iter().find(|field| !now.contains(field));
        let name = changed.or_else(gone).or(now.first()).or(before.first())?.name;
        Some(String::from_utf8_lossy(name).into_owned())
    }
}

#[derive(PartialEq)]
struct Field<'a> {
    name: &'a [u8],
    hash: &'a [u8],
}

fn fields(mut bytes: &[u8]) -> impl Iterator<Item = Field<'_>> {
    std::iter::from_fn(move || {
        let (&length, rest) = bytes.split_first()?;
        let (name, rest) = rest.split_at_checked(usize::from(length))?;
        let (hash, rest) = rest.split_at_checked(KEPT)?;
        bytes = rest;
        Some(Field { name, hash })
    })
}

#[cfg(test)]
mod tests {
    use super::Fingerprint;

    fn print(fields: &[(&str, &str)]) -> Fingerprint {
        fields.iter().fold(Fingerprint::new(), |print, (name, content)| print.field(name, content))
    }

    #[test]
    fn the_first_field_that_differs_is_named() {
        let stored = print(&[("customer", "C1"), ("lines", "a"), ("address", "x")]);
        let differs = |fields: &[(&str, &str)]| print(fields).differs_from(stored.bytes());
        assert_eq!(differs(&[("customer", "C1"), ("lines", "a"), ("address", "x")]), None);
        assert_eq!(differs(&[("customer", "C1"), ("lines", "b"), ("address", "y")]).as_deref(), Some("lines"));
        assert_eq!(differs(&[("customer", "C1"), ("lines", "a"), ("address", "y")]).as_deref(), Some("address"));
    }

    #[test]
    fn a_field_that_came_or_went_differs_too() {
        let stored = print(&[("customer", "C1"), ("note", "n")]);
        assert_eq!(print(&[("customer", "C1")]).differs_from(stored.bytes()).as_deref(), Some("note"));
        let more = print(&[("customer", "C1"), ("note", "n"), ("policy", "HOLD")]);
        assert_eq!(more.differs_from(stored.bytes()).as_deref(), Some("policy"));
    }

    #[test]
    fn where_one_field_ends_and_the_next_begins_is_part_of_it() {
        assert!(print(&[("a", "bc")]).differs_from(print(&[("ab", "c")]).bytes()).is_some());
        assert!(print(&[("a", ""), ("b", "")]).differs_from(print(&[("b", ""), ("a", "")]).bytes()).is_some());
    }
}
