//! Numbers, money and times as people read them.

use ambient::Timestamp;
use money::Cut;

/// `1234567` as `1,234,567`.
pub fn number(number: i64) -> String {
    let digits = number.unsigned_abs().to_string();
    let mut shown = String::with_capacity(digits.len() + digits.len() / 3 + 1);
    if number < 0 {
        shown.push('−');
    }
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            shown.push(',');
        }
        shown.push(digit);
    }
    shown
}

/// An amount in its currency's unit, with the decimals that the currency has: `1,234.50`.
pub fn amount(currency: &str, minor_units: i64) -> String {
    let Cut { whole, part } = money::cut(currency, minor_units);
    let whole = number(i64::try_from(whole).unwrap_or(i64::MAX));
    let sign = if minor_units < 0 { "−" } else { "" };
    format!("{sign}{whole}{part}")
}

/// For headlines: `12.3M`, `45.6k`, and the amount itself while it is short.
pub fn headline(currency: &str, minor_units: i64) -> String {
    let whole = minor_units as f64 / 10f64.powi(money::decimals(currency).cast_signed());
    match whole.abs() {
        big if big >= 999_500_000.0 => format!("{:.2}bn", whole / 1e9),
        big if big >= 9_999_500.0 => format!("{:.1}M", whole / 1e6),
        big if big >= 99_999.5 => number(whole.round() as i64),
        _ => amount(currency, minor_units),
    }
}

/// A duration in two significant places: `7 ms`, `1.3 s`, `2 min`, `5 h`, `3 days`.
pub fn duration(millis: i64) -> String {
    const SECOND: i64 = 1_000;
    const MINUTE: i64 = 60 * SECOND;
    const HOUR: i64 = 60 * MINUTE;
    const DAY: i64 = 24 * HOUR;
    match millis.max(0) {
        ms if ms < SECOND => format!("{ms} ms"),
        ms if ms < 10 * SECOND => format!("{}.{} s", ms / SECOND, ms % SECOND / 100),
        ms if ms < 2 * MINUTE => format!("{} s", ms / SECOND),
        ms if ms < 2 * HOUR => format!("{} min", ms / MINUTE),
        ms if ms < 2 * DAY => format!("{} h", ms / HOUR),
        ms => format!("{} days", ms / DAY),
    }
}

/// `2026-11-24T23:32:11Z`.
pub fn iso(at: Timestamp) -> String {
    prost_types::Timestamp { seconds: at.as_millis().div_euclid(1_000), nanos: 0 }.to_string()
}

/// `23:32:11`, UTC.
pub fn clock(at: Timestamp) -> String {
    iso(at).get(11..19).unwrap_or_default().to_owned()
}

/// `23:32`, UTC.
pub fn minute(at: Timestamp) -> String {
    iso(at).get(11..16).unwrap_or_default().to_owned()
}

/// What a machine calls `OUT_OF_STOCK` in words: `out of stock`.
pub fn words(name: &str) -> String {
    name.replace('_', " ").to_lowercase()
}

/// The tail of a long identifier: what tells it from its neighbours, whose beginnings are the same moment.
pub fn short(id: &str) -> &str {
    let from = id.len().saturating_sub(8);
    if id.len() > 12 { id.get(from..).unwrap_or(id) } else { id }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_grouped_by_thousands() {
        let shown = [0, 999, 1_000, -1_234_567, i64::MIN].map(number);
        assert_eq!(shown, ["0", "999", "1,000", "−1,234,567", "−9,223,372,036,854,775,808"]);
    }

    #[test]
    fn amounts_have_their_currencys_decimals() {
        assert_eq!(amount("GBP", 123_405), "1,234.05");
        assert_eq!(amount("JPY", 1_200), "1,200");
        assert_eq!(amount("KWD", -5), "−0.005");
        assert_eq!(headline("GBP", 12_345_678), "123,457");
        assert_eq!(headline("GBP", 1_234_567_890), "12.3M");
    }

    #[test]
    fn durations_are_short() {
        let shown = [-1, 7, 1_350, 59_000, 150_000, 7_300_000, 300_000_000].map(duration);
        assert_eq!(shown, ["0 ms", "7 ms", "1.3 s", "59 s", "2 min", "2 h", "3 days"]);
    }

    #[test]
    fn times_are_utc() {
        let at = Timestamp::from_millis(1_700_000_000_999);
        assert_eq!((iso(at).as_str(), clock(at).as_str()), ("2023-11-14T22:13:20Z", "22:13:20"));
    }

    #[test]
    fn identifiers_are_told_by_their_tails() {
        assert_eq!(short("01HF0000000000000ABCDEFGHI"), "BCDEFGHI");
        assert_eq!(short("536365"), "536365");
        assert_eq!(short("ééééééééééééé"), "éééé");
    }
}
