//! Times between the program, which counts milliseconds, and the contract's messages. Apart from `ambient`, which knows no
//! message.

use ambient::Timestamp;

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

fn split(millis: i64) -> (i64, i32) {
    let nanos = i32::try_from(millis.rem_euclid(1_000) * 1_000_000).expect("below a thousand million");
    (millis.div_euclid(1_000), nanos)
}
