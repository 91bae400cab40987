//! The fixed buckets that durations are counted in: ten a decade, a quarter apart (the preferred numbers of Renard's R10
//! series), from a millisecond to eleven days. Fixed, so that a rebuilt histogram equals the live one.

/// Multiples within a decade, in tenths of its start.
const DECADE: [i64; 10] = [13, 16, 20, 25, 32, 40, 50, 63, 80, 100];

/// 1 to 10 ms, where tenths would be finer than the clock.
const FIRST: [i64; 8] = [1, 2, 3, 4, 5, 6, 8, 10];

const DECADES: usize = 8;

/// How many buckets there are; the last holds all that is longer.
pub const COUNT: usize = FIRST.len() + DECADES * DECADE.len() + 1;

/// The longest duration that a bucket holds, in milliseconds. The last bucket has no bound, and names the one before.
pub fn upper_bound(bucket: usize) -> i64 {
    match bucket.checked_sub(FIRST.len()) {
        None => FIRST[bucket],
        Some(n) => {
            let n = n.min(DECADES * DECADE.len() - 1);
            DECADE[n % DECADE.len()] * 10i64.pow(u32::try_from(n / DECADE.len()).unwrap_or(0))
        }
    }
}

/// The bucket of a duration in milliseconds; what is below zero (clocks differ) counts as none at all.
pub fn of(millis: i64) -> usize {
    (0..COUNT - 1).find(|bucket| millis <= upper_bound(*bucket)).unwrap_or(COUNT - 1)
}

/// The bounds from one bucket's to another's, empty buckets in between included.
pub fn between(first: i64, last: i64) -> impl Iterator<Item = i64> {
    (0..COUNT - 1).map(upper_bound).filter(move |bound| (first..=last).contains(bound))
}

/// The bound of the bucket in which the `share` of all counts (0 to 1) is reached; zero when nothing was counted.
pub fn quantile(counts: &[(usize, i64)], share: f64) -> i64 {
    let all: i64 = counts.iter().map(|(_, count)| count).sum();
    let wanted = ((all as f64 * share).ceil() as i64).max(1);
    let mut seen = 0;
    for (bucket, count) in counts {
        seen += count;
        if seen >= wanted {
            return upper_bound(*bucket);
        }
    }
    0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bounds_ascend_and_each_duration_falls_within_its_own() {
        let bounds: Vec<i64> = (0..COUNT - 1).map(upper_bound).collect();
        assert!(bounds.is_sorted_by(|a, b| a < b), "{bounds:?}");
        assert_eq!(bounds.last(), Some(&1_000_000_000));
        assert!((0..COUNT - 1).all(|bucket| of(upper_bound(bucket)) == bucket));
        assert_eq!((of(-5), of(0), of(1), of(i64::MAX)), (0, 0, 0, COUNT - 1));
        assert_eq!(upper_bound(of(11)), 13);
        assert_eq!(upper_bound(of(1_700)), 2_000);
    }

    #[test]
    fn a_quantile_is_the_bound_of_the_bucket_in_which_it_is_reached() {
        let counts = [(of(10), 50), (of(100), 49), (of(5_000), 1)];
        assert_eq!(quantile(&counts, 0.5), 10);
        assert_eq!(quantile(&counts, 0.51), 100);
        assert_eq!(quantile(&counts, 0.99), 100);
        assert_eq!(quantile(&counts, 1.0), 5_000);
        assert_eq!(quantile(&[], 0.5), 0);
    }
}
