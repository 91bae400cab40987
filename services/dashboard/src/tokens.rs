//! Page tokens: opaque to callers, and refused when made up or taken from another listing. Not a secret, only a check.

/// Where a page ended: the listing's place, as text.
pub fn issue(listing: &str, place: &str) -> String {
    let hex: String = place.bytes().map(|byte| format!("{byte:02x}")).collect();
    format!("{:016x}{hex}", checksum(listing, place))
}

/// The place that a token names; none when it was not issued for this listing.
pub fn read(listing: &str, token: &str) -> Option<String> {
    let (sum, hex) = token.split_at_checked(16)?;
    let bytes: Option<Vec<u8>> = hex.as_bytes().chunks(2).map(byte).collect();
    let place = String::from_utf8(bytes?).ok()?;
    (format!("{:016x}", checksum(listing, &place)) == sum).then_some(place)
}

fn byte(digits: &[u8]) -> Option<u8> {
    u8::from_str_radix(std::str::from_utf8(digits).ok().filter(|digits| digits.len() == 2)?, 16).ok()
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
        let token = issue("mails/A", "17|01HF");
        assert_eq!(read("mails/A", &token).as_deref(), Some("17|01HF"));
        assert_eq!(read("mails/B", &token), None);
    }

    #[test]
    fn made_up_tokens_are_refused() {
        let token = issue("mails/", "17|01HF");
        let changed = format!("{}0", &token[..token.len() - 1]);
        for made_up in ["", "x", "0123456789abcdef", "0123456789abcdefzz", "ééééééééé", &token[1..], &changed]
        {
            assert_eq!(read("mails/", made_up), None, "{made_up}");
        }
    }
}
