//! Page tokens: opaque to callers, and refused when made up or taken from another listing. Not a secret, only a check.

/// Names the place where a page of `listing` ended.
pub fn issue(listing: &str, place: &str) -> String {
    let hex: String = place.bytes().map(|byte| format!("{byte:02x}")).collect();
    format!("{:016x}{hex}", checksum(listing, place))
}

/// The place that a token names; none when it was not issued for this listing.
pub fn read(listing: &str, token: &str) -> Option<String> {
    let (_sum, hex) = token.split_at_checked(16)?;
    let bytes: Option<Vec<u8>> = hex.as_bytes().chunks(2).map(byte).collect();
    let place = String::from_utf8(bytes?).ok()?;
    (issue(listing, &place) == token).then_some(place)
}

fn byte(digits: &[u8]) -> Option<u8> {
    u8::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()
}

/// FNV-1a, 64 bits.
fn checksum(listing: &str, place: &str) -> u64 {
    let bytes = listing.bytes().chain([0]).chain(place.bytes());
    bytes.fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_leads_back_to_its_place_in_its_own_listing_only() {
        let token = issue("levels", "85123A");
        assert_eq!(read("levels", &token).as_deref(), Some("85123A"));
        assert_eq!(read("others", &token), None);
    }

    #[test]
    fn made_up_tokens_are_refused() {
        let token = issue("levels", "85123A");
        let changed = format!("{}0", &token[..token.len() - 1]);
        let shouted = token.to_uppercase();
        for made_up in ["", "x", "0123456789abcdef", "0123456789abcdefzz", "ééééééééé", &token[1..], &changed, &shouted]
        {
            assert_eq!(read("levels", made_up), None, "{made_up}");
        }
    }
}
