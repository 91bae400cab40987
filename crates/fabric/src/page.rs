//! Lists, page by page: how many are on one, and the token that leads to the next.
//!
//! A token is opaque, holds the place where its page ended, and is bound to the [`Listing`] that gave it: one method under
//! one filter. What was made up, or belongs to another listing, is refused instead of leading somewhere. Apart from the
//! services because the contract promises the same of every list; it knows no table and no request.
//!
//! ```
//! use outrigger_fabric::page::{self, Listing};
//!
//! let listing = Listing::new("ListShipments", &["order 1"]);
//! let size = page::size(2).expect("2 is a size");
//! // One row more than asked for tells whether there is another page.
//! let mut rows = vec!["a", "b", "c"];
//! let token = listing.cut(&mut rows, size, |last| last.to_string());
//! assert_eq!(rows, ["a", "b"]);
//! assert_eq!(listing.place(&token).as_deref(), Some("b"));
//! assert_eq!(Listing::new("ListShipments", &["order 2"]).place(&token), None);
//! ```

use sha2::{Digest, Sha256};
use std::fmt::Write;

/// How many rows a page has when the caller does not say.
pub const USUAL: u64 = 50;
/// The most rows of a page.
pub const LARGEST: i32 = 1_000;

/// Bytes of the checksum: 64 bits, of a hash that is not shown whole.
const SUM: usize = 8;

/// How many rows a page has: 1 to [`LARGEST`], [`USUAL`] for 0. None for all other sizes; a list that cuts what is too
/// large instead of refusing it asks for `asked.min(LARGEST)`.
///
/// ```
/// use outrigger_fabric::page;
///
/// assert_eq!([0, 7, 1_000].map(page::size), [Some(50), Some(7), Some(1_000)]);
/// assert_eq!([-1, 1_001].map(page::size), [None, None]);
/// ```
pub fn size(asked: i32) -> Option<u64> {
    match asked {
        0 => Some(USUAL),
        asked if asked <= LARGEST => u64::try_from(asked).ok(),
        _ => None,
    }
}

/// One method's list under one filter: what its tokens are bound to.
#[derive(Clone, Debug)]
pub struct Listing(Sha256);

impl Listing {
    /// The list of `method`, of what passes `filter`: the filter's values, in a fixed order, unset ones empty.
    pub fn new(method: &str, filter: &[&str]) -> Self {
        let mut hash = Sha256::new();
        for part in std::iter::once(&method).chain(filter) {
            hash.update((part.len() as u64).to_be_bytes()); // so that no two filters run together
            hash.update(part);
        }
        Self(hash)
    }

    /// With a secret of the service's, so that nobody else can make a token. Without one a token is only checked against
    /// slips, which is enough where a place says no more than what the caller may list anyway.
    #[must_use]
    pub fn keyed(mut self, secret: u128) -> Self {
        self.0.update(secret.to_be_bytes());
        self
    }

    /// The token of the page after the one that ended at `place`.
    pub fn token(&self, place: &str) -> String {
        let sum = self.0.clone().chain_update(place).finalize();
        let bytes = sum.iter().take(SUM).copied().chain(place.bytes());
        bytes.fold(String::with_capacity(2 * (SUM + place.len())), |mut token, byte| {
            let _infallible = write!(token, "{byte:02x}");
            token
        })
    }

    /// The place that a token names; none when this listing did not give it.
    pub fn place(&self, token: &str) -> Option<String> {
        let (_sum, hex) = token.split_at_checked(2 * SUM)?;
        let bytes: Option<Vec<u8>> = hex.as_bytes().chunks(2).map(byte).collect();
        let place = String::from_utf8(bytes?).ok()?;
        (self.token(&place) == token).then_some(place)
    }

    /// Takes off the rows beyond `size`, which only showed that there is a further page; the token that leads there, empty
    /// when there is none. `place` says where a row stands.
    pub fn cut<T>(&self, rows: &mut Vec<T>, size: u64, place: impl FnOnce(&T) -> String) -> String {
        let size = usize::try_from(size).unwrap_or(usize::MAX);
        if rows.len() <= size {
            return String::new();
        }
        rows.truncate(size);
        rows.last().map(|last| self.token(&place(last))).unwrap_or_default()
    }
}

fn byte(digits: &[u8]) -> Option<u8> {
    u8::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_leads_back_to_its_place_in_its_own_listing_only() {
        let paying = Listing::new("ListOrders", &["PAYING", "17"]);
        let token = paying.token("17|01HF");
        assert_eq!(paying.place(&token).as_deref(), Some("17|01HF"));
        for other in [["SHIPPED", "17"], ["PAYING1", "7"], ["", "PAYING17"]] {
            assert_eq!(Listing::new("ListOrders", &other).place(&token), None, "{other:?}");
        }
        assert_eq!(Listing::new("ListParked", &["PAYING", "17"]).place(&token), None);
    }

    #[test]
    fn made_up_tokens_are_refused_whatever_they_look_like() {
        let listing = Listing::new("ListLevels", &[]);
        let token = listing.token("85123A");
        let changed = format!("{}0", &token[..token.len() - 1]);
        let (shouted, signed) = (token.to_uppercase(), format!("{}+{}", &token[..16], &token[17..]));
        let looks = ["", "x", "0123456789abcdef", "0123456789abcdefzz", "ééééééééé", "äöü€äöü€äöü€äöü€"];
        for made_up in looks.into_iter().chain([&token[1..], &changed, &shouted, &signed]) {
            assert_eq!(listing.place(made_up), None, "{made_up}");
        }
    }

    #[test]
    fn with_a_secret_nobody_else_can_make_a_token() {
        let listing = || Listing::new("ListOrders", &[""]);
        let token = listing().keyed(1).token("01ABC");
        assert_eq!(listing().keyed(1).place(&token).as_deref(), Some("01ABC"));
        assert_eq!((listing().place(&token), listing().keyed(2).place(&token)), (None, None));
    }

    #[test]
    fn the_last_page_leads_nowhere() {
        let listing = Listing::new("ListLevels", &[]);
        for rows in [vec![], vec![1], vec![1, 2]] {
            let mut cut = rows.clone();
            assert_eq!((listing.cut(&mut cut, 2, i32::to_string), cut), (String::new(), rows));
        }
    }
}
