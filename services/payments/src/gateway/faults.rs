//! How the simulated gateway misbehaves: by the token of a payment, by order of a test, or by seeded dice.

use std::time::Duration;

/// Tokens that steer the simulated gateway. Each also works with a suffix after a colon, `tok_declined:alice`, so that
/// many payments can share a behaviour and keep accounts of their own. Any other token behaves like [`tokens::OK`].
pub mod tokens {
    /// Answers at once.
    pub const OK: &str = "tok_ok";
    /// Declines to hold or charge: `insufficient_funds`.
    pub const DECLINED: &str = "tok_declined";
    /// Holds, and then declines to capture: `hold_expired`.
    pub const DECLINED_AT_CAPTURE: &str = "tok_declined_at_capture";
    /// Takes [`super::SLOW`] for each answer.
    pub const SLOW: &str = "tok_slow";
    /// Does what it is told when first told it, and never answers that call; answers when asked what became of it.
    pub const SILENT_ONCE: &str = "tok_silent_once";
    /// The first sending of each key travels for [`super::LATE`], and arrives after others that were sent later.
    pub const LATE: &str = "tok_late";
    /// Every request arrives twice.
    pub const TWICE: &str = "tok_twice";
    /// The first two sendings of each key fail before they arrive.
    pub const FLAKY: &str = "tok_flaky";
}

/// How long a slow answer takes.
pub const SLOW: Duration = Duration::from_millis(400);
/// How long a late request travels.
pub const LATE: Duration = Duration::from_secs(3);
const FLAKY_SENDINGS: u32 = 2;

/// How one token's payments are treated.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Behaviour {
    /// See [`tokens::OK`]. Dice may still fall against it.
    #[default]
    Plain,
    /// See [`tokens::DECLINED`].
    Declines,
    /// See [`tokens::DECLINED_AT_CAPTURE`].
    DeclinesAtCapture,
    /// See [`tokens::SLOW`].
    Slow(Duration),
    /// See [`tokens::SILENT_ONCE`].
    SilentOnce,
    /// See [`tokens::LATE`].
    Late(Duration),
    /// See [`tokens::TWICE`].
    Twice,
    /// See [`tokens::FLAKY`].
    Flaky,
    /// Declines to give back: `account_closed`.
    DeclinesRefunds,
}

impl Behaviour {
    /// What the token asks for.
    pub fn of_token(token: &str) -> Self {
        match token.split(':').next().unwrap_or_default() {
            tokens::DECLINED => Self::Declines,
            tokens::DECLINED_AT_CAPTURE => Self::DeclinesAtCapture,
            tokens::SLOW => Self::Slow(SLOW),
            tokens::SILENT_ONCE => Self::SilentOnce,
            tokens::LATE => Self::Late(LATE),
            tokens::TWICE => Self::Twice,
            tokens::FLAKY => Self::Flaky,
            _ => Self::Plain,
        }
    }
}

/// How often the dice fall against a payment: each from 0 to 1. Decided by seed, key and attempt alone (I12).
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct FaultRates {
    /// Of holds and charges: declined, whatever the attempt.
    pub decline: f64,
    /// Of sendings: done, but not answered.
    pub silent: f64,
    /// Of sendings: failed before they arrive.
    pub error: f64,
    /// Of sendings: answered late.
    pub slow: f64,
}

/// What befalls one sending.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// Arrives and is answered.
    Prompt,
    /// Arrives, and is answered after a while.
    Slow(Duration),
    /// Arrives, and the answer is lost.
    Silent,
    /// Travels for a while; who waits for an answer waits in vain.
    Late(Duration),
    /// Arrives twice.
    Twice,
    /// Does not arrive.
    Lost,
}

/// The dice and what they decide.
#[derive(Clone, Copy, Debug, Default)]
pub struct Faults {
    pub seed: u64,
    pub rates: FaultRates,
}

impl Faults {
    /// What befalls this sending of this key.
    pub fn fate(&self, behaviour: Behaviour, key: &str, attempt: u32) -> Fate {
        match behaviour {
            Behaviour::Slow(time) => Fate::Slow(time),
            Behaviour::SilentOnce if attempt == 1 => Fate::Silent,
            Behaviour::Late(time) if attempt == 1 => Fate::Late(time),
            Behaviour::Twice => Fate::Twice,
            Behaviour::Flaky if attempt <= FLAKY_SENDINGS => Fate::Lost,
            Behaviour::Plain => self.thrown(key, attempt),
            _ => Fate::Prompt,
        }
    }

    /// Whether the dice decline a hold or charge. Not a matter of the attempt: a no is a no.
    pub fn declines(&self, key: &str) -> bool {
        self.rates.decline > 0.0 && ambient::roll(self.seed, key, 0) < self.rates.decline
    }

    fn thrown(&self, key: &str, attempt: u32) -> Fate {
        let FaultRates { error, silent, slow, .. } = self.rates;
        if error + silent + slow <= 0.0 {
            return Fate::Prompt;
        }
        let dice = ambient::roll(self.seed, key, attempt);
        if dice < error {
            Fate::Lost
        } else if dice < error + silent {
            Fate::Silent
        } else if dice < error + silent + slow {
            Fate::Slow(SLOW)
        } else {
            Fate::Prompt
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_says_how_its_payments_go() {
        assert_eq!(Behaviour::of_token("tok_declined"), Behaviour::Declines);
        assert_eq!(Behaviour::of_token("tok_declined:alice"), Behaviour::Declines);
        assert_eq!(Behaviour::of_token("tok_declined_at_capture"), Behaviour::DeclinesAtCapture);
        assert_eq!(Behaviour::of_token("visa"), Behaviour::Plain);
    }

    #[test]
    fn dice_fall_by_seed_key_and_attempt_and_as_often_as_told() {
        let rates = FaultRates { decline: 0.1, silent: 0.2, error: 0.1, slow: 0.0 };
        let faults = Faults { seed: 7, rates };
        let fates: Vec<Fate> = (0..10_000).map(|n| faults.fate(Behaviour::Plain, &format!("k{n}"), 1)).collect();
        let share = |fate| fates.iter().filter(|seen| **seen == fate).count();
        assert!((1_850..2_150).contains(&share(Fate::Silent)));
        assert!((850..1_150).contains(&share(Fate::Lost)));
        assert_eq!(faults.fate(Behaviour::Plain, "k1", 1), fates[1]);
        let declined = (0..10_000).filter(|n| faults.declines(&format!("k{n}"))).count();
        assert!((850..1_150).contains(&declined));
    }
}
