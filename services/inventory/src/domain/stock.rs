//! The counters of one SKU and the ways they move.
//!
//! I2: `on_hand + reserved + committed + shipped = received + returned + corrected`, and nothing but `corrected` is ever
//! below zero. Every [`Kind`] of movement keeps the sum by its very effect; the store's CHECK holds it once more.

/// The stock of one SKU.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Level {
    /// Free to be reserved.
    pub on_hand: i64,
    /// Held for orders, may expire.
    pub reserved: i64,
    /// Promised to orders.
    pub committed: i64,
    /// Gone to customers.
    pub shipped: i64,
    /// Taken in.
    pub received: i64,
    /// Come back.
    pub returned: i64,
    /// Counted corrections; may be negative.
    pub corrected: i64,
}

/// Why stock moved. As text it is `MovementFact.kind`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A delivery came in.
    Receive,
    /// A count found a difference; the only kind whose quantity may be negative.
    Correct,
    /// Held for an order.
    Reserve,
    /// Promised to an order.
    Commit,
    /// A hold given up.
    ReleaseHeld,
    /// A promise given up.
    ReleaseCommitted,
    /// A hold given up by time.
    Expire,
    /// Gone with a parcel.
    Ship,
    /// Come back from a customer.
    Restock,
}

/// Why a movement cannot be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unmovable {
    /// A counter would fall below zero.
    BelowZero,
    /// A counter would be larger than can be counted.
    TooMuch,
}

impl Kind {
    /// As the movement table and the audit name it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Receive => "receive",
            Self::Correct => "correct",
            Self::Reserve => "reserve",
            Self::Commit => "commit",
            Self::ReleaseHeld | Self::ReleaseCommitted => "release",
            Self::Expire => "expire",
            Self::Ship => "ship",
            Self::Restock => "restock",
        }
    }

    /// For a release: where the stock came from.
    pub const fn from(self) -> &'static str {
        match self {
            Self::ReleaseHeld => "reserved",
            Self::ReleaseCommitted => "committed",
            _ => "",
        }
    }

    /// What one piece of this movement does to each counter: +1, -1 or nothing. The store's statements are made of it too.
    pub const fn effect(self) -> Level {
        let none = Level { on_hand: 0, reserved: 0, committed: 0, shipped: 0, received: 0, returned: 0, corrected: 0 };
        match self {
            Self::Receive => Level { on_hand: 1, received: 1, ..none },
            Self::Correct => Level { on_hand: 1, corrected: 1, ..none },
            Self::Reserve => Level { on_hand: -1, reserved: 1, ..none },
            Self::Commit => Level { reserved: -1, committed: 1, ..none },
            Self::ReleaseHeld | Self::Expire => Level { on_hand: 1, reserved: -1, ..none },
            Self::ReleaseCommitted => Level { on_hand: 1, committed: -1, ..none },
            Self::Ship => Level { committed: -1, shipped: 1, ..none },
            Self::Restock => Level { on_hand: 1, returned: 1, ..none },
        }
    }
}

impl Level {
    /// Each counter by its column's name.
    pub const fn counters(&self) -> [(&'static str, i64); 7] {
        [
            ("on_hand", self.on_hand),
            ("reserved", self.reserved),
            ("committed", self.committed),
            ("shipped", self.shipped),
            ("received", self.received),
            ("returned", self.returned),
            ("corrected", self.corrected),
        ]
    }

    /// The stock after `quantity` pieces moved.
    pub fn after(self, kind: Kind, quantity: i64) -> Result<Self, Unmovable> {
        let effect = kind.effect();
        let moved = |counter: i64, sign: i64| counter.checked_add(sign * quantity).ok_or(Unmovable::TooMuch);
        let after = Self {
            on_hand: moved(self.on_hand, effect.on_hand)?,
            reserved: moved(self.reserved, effect.reserved)?,
            committed: moved(self.committed, effect.committed)?,
            shipped: moved(self.shipped, effect.shipped)?,
            received: moved(self.received, effect.received)?,
            returned: moved(self.returned, effect.returned)?,
            corrected: moved(self.corrected, effect.corrected)?,
        };
        if after.counters().iter().any(|(name, n)| *n < 0 && *name != "corrected") {
            return Err(Unmovable::BelowZero);
        }
        assert_eq!(self.is_conserved(), after.is_conserved(), "I2: a movement keeps the sum");
        Ok(after)
    }

    /// I2 for this SKU. Summed wide, so that the check itself cannot overflow.
    pub fn is_conserved(&self) -> bool {
        let wide = |counters: &[i64]| counters.iter().map(|n| i128::from(*n)).sum::<i128>();
        wide(&[self.on_hand, self.reserved, self.committed, self.shipped])
            == wide(&[self.received, self.returned, self.corrected])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const KINDS: [Kind; 9] = [
        Kind::Receive,
        Kind::Correct,
        Kind::Reserve,
        Kind::Commit,
        Kind::ReleaseHeld,
        Kind::ReleaseCommitted,
        Kind::Expire,
        Kind::Ship,
        Kind::Restock,
    ];

    #[test]
    fn every_kind_of_movement_keeps_the_sum() {
        assert!(KINDS.iter().all(|kind| kind.effect().is_conserved()), "I2");
    }

    #[test]
    fn nothing_but_corrections_falls_below_zero() {
        for kind in KINDS {
            let takes = kind.effect().counters().iter().any(|(_, sign)| *sign < 0);
            assert_eq!(Level::default().after(kind, 1) == Err(Unmovable::BelowZero), takes, "{kind:?}");
        }
        let counted = Level { on_hand: 5, received: 5, ..Level::default() }.after(Kind::Correct, -5).unwrap();
        assert_eq!((counted.on_hand, counted.corrected), (0, -5));
    }

    #[test]
    fn more_than_can_be_counted_is_refused() {
        let full = Level { on_hand: i64::MAX, received: i64::MAX, ..Level::default() };
        assert_eq!(full.after(Kind::Receive, 1), Err(Unmovable::TooMuch));
    }
}
