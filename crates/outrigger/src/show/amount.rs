//! Amounts of money: minor units inside, decimals for people.

use ::money::{cut, decimals};
use api::types::Money;

/// "12.34 GBP".
pub fn money(money: Option<&Money>) -> String {
    money.map_or_else(String::new, |money| amount(money.minor_units, &money.currency_code))
}

/// "12.34 GBP".
pub fn amount(minor: i64, currency: &str) -> String {
    let (sign, shown) = (if minor < 0 { "-" } else { "" }, cut(currency, minor));
    format!("{sign}{}{} {currency}", shown.whole, shown.part)
}

/// "12.34" of GBP is 1234. Nothing when it is no amount, or has parts of a minor unit.
pub fn parse_amount(text: &str, currency: &str) -> Option<i64> {
    let (negative, digits) = text.strip_prefix('-').map_or((false, text), |digits| (true, digits));
    let (whole, part) = digits.split_once('.').unwrap_or((digits, ""));
    let decimals = decimals(currency) as usize;
    let all_digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    if whole.is_empty() || part.len() > decimals || !all_digits(whole) || !all_digits(part) {
        return None;
    }
    let minor: i64 = format!("{whole}{part:0<decimals$}").parse().ok()?;
    Some(if negative { -minor } else { minor })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_amount_is_shown_and_read_the_same() {
        for (minor, text) in [(1_234, "12.34 GBP"), (5, "0.05 GBP"), (-250, "-2.50 GBP"), (0, "0.00 GBP")] {
            assert_eq!(amount(minor, "GBP"), text);
            assert_eq!(parse_amount(text.trim_end_matches(" GBP"), "GBP"), Some(minor));
        }
        assert_eq!((amount(1_500, "JPY").as_str(), parse_amount("1500", "JPY")), ("1500 JPY", Some(1_500)));
    }

    #[test]
    fn what_is_no_amount_is_refused() {
        for text in ["", ".", "1.234", "1,50", "£1", "1e2", "--1"] {
            assert_eq!(parse_amount(text, "GBP"), None, "{text}");
        }
        assert_eq!(parse_amount("1.5", "JPY"), None);
    }
}
