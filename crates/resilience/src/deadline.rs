//! Deadlines: moments, not durations, so that no layer's own time is given away twice. And their form on the wire.

use http::HeaderValue;
use std::{io::Write, time::Duration};
use tokio::time::Instant;

/// The header that carries the time left: at most eight digits and a unit, as the gRPC specification has it.
pub const GRPC_TIMEOUT: http::HeaderName = http::HeaderName::from_static("grpc-timeout");

/// The moment by which a call must have ended, its last byte included (I8).
///
/// ```
/// use outrigger_resilience::Deadline;
/// use std::time::Duration;
/// use tokio::time::Instant;
///
/// let now = Instant::now();
/// let mine = Deadline::after(now, Duration::from_secs(5));
/// let callers = Deadline::after(now, Duration::from_secs(2));
/// assert_eq!(mine.tightened(Some(callers)), callers);
/// assert_eq!(callers.remaining(now + Duration::from_secs(3)), None);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Deadline(Instant);

/// Not a timeout of the gRPC specification.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Malformed;

impl Deadline {
    /// At this moment.
    pub const fn at(moment: Instant) -> Self {
        Self(moment)
    }

    /// `time` from `now`; a century away at most, which no clock minds.
    pub fn after(now: Instant, time: Duration) -> Self {
        const CENTURY: Duration = Duration::from_secs(100 * 365 * 24 * 3_600);
        Self(now + time.min(CENTURY))
    }

    /// The moment itself.
    pub const fn moment(self) -> Instant {
        self.0
    }

    /// The earlier of the two: a call made while handling another inherits that one's deadline.
    pub fn tightened(self, other: Option<Self>) -> Self {
        other.map_or(self, |other| self.min(other))
    }

    /// What is left; none when nothing is.
    pub fn remaining(self, now: Instant) -> Option<Duration> {
        self.0.checked_duration_since(now).filter(|left| !left.is_zero())
    }

    /// The time left as a header. Whole milliseconds from a second up, so that calls under the same policy send the
    /// same bytes, which HTTP/2 then sends as one; finer below. Never more than is left, and never zero.
    pub fn header(self, now: Instant) -> HeaderValue {
        let left = self.0.saturating_duration_since(now);
        let (number, unit) = match left.as_millis() {
            0..1_000 => (left.as_micros().max(1), 'u'),
            millis @ 1_000..100_000_000 => (millis, 'm'),
            millis => ((millis / 1_000).min(99_999_999), 'S'),
        };
        let mut text = [0u8; 9];
        let mut rest = &mut text[..];
        // At most eight digits and one unit by the arms above: it fits.
        let _ = write!(rest, "{number}{unit}");
        let length = 9 - rest.len();
        HeaderValue::from_bytes(&text[..length]).expect("digits and a letter are valid in a header")
    }

    /// The time that a header grants.
    pub fn parse(header: &HeaderValue) -> Result<Duration, Malformed> {
        let (unit, digits) = header.as_bytes().split_last().ok_or(Malformed)?;
        if digits.is_empty() || digits.len() > 8 || !digits.iter().all(u8::is_ascii_digit) {
            return Err(Malformed);
        }
        let number = digits.iter().fold(0, |number: u64, digit| number * 10 + u64::from(digit - b'0'));
        Ok(match unit {
            b'H' => Duration::from_secs(number * 3_600),
            b'M' => Duration::from_secs(number * 60),
            b'S' => Duration::from_secs(number),
            b'm' => Duration::from_millis(number),
            b'u' => Duration::from_micros(number),
            b'n' => Duration::from_nanos(number),
            _ => return Err(Malformed),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(left: Duration) -> String {
        let now = Instant::now();
        Deadline::after(now, left).header(now).to_str().unwrap().to_owned()
    }

    #[test]
    fn the_time_left_is_written_in_the_finest_unit_that_repeats() {
        assert_eq!(written(Duration::from_micros(250)), "250u");
        assert_eq!(written(Duration::from_millis(999)), "999000u");
        assert_eq!(written(Duration::from_nanos(4_999_999_999)), "4999m");
        assert_eq!(written(Duration::from_secs(3_600)), "3600000m");
        assert_eq!(written(Duration::from_secs(200_000)), "200000S");
        assert_eq!(written(Duration::MAX), "99999999S");
    }

    #[test]
    fn nothing_left_is_the_least_that_can_be_said() {
        assert_eq!(written(Duration::ZERO), "1u");
    }

    #[test]
    fn what_is_written_is_read_back() {
        for left in [Duration::from_micros(7), Duration::from_millis(250), Duration::from_secs(90)] {
            let header = HeaderValue::from_str(&written(left)).unwrap();
            assert_eq!(Deadline::parse(&header), Ok(left));
        }
    }

    #[test]
    fn every_unit_of_the_specification_is_read() {
        for (text, nanos) in [("1H", 3_600_000_000_000), ("1M", 60_000_000_000), ("1S", 1_000_000_000), ("1n", 1)] {
            assert_eq!(Deadline::parse(&HeaderValue::from_static(text)), Ok(Duration::from_nanos(nanos)));
        }
    }

    #[test]
    fn anything_else_is_malformed() {
        for text in ["", "S", "5", "5s", "123456789S", "-1S", "1.5S", "5 S"] {
            assert_eq!(Deadline::parse(&HeaderValue::from_static(text)), Err(Malformed), "{text:?}");
        }
    }
}
