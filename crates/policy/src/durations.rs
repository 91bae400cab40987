//! Durations as the contract writes them: a whole number and a unit.

use std::time::Duration;

/// "250ms", "2s", "1m", "1h". Anything else, and zero, is none: no promise lasts no time.
pub fn parse(text: &str) -> Option<Duration> {
    let digits = text.find(|c: char| !c.is_ascii_digit())?;
    let (number, unit) = text.split_at(digits);
    let number: u64 = number.parse().ok().filter(|n| *n > 0)?;
    let millis = match unit {
        "ms" => 1,
        "s" => 1_000,
        "m" => 60_000,
        "h" => 3_600_000,
        _ => return None,
    };
    number.checked_mul(millis).map(Duration::from_millis)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_and_a_unit_are_a_duration() {
        assert_eq!(parse("250ms"), Some(Duration::from_millis(250)));
        assert_eq!(parse("2s"), Some(Duration::from_secs(2)));
        assert_eq!(parse("1m"), Some(Duration::from_secs(60)));
        assert_eq!(parse("1h"), Some(Duration::from_secs(3_600)));
    }

    #[test]
    fn anything_else_is_not() {
        for text in ["", "2", "s", "0s", "-1s", "1.5s", "1 s", "2S", "2d", "18446744073709551615h"] {
            assert_eq!(parse(text), None, "{text:?}");
        }
    }
}
