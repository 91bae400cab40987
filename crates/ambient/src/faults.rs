//! Seeded faults of a service: which try of which call fails, and whether before or after it took effect.

use crate::roll;
use parking_lot::Mutex;
use std::collections::HashMap;

/// Keys whose tries are counted at most. Beyond it the counts start anew: a fault more or less, never memory.
const REMEMBERED: usize = 100_000;

/// What befalls one try of a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// Nothing.
    None,
    /// It fails before it did anything.
    Before,
    /// It is done, and its answer is lost.
    After,
}

/// Lets a part of all calls fail for a while. Which try of a key fails is a function of seed, key and the number of the
/// try alone ([`roll`]), so a call that is repeated gets through in the end, and a run is repeated by its seed.
#[derive(Debug)]
pub struct Faults {
    rate: f64,
    seed: u64,
    tries: Mutex<HashMap<String, u32>>,
}

impl Faults {
    /// `rate` of all tries fail, 0 to 1: half of them before, half after they took effect.
    pub fn new(rate: f64, seed: u64) -> Self {
        Self { rate, seed, tries: Mutex::default() }
    }

    /// What befalls the next try of `key`.
    pub fn next(&self, key: &str) -> Fault {
        if self.rate <= 0.0 {
            return Fault::None;
        }
        let mut tries = self.tries.lock();
        if tries.len() >= REMEMBERED && !tries.contains_key(key) {
            tries.clear();
        }
        let attempt = tries.entry(key.to_owned()).or_default();
        *attempt += 1;
        match roll(self.seed, key, *attempt) {
            low if low < self.rate / 2.0 => Fault::Before,
            low if low < self.rate => Fault::After,
            _ => {
                tries.remove(key);
                Fault::None
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_asked_part_of_tries_fails_and_every_key_gets_through() {
        let faults = Faults::new(0.4, 7);
        let (mut tries, mut befores, mut afters) = (0, 0, 0);
        for key in (0..5_000).map(|n| format!("key-{n}")) {
            loop {
                tries += 1;
                match faults.next(&key) {
                    Fault::None => break,
                    Fault::Before => befores += 1,
                    Fault::After => afters += 1,
                }
            }
        }
        let rate = |n: i32| f64::from(n) / f64::from(tries);
        assert!((0.18..0.22).contains(&rate(befores)) && (0.18..0.22).contains(&rate(afters)), "{befores} {afters}");
        assert!(faults.tries.lock().is_empty());
    }

    #[test]
    fn a_rate_of_zero_lets_everything_through() {
        assert_eq!(Faults::new(0.0, 7).next("key"), Fault::None);
    }
}
