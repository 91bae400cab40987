//! Durations as people write them: `250ms`, `20s`, `10m`, `2h`, `1d`.

use std::time::Duration;

/// Reads a duration.
///
/// # Errors
/// A text that says what was expected.
pub fn parse(text: &str) -> Result<Duration, String> {
    let wrong = || format!("'{text}' is no duration; write 250ms, 20s, 10m, 2h or 1d");
    let unit_at = text.find(|letter: char| !letter.is_ascii_digit()).ok_or_else(wrong)?;
    let (number, unit) = text.split_at(unit_at);
    let number: u64 = number.parse().map_err(|_| wrong())?;
    let millis = match unit {
        "ms" => 1,
        "s" => 1_000,
        "m" => 60_000,
        "h" => 3_600_000,
        "d" => 86_400_000,
        _ => return Err(wrong()),
    };
    number.checked_mul(millis).map(Duration::from_millis).ok_or_else(wrong)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_read_as_people_write_them() {
        assert_eq!(parse("250ms"), Ok(Duration::from_millis(250)));
        assert_eq!(parse("2h"), Ok(Duration::from_secs(7_200)));
        for wrong in ["", "5", "s", "1.5s", "-1s", "3 s", "99999999999999999d"] {
            assert!(parse(wrong).is_err(), "{wrong}");
        }
    }
}
