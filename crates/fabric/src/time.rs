//! Times between the program, which counts milliseconds, and the contract's messages. Apart from `ambient`, which knows no
//! message.

use ambient::Timestamp;
use std::time::Duration;

/// A time as the contract shows it.
///
/// ```
/// use ambient::Timestamp;
/// use outrigger_fabric::time;
///
/// let shown = time::timestamp(Timestamp::from_millis(-1));
/// assert_eq!((shown.seconds, shown.nanos), (-1, 999_000_000));
/// assert_eq!(time::read(&shown), Timestamp::from_millis(-1));
/// ```
pub fn timestamp(at: Timestamp) -> prost_types::Timestamp {
    let (seconds, nanos) = split(at.as_millis());
    prost_types::Timestamp { seconds, nanos }
}

/// A span of milliseconds, 0 or more, as the contract shows it.
pub fn duration(millis: i64) -> prost_types::Duration {
    let (seconds, nanos) = split(millis);
    prost_types::Duration { seconds, nanos }
}

/// A message's time, its parts of a millisecond dropped.
pub fn read(time: &prost_types::Timestamp) -> Timestamp {
    Timestamp::from_millis(time.seconds.saturating_mul(1_000).saturating_add(i64::from(time.nanos) / 1_000_000))
}

/// A span as a message has it; none when it is negative, or none at all (its two parts of different sign, or a second of
/// nanoseconds and more). Whoever sends it may have put anything there.
///
/// ```
/// use outrigger_fabric::time;
/// use std::time::Duration;
///
/// let span = |seconds, nanos| time::span(&prost_types::Duration { seconds, nanos });
/// assert_eq!(span(1, 500_000_000), Some(Duration::from_millis(1_500)));
/// assert_eq!([span(-1, 0), span(1, -1), span(i64::MIN, i32::MIN), span(0, 1_000_000_000)], [None; 4]);
/// ```
pub fn span(span: &prost_types::Duration) -> Option<Duration> {
    let nanos = u32::try_from(span.nanos).ok().filter(|nanos| *nanos < 1_000_000_000)?;
    Some(Duration::new(u64::try_from(span.seconds).ok()?, nanos))
}

fn split(millis: i64) -> (i64, i32) {
    let nanos = i32::try_from(millis.rem_euclid(1_000) * 1_000_000).expect("below a thousand million");
    (millis.div_euclid(1_000), nanos)
}
