//! Page tokens: where a page ended, in which list and under which filter, with a keyed checksum. A token that was made
//! up, or belongs to another list or filter, is refused.

use crate::{domain::Violations, store::Secret};
use sha2::{Digest, Sha256};

const SIZE: u64 = 50;
const MAX_SIZE: u64 = 1_000;
/// Hexadecimal digits of the checksum: 64 bits, of a hash that is not shown whole.
const DIGITS: usize = 16;

/// The token of the page after the one that ended at `cursor`.
pub fn token(secret: Secret, list: &str, cursor: &str) -> String {
    format!("{}{cursor}", checksum(secret, list, cursor))
}

/// Where the page begins that a token stands for: `None` for the first.
pub fn cursor(secret: Secret, list: &str, token: &str) -> Result<Option<String>, Violations> {
    if token.is_empty() {
        return Ok(None);
    }
    match token.split_at_checked(DIGITS) {
        Some((sum, cursor)) if checksum(secret, list, cursor) == sum => Ok(Some(cursor.to_owned())),
        _ => {
            let mut violations = Violations::default();
            violations.add("page_token", "was not given by this list with this filter");
            Err(violations)
        }
    }
}

/// How many are on a page.
pub fn size(asked: i32) -> Result<u64, Violations> {
    match u64::try_from(asked) {
        Ok(0) => Ok(SIZE),
        Ok(asked) => Ok(asked.min(MAX_SIZE)),
        Err(_) => {
            let mut violations = Violations::default();
            violations.add("page_size", "must not be negative");
            Err(violations)
        }
    }
}

fn checksum(Secret(high, low): Secret, list: &str, cursor: &str) -> String {
    let mut hash = Sha256::new();
    hash.update(high.to_le_bytes());
    hash.update(low.to_le_bytes());
    hash.update((list.len() as u64).to_le_bytes());
    hash.update(list);
    hash.update(cursor);
    hash.finalize().iter().take(DIGITS / 2).map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECRET: Secret = Secret(1, 2);

    #[test]
    fn a_token_leads_on_in_its_own_list_only() {
        let token = token(SECRET, "orders|PAYING", "01ABC");
        assert_eq!(cursor(SECRET, "orders|PAYING", &token), Ok(Some("01ABC".into())));
        assert!(cursor(SECRET, "orders|SHIPPED", &token).is_err());
        assert!(cursor(Secret(1, 3), "orders|PAYING", &token).is_err());
    }

    #[test]
    fn made_up_tokens_are_refused_whatever_they_look_like() {
        for made_up in ["x", "0123456789abcdef01ABC", "äöü€äöü€äöü€äöü€", "0123456789abcdef"] {
            assert!(cursor(SECRET, "orders", made_up).is_err(), "{made_up}");
        }
        assert_eq!(cursor(SECRET, "orders", ""), Ok(None));
    }

    #[test]
    fn sizes_are_cut_not_refused_unless_negative() {
        assert_eq!((size(0), size(7), size(5_000)), (Ok(50), Ok(7), Ok(1_000)));
        assert!(size(-1).is_err());
    }
}
