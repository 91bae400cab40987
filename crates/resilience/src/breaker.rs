//! The circuit breaker of one endpoint: after some failures in a row it is left alone for a while, then asked once.
//!
//! ```text
//!            `consecutive` failures in a row
//!   Closed ───────────────────────────────────▶ Open ◀──┐
//!     ▲                                           │     │ the probe failed: longer
//!     │ the probe succeeded                       │ its time is over
//!     └────────────────────────────── HalfOpen ◀──┘─────┘
//! ```
//! The times of many breakers that opened together are spread by jitter, and double while the probe keeps failing. A probe
//! that is not heard of for the longest open time is given up on, and the next to ask takes its place.

use ambient::Dice;
use std::time::Duration;
use tokio::time::Instant;
use tonic::Code;

/// When a breaker opens, and for how long.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BreakerPolicy {
    /// Failures in a row that open it.
    pub consecutive: u32,
    /// How long it stays open the first time; jitter takes up to half of it.
    pub open: Duration,
    /// The longest that it stays open, however often the probe fails.
    pub open_max: Duration,
}

impl Default for BreakerPolicy {
    /// Ten failures in a row; open for 1 s, at most 30 s.
    fn default() -> Self {
        Self { consecutive: 10, open: Duration::from_secs(1), open_max: Duration::from_secs(30) }
    }
}

/// What a finished call says of the endpoint that it went to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The endpoint works: it answered, be it with a refusal of its own.
    Success,
    /// The endpoint's fault.
    Failure,
    /// Says nothing of the endpoint.
    Ignored,
}

impl From<Code> for Outcome {
    /// UNAVAILABLE, UNKNOWN, INTERNAL and DATA_LOSS are the endpoint's fault. CANCELLED and DEADLINE_EXCEEDED say
    /// nothing: the caller chose the time, and an endpoint that hangs shows itself by attempt timeouts and keepalive.
    /// All else is an answer.
    fn from(code: Code) -> Self {
        match code {
            Code::Unavailable | Code::Unknown | Code::Internal | Code::DataLoss => Self::Failure,
            Code::Cancelled | Code::DeadlineExceeded => Self::Ignored,
            _ => Self::Success,
        }
    }
}

/// Leave to send one call. Handed back with its result, so that a straggler from before is not taken for the probe.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pass(u64);

/// The breaker is open: do not call before `until`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Refused {
    /// When a probe may be sent. `now` while one is under way: its answer may come at any moment.
    pub until: Instant,
}

/// A change of state, for those who watch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Transition {
    /// Calls are refused until the moment given.
    Opened { until: Instant },
    /// One probe is under way.
    HalfOpened,
    /// Calls pass again.
    Closed,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Closed {
        failures: u32,
    },
    Open {
        until: Instant,
    },
    /// The probe has until then to say something.
    HalfOpen {
        until: Instant,
    },
}

/// One endpoint's breaker. A value: it is told what happened and when.
///
/// ```
/// use outrigger_resilience::{Breaker, BreakerPolicy, Outcome};
/// use tokio::time::Instant;
///
/// let now = Instant::now();
/// let mut breaker = Breaker::new(BreakerPolicy { consecutive: 1, ..BreakerPolicy::default() }, 7);
/// let (pass, _) = breaker.admit(now).expect("closed at first");
/// breaker.on_result(pass, Outcome::Failure, now);
/// let refused = breaker.admit(now).expect_err("open");
/// assert!(breaker.admit(refused.until).is_ok()); // the probe
/// ```
#[derive(Debug)]
pub struct Breaker {
    policy: BreakerPolicy,
    dice: Dice,
    state: State,
    /// Counts changes of state; a pass carries the count it was given under.
    epoch: u64,
    /// How often it opened without closing in between.
    opened: u32,
}

impl Breaker {
    /// Closed. `seed` is for the jitter of its open times.
    pub fn new(policy: BreakerPolicy, seed: u64) -> Self {
        Self { policy, dice: Dice::new(seed), state: State::Closed { failures: 0 }, epoch: 0, opened: 0 }
    }

    /// May a call be sent? When its open time is over, the first to ask is the probe.
    pub fn admit(&mut self, now: Instant) -> Result<(Pass, Option<Transition>), Refused> {
        match self.state {
            State::Closed { .. } => Ok((Pass(self.epoch), None)),
            State::Open { until } | State::HalfOpen { until } if now >= until => {
                self.enter(State::HalfOpen { until: now + self.policy.open_max });
                Ok((Pass(self.epoch), Some(Transition::HalfOpened)))
            }
            State::Open { until } => Err(Refused { until }),
            State::HalfOpen { .. } => Err(Refused { until: now }),
        }
    }

    /// What a finished call says of this endpoint. `now` is the caller's clock.
    pub fn on_result(&mut self, pass: Pass, outcome: Outcome, now: Instant) -> Option<Transition> {
        if pass.0 != self.epoch {
            return None; // a straggler from before the last change
        }
        match (self.state, outcome) {
            (State::Closed { failures }, Outcome::Failure) if failures + 1 >= self.policy.consecutive => self.open(now),
            (State::Closed { failures }, Outcome::Failure) => self.count(failures + 1),
            (State::Closed { .. }, Outcome::Success) => self.count(0),
            (State::HalfOpen { .. }, Outcome::Success) => self.close(),
            (State::HalfOpen { .. }, Outcome::Failure) => self.open(now),
            (State::HalfOpen { .. }, Outcome::Ignored) => self.ask_again(now),
            (State::Closed { .. }, Outcome::Ignored) | (State::Open { .. }, _) => None,
        }
    }

    fn count(&mut self, failures: u32) -> Option<Transition> {
        self.state = State::Closed { failures };
        None
    }

    fn open(&mut self, now: Instant) -> Option<Transition> {
        let doubled = self.policy.open.saturating_mul(1 << self.opened.min(16)).min(self.policy.open_max);
        let until = now + doubled.mul_f64(1.0 - self.dice.unit() / 2.0);
        self.opened += 1;
        self.enter(State::Open { until });
        Some(Transition::Opened { until })
    }

    fn close(&mut self) -> Option<Transition> {
        self.opened = 0;
        self.enter(State::Closed { failures: 0 });
        Some(Transition::Closed)
    }

    /// The probe said nothing (its caller left): the next to ask is the probe.
    fn ask_again(&mut self, now: Instant) -> Option<Transition> {
        self.enter(State::Open { until: now });
        None
    }

    fn enter(&mut self, state: State) {
        self.epoch += 1;
        self.state = state;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const POLICY: BreakerPolicy =
        BreakerPolicy { consecutive: 3, open: Duration::from_secs(1), open_max: Duration::from_secs(4) };

    fn breaker() -> (Breaker, Instant) {
        (Breaker::new(POLICY, 1), Instant::now())
    }

    fn call(breaker: &mut Breaker, outcome: Outcome, now: Instant) -> Option<Transition> {
        let (pass, _) = breaker.admit(now).unwrap();
        breaker.on_result(pass, outcome, now)
    }

    fn open(breaker: &mut Breaker, now: Instant) -> Instant {
        loop {
            if let Some(Transition::Opened { until }) = call(breaker, Outcome::Failure, now) {
                return until;
            }
        }
    }

    #[test]
    fn failures_in_a_row_open_it() {
        let (mut breaker, now) = breaker();
        assert_eq!(call(&mut breaker, Outcome::Failure, now), None);
        assert_eq!(call(&mut breaker, Outcome::Failure, now), None);
        assert!(matches!(call(&mut breaker, Outcome::Failure, now), Some(Transition::Opened { .. })));
        assert!(breaker.admit(now).is_err());
    }

    #[test]
    fn a_success_between_them_forgives() {
        let (mut breaker, now) = breaker();
        for outcome in [Outcome::Failure, Outcome::Failure, Outcome::Success, Outcome::Failure, Outcome::Failure] {
            assert_eq!(call(&mut breaker, outcome, now), None);
        }
    }

    #[test]
    fn what_says_nothing_changes_nothing() {
        let (mut breaker, now) = breaker();
        for outcome in [Outcome::Failure, Outcome::Failure, Outcome::Ignored] {
            assert_eq!(call(&mut breaker, outcome, now), None);
        }
        assert!(call(&mut breaker, Outcome::Failure, now).is_some());
    }

    #[test]
    fn half_open_lets_one_probe_through() {
        let (mut breaker, now) = breaker();
        let until = open(&mut breaker, now);
        assert!(matches!(breaker.admit(until), Ok((_, Some(Transition::HalfOpened)))));
        assert!(breaker.admit(until).is_err());
    }

    #[test]
    fn a_probe_that_succeeds_closes_it() {
        let (mut breaker, now) = breaker();
        let until = open(&mut breaker, now);
        assert_eq!(call(&mut breaker, Outcome::Success, until), Some(Transition::Closed));
        assert!(breaker.admit(until).is_ok() && breaker.admit(until).is_ok());
    }

    #[test]
    fn a_probe_that_fails_opens_it_for_longer() {
        let (mut breaker, now) = breaker();
        let mut at = open(&mut breaker, now);
        let mut times = Vec::new();
        for _ in 0..4 {
            let Some(Transition::Opened { until }) = call(&mut breaker, Outcome::Failure, at) else {
                panic!("not opened")
            };
            times.push(until - at);
            at = until;
        }
        let within =
            |time: Duration, whole: u64| time > Duration::from_secs(whole) / 2 && time <= Duration::from_secs(whole);
        assert!(within(times[0], 2) && within(times[1], 4) && within(times[2], 4), "{times:?}");
    }

    #[test]
    fn a_probe_whose_caller_left_makes_room_for_the_next() {
        let (mut breaker, now) = breaker();
        let until = open(&mut breaker, now);
        assert_eq!(call(&mut breaker, Outcome::Ignored, until), None);
        assert!(breaker.admit(until).is_ok());
    }

    #[test]
    fn a_probe_that_is_never_heard_of_makes_room_for_the_next() {
        let (mut breaker, now) = breaker();
        let until = open(&mut breaker, now);
        let (silent, _) = breaker.admit(until).unwrap();
        let given_up = until + POLICY.open_max;
        assert!(breaker.admit(given_up - Duration::from_millis(1)).is_err());
        let (next, _) = breaker.admit(given_up).unwrap();
        assert_eq!(breaker.on_result(silent, Outcome::Failure, given_up), None, "it is a straggler now");
        assert_eq!(breaker.on_result(next, Outcome::Success, given_up), Some(Transition::Closed));
    }

    #[test]
    fn a_straggler_from_before_is_not_taken_for_the_probe() {
        let (mut breaker, now) = breaker();
        let (straggler, _) = breaker.admit(now).unwrap();
        let until = open(&mut breaker, now);
        let (probe, _) = breaker.admit(until).unwrap();
        assert_eq!(breaker.on_result(straggler, Outcome::Success, until), None);
        assert!(breaker.admit(until).is_err(), "still half-open");
        assert_eq!(breaker.on_result(probe, Outcome::Success, until), Some(Transition::Closed));
    }

    #[test]
    fn the_open_time_is_jittered_by_its_seed_alone() {
        let now = Instant::now();
        let time = |seed| open(&mut Breaker::new(POLICY, seed), now) - now;
        assert_eq!(time(1), time(1));
        assert_ne!(time(1), time(2));
    }
}
