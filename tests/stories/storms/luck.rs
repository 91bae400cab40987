//! The dice of a storm: what happens is a function of its seed and of the name of what it happens to, never of the order
//! in which things are asked.

use outrigger_tests::{Attempt, Delivery};
use std::{cell::Cell, time::Duration};

/// The dice of one thing: the same seed and name give the same throws.
pub struct Luck {
    seed: u64,
    name: String,
    throws: Cell<u32>,
}

impl Luck {
    pub fn of(seed: u64, name: impl Into<String>) -> Self {
        Self { seed, name: name.into(), throws: Cell::new(0) }
    }

    /// 0 ≤ x < 1.
    pub fn unit(&self) -> f64 {
        self.throws.set(self.throws.get() + 1);
        ambient::roll(self.seed, &self.name, self.throws.get())
    }

    pub fn chance(&self, of_one: f64) -> bool {
        self.unit() < of_one
    }

    /// From 0 up to, but not including `end`.
    pub fn below(&self, end: usize) -> usize {
        (self.unit() * end as f64) as usize
    }

    pub fn pick<T: Copy>(&self, from: &[T]) -> T {
        from[self.below(from.len())]
    }

    pub fn within(&self, longest: Duration) -> Duration {
        longest.mul_f64(self.unit())
    }
}

/// How calls fare in a storm, and for how long they may be on their way.
#[derive(Clone, Copy, Debug)]
pub struct Weather {
    pub seed: u64,
    /// The part of attempts that something happens to.
    pub roughness: f64,
    /// Nothing travels longer.
    pub longest: Duration,
    /// Answers may be waited for in vain. In real time that costs the story its deadline.
    pub hangs: bool,
}

impl Weather {
    /// What becomes of an attempt.
    pub fn fate(&self, attempt: &Attempt<'_>) -> Delivery {
        let name = format!("{}/{}/{}", attempt.callee, attempt.method, attempt.number);
        let luck = Luck::of(self.seed, name);
        // A stream cannot be repeated by its network: its end is its caller's to notice.
        if attempt.method == "WatchOrder" || !luck.chance(self.roughness) {
            return Delivery::Once;
        }
        // Many are a little late, few are very late.
        let delay = self.longest.mul_f64(luck.unit().powi(3));
        match luck.below(11) {
            0 | 1 => Delivery::Lost,
            2 | 3 => Delivery::AnswerLost,
            4 | 5 => Delivery::Twice,
            6 | 7 => Delivery::AgainAfter(delay),
            8 | 9 => Delivery::LateBy(delay),
            _ if self.hangs => Delivery::AnswerHangs,
            _ => Delivery::AnswerLost,
        }
    }
}
