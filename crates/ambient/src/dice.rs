//! Seeded dice (splitmix64). Good enough for jitter and identifiers; nothing here is a secret.

use std::sync::atomic::{AtomicU64, Ordering};

const STEP: u64 = 0x9E37_79B9_7F4A_7C15;

/// A stream of dice that many may draw from at once.
#[derive(Debug)]
pub struct Dice(AtomicU64);

impl Dice {
    /// The same seed gives the same stream.
    pub const fn new(seed: u64) -> Self {
        Self(AtomicU64::new(seed))
    }

    /// 64 random bits.
    pub fn bits(&self) -> u64 {
        mix(self.0.fetch_add(STEP, Ordering::Relaxed).wrapping_add(STEP))
    }

    /// 0 ≤ x < 1.
    pub fn unit(&self) -> f64 {
        unit(self.bits())
    }
}

/// The dice of a fault: a pure function of seed, key and attempt, so that what befalls one call does not depend on what
/// befell the others. 0 ≤ x < 1.
pub fn roll(seed: u64, key: &str, attempt: u32) -> f64 {
    let start = mix(seed ^ mix(u64::from(attempt).wrapping_add(STEP)));
    unit(key.bytes().fold(start, |hash, byte| mix(hash ^ u64::from(byte)).wrapping_add(STEP)))
}

/// A seed from the operating system: the one place that asks it.
pub(crate) fn entropy() -> u64 {
    use std::hash::{BuildHasher, RandomState};
    RandomState::new().hash_one(std::process::id())
}

fn unit(bits: u64) -> f64 {
    (bits >> 11) as f64 / (1u64 << 53) as f64
}

fn mix(mut z: u64) -> u64 {
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_roll_depends_on_seed_key_and_attempt_alone() {
        assert_eq!(roll(1, "a", 1), roll(1, "a", 1));
        assert_ne!(roll(1, "a", 1), roll(2, "a", 1));
        assert_ne!(roll(1, "a", 1), roll(1, "b", 1));
        assert_ne!(roll(1, "a", 1), roll(1, "a", 2));
    }

    #[test]
    fn rolls_are_spread_evenly() {
        let below = (0..10_000).filter(|n| roll(7, &format!("key-{n}"), 1) < 0.2).count();
        assert!((1_850..2_150).contains(&below), "{below} of 10,000 below 0.2");
    }
}
