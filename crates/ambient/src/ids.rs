//! Identifiers that sort by time: 48 bits of milliseconds and 80 of chance, in Crockford's base 32 (a ULID).

use crate::{Dice, Timestamp};
use parking_lot::Mutex;

const ALPHABET: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";
const CHANCE: u32 = 80;

/// Remembers the last identifier, so that those of one millisecond still ascend.
#[derive(Debug, Default)]
pub struct Ids(Mutex<u128>);

impl Ids {
    pub fn next(&self, now: Timestamp, dice: &Dice) -> String {
        let chance = (u128::from(dice.bits()) << 16) | u128::from(dice.bits() >> 48);
        let millis = u128::from(now.as_millis().max(0).cast_unsigned());
        let mut last = self.0.lock();
        *last = if millis <= *last >> CHANCE { *last + 1 } else { (millis << CHANCE) | chance };
        encode(*last)
    }
}

fn encode(mut value: u128) -> String {
    let mut text = [0u8; 26];
    for digit in text.iter_mut().rev() {
        *digit = ALPHABET[(value & 31) as usize];
        value >>= 5;
    }
    text.iter().map(|byte| char::from(*byte)).collect()
}
