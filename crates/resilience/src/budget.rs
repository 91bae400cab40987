//! The retry budget: retries are a tenth of calls plus a floor, however much fails (I9).
//!
//! Without it, three attempts a call mean three times the load just when the callee can bear least, and over three hops
//! twenty-seven times. A call pays a tenth of a token in, a retry takes a whole one out **before its backoff begins**, so
//! that retries still waiting are counted. A floor flows in with time, so that a quiet caller can retry at all.
//! The Google SRE book ("Handling Overload") has the ratio; the floor is `tower`'s idea.
//!
//! Over any stretch of time: retries ≤ start + calls · ratio + seconds · floor, and what is unused is kept only up to
//! `saved`. The balance and the time of its last inflow share one atomic word, so that looking and taking are one
//! decision: two callers cannot both take the last token.

use std::{
    sync::atomic::{AtomicU64, Ordering},
    time::Duration,
};
use tokio::time::Instant;

/// What flows in, and how much of it may be saved up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BudgetPolicy {
    /// Retries per thousand calls.
    pub per_thousand: u16,
    /// Retries a second that are allowed to a caller that calls little. A second's worth is there at the start.
    pub floor_per_second: u16,
    /// The most retries that can be saved up: what may follow at once after a quiet hour. At most 10,000.
    pub saved: u16,
}

impl Default for BudgetPolicy {
    /// 10 % of calls, plus 10 a second, at most 100 saved.
    fn default() -> Self {
        Self { per_thousand: 100, floor_per_second: 10, saved: 100 }
    }
}

/// Shared by all calls from one caller to one callee.
///
/// ```
/// use outrigger_resilience::{BudgetPolicy, RetryBudget};
/// use tokio::time::Instant;
///
/// let now = Instant::now();
/// let budget = RetryBudget::new(BudgetPolicy { per_thousand: 100, floor_per_second: 1, saved: 5 }, now);
/// assert!(budget.withdraw(now));  // the floor of the first second
/// assert!(!budget.withdraw(now)); // nothing is left
/// (0..10).for_each(|_| budget.deposit(now));
/// assert!(budget.withdraw(now));  // a tenth of ten calls
/// ```
#[derive(Debug)]
pub struct RetryBudget {
    policy: BudgetPolicy,
    born: Instant,
    /// See [`Balance`].
    word: AtomicU64,
}

/// A thousandth of a token is the unit: what one call of ten thousand pays at a ratio of 0.1 per thousand.
const TOKEN: u64 = 1_000;
/// Bits of the word that hold the tokens: 16 million thousandths. The 40 above hold milliseconds: 34 years.
const TOKEN_BITS: u32 = 24;
const TOKEN_MASK: u64 = (1 << TOKEN_BITS) - 1;
const MOST_SAVED: u16 = 10_000;

/// The word, unpacked.
#[derive(Clone, Copy)]
struct Balance {
    /// Milliseconds since the budget was made, at the last inflow of the floor.
    at: u64,
    /// Thousandths of a token.
    tokens: u64,
}

impl Balance {
    const fn unpack(word: u64) -> Self {
        Self { at: word >> TOKEN_BITS, tokens: word & TOKEN_MASK }
    }

    const fn pack(self) -> u64 {
        self.at << TOKEN_BITS | self.tokens
    }
}

impl RetryBudget {
    /// A budget that holds one second's floor.
    pub fn new(policy: BudgetPolicy, now: Instant) -> Self {
        let policy = BudgetPolicy { saved: policy.saved.min(MOST_SAVED), ..policy };
        let tokens = u64::from(policy.floor_per_second.min(policy.saved)) * TOKEN;
        Self { policy, born: now, word: AtomicU64::new(Balance { at: 0, tokens }.pack()) }
    }

    /// A call was made. Its first attempt pays in, whatever becomes of it.
    pub fn deposit(&self, now: Instant) {
        let paid = u64::from(self.policy.per_thousand);
        self.decide(now, |tokens| Some(tokens + paid));
    }

    /// Asks for one retry, before its backoff begins. False: the budget is spent, and the failure is the answer.
    #[must_use]
    pub fn withdraw(&self, now: Instant) -> bool {
        self.decide(now, |tokens| tokens.checked_sub(TOKEN))
    }

    /// One decision over the balance as it is at `now`; nothing changes when it is declined.
    fn decide(&self, now: Instant, change: impl Fn(u64) -> Option<u64>) -> bool {
        let at = u64::try_from(now.saturating_duration_since(self.born).as_millis()).unwrap_or(u64::MAX >> TOKEN_BITS);
        let most = u64::from(self.policy.saved) * TOKEN;
        // One token a second is one thousandth a millisecond.
        let per_milli = u64::from(self.policy.floor_per_second);
        let step = |word| {
            let balance = Balance::unpack(word);
            // Another's clock reading may be later than ours; the floor flows once for each millisecond all the same.
            let since = at.saturating_sub(balance.at);
            let tokens = (balance.tokens + since.saturating_mul(per_milli)).min(most);
            let tokens = change(tokens)?.min(most);
            Some(Balance { at: at.max(balance.at), tokens }.pack())
        };
        self.word.fetch_update(Ordering::Relaxed, Ordering::Relaxed, step).is_ok()
    }

    /// The whole retries that could be made at `now`: for those who show it.
    pub fn balance(&self, now: Instant) -> u64 {
        let balance = Balance::unpack(self.word.load(Ordering::Relaxed));
        let since = now.saturating_duration_since(self.born).saturating_sub(Duration::from_millis(balance.at));
        let inflow =
            u64::try_from(since.as_millis()).unwrap_or(u64::MAX).saturating_mul(self.policy.floor_per_second.into());
        balance.tokens.saturating_add(inflow).min(u64::from(self.policy.saved) * TOKEN) / TOKEN
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const POLICY: BudgetPolicy = BudgetPolicy { per_thousand: 100, floor_per_second: 2, saved: 5 };

    #[test]
    fn i9_a_tenth_of_calls_may_be_retried() {
        let now = Instant::now();
        let budget = RetryBudget::new(BudgetPolicy { floor_per_second: 0, saved: 1_000, ..POLICY }, now);
        (0..1_000).for_each(|_| budget.deposit(now));
        assert_eq!((0..1_000).filter(|_| budget.withdraw(now)).count(), 100);
    }

    #[test]
    fn the_floor_flows_in_with_time() {
        let now = Instant::now();
        let budget = RetryBudget::new(POLICY, now);
        assert_eq!((0..9).filter(|_| budget.withdraw(now)).count(), 2);
        let later = now + Duration::from_millis(500);
        assert_eq!(budget.balance(later), 1);
        assert_eq!((0..9).filter(|_| budget.withdraw(later)).count(), 1);
    }

    #[test]
    fn what_is_saved_has_a_bound() {
        let now = Instant::now();
        let budget = RetryBudget::new(POLICY, now);
        let much_later = now + Duration::from_secs(86_400);
        (0..10_000).for_each(|_| budget.deposit(much_later));
        assert_eq!((0..99).filter(|_| budget.withdraw(much_later)).count(), 5);
    }

    #[test]
    fn a_clock_that_reads_earlier_gives_nothing() {
        let now = Instant::now() + Duration::from_secs(60);
        let budget = RetryBudget::new(POLICY, now);
        while budget.withdraw(now) {}
        assert!(!budget.withdraw(now - Duration::from_secs(30)));
    }

    #[test]
    fn i9_many_who_ask_at_once_never_get_more_than_there_is() {
        let now = Instant::now();
        let budget = RetryBudget::new(BudgetPolicy { floor_per_second: 0, saved: 1_000, ..POLICY }, now);
        let granted: usize = std::thread::scope(|scope| {
            let ask = || {
                (0..10_000)
                    .filter(|_| {
                        budget.deposit(now);
                        budget.withdraw(now)
                    })
                    .count()
            };
            let threads: Vec<_> = (0..4).map(|_| scope.spawn(ask)).collect();
            threads.into_iter().map(|thread| thread.join().unwrap()).sum()
        });
        assert!(granted <= 4_000, "{granted} retries of 40,000 calls");
        assert!(granted >= 3_999, "{granted} retries of 40,000 calls");
    }
}
