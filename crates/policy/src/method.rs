//! One method's policy: the option read, checked, and turned into types that cannot say anything contradictory.

use crate::{Codes, ContractError, descriptors, durations, v1};
use prost::Message;
use std::{collections::BTreeSet, time::Duration};

/// What holds for one method.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MethodPolicy {
    /// How long a call may take.
    pub deadline: DeadlinePolicy,
    /// Whether a call may be repeated without changing what it did (`idempotency_level` says so).
    pub idempotent: bool,
    /// When a failed attempt is made again; none: never. Only idempotent methods have one (I10).
    pub retry: Option<RetryPolicy>,
    /// Who may call. Empty: nobody.
    pub callers: BTreeSet<String>,
}

/// How long a call may take, from the caller's first attempt to the last byte of the answer (I8).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DeadlinePolicy {
    /// Given to a call that brings none. None only when `unbounded`.
    pub default: Option<Duration>,
    /// No call may have more.
    pub max: Option<Duration>,
    /// A call may run without any deadline.
    pub unbounded: bool,
}

impl DeadlinePolicy {
    /// The time that a call is given which asks for `asked`: the default when it asks for none, never more than the
    /// most. None: as long as it likes.
    ///
    /// ```
    /// use outrigger_policy::DeadlinePolicy;
    /// use std::time::Duration;
    ///
    /// let seconds = Duration::from_secs;
    /// let deadline = DeadlinePolicy { default: Some(seconds(2)), max: Some(seconds(10)), unbounded: false };
    /// assert_eq!(deadline.grant(None), Some(seconds(2)));
    /// assert_eq!(deadline.grant(Some(seconds(60))), Some(seconds(10)));
    /// ```
    pub fn grant(&self, asked: Option<Duration>) -> Option<Duration> {
        match (asked.or(self.default), self.max) {
            (Some(time), Some(max)) => Some(time.min(max)),
            (time, max) => time.or(max),
        }
    }
}

/// When and how a failed attempt is made again. All attempts share the call's deadline, and all calls from one caller to one
/// callee share a budget, so `attempts` is what may happen to a call, not what happens to all of them (I9).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RetryPolicy {
    /// All attempts, the first included: 2 to 5.
    pub attempts: u32,
    /// The codes that lead to another attempt.
    pub codes: Codes,
    /// Upper bound of the first wait; each further one doubles.
    pub initial_backoff: Duration,
    /// Upper bound of every wait.
    pub max_backoff: Duration,
    /// How long one attempt may take before it counts as UNAVAILABLE. None: as long as the call.
    pub attempt_timeout: Option<Duration>,
}

const INITIAL_BACKOFF: Duration = Duration::from_millis(20);
const MAX_BACKOFF: Duration = Duration::from_secs(1);
/// `IDEMPOTENT` and `NO_SIDE_EFFECTS` among the three values of `google.protobuf.MethodOptions.IdempotencyLevel`.
const IDEMPOTENCY_LEVELS: std::ops::RangeInclusive<i32> = 0..=2;

impl MethodPolicy {
    pub(crate) fn read(
        place: &Place<'_>,
        method: &descriptors::Method,
        service: &v1::ServicePolicy,
    ) -> Result<Self, ContractError> {
        let options = method.options.clone().unwrap_or_default();
        if !IDEMPOTENCY_LEVELS.contains(&options.idempotency_level) {
            let problem = format!("the level {} is unknown", options.idempotency_level);
            return Err(place.error(
                "idempotency_level",
                problem,
                "use IDEMPOTENT or NO_SIDE_EFFECTS, or leave it out",
            ));
        }
        let idempotent = options.idempotency_level != 0;
        let policy: v1::MethodPolicy = place.decode(&options.policy.concat())?;
        let deadline = place.deadline(policy.deadline.as_ref())?;
        let retry = policy.retry.as_ref().map(|retry| place.retry(retry, &deadline)).transpose()?;
        if retry.is_some() && !idempotent {
            return Err(place.error(
                "retry",
                "the method is not idempotent, so an attempt must never be repeated",
                "declare idempotency_level, or remove the retry",
            ));
        }
        if retry.is_some() && method.client_streaming {
            return Err(place.error("retry", "a stream of requests cannot be sent again", "remove the retry"));
        }
        let callers = if policy.callers.is_empty() { &service.callers } else { &policy.callers };
        if callers.iter().any(|caller| caller.trim().is_empty()) {
            return Err(place.error("callers", "a caller without a name", "name a service, `operator` or `edge`"));
        }
        Ok(Self { deadline, idempotent, retry, callers: callers.iter().cloned().collect() })
    }
}

/// Where an option stands, for the errors about it.
pub struct Place<'a> {
    pub file: &'a str,
    pub method: &'a str,
}

impl Place<'_> {
    /// Decodes an option, and refuses one with settings that this program does not know: they would be ignored (I11).
    pub fn decode<M: Message + Default>(&self, encoded: &[u8]) -> Result<M, ContractError> {
        let remedy = "build the program from the same contract that it embeds";
        let policy = M::decode(encoded).map_err(|error| self.error("policy", error.to_string(), remedy))?;
        if policy.encoded_len() == encoded.len() {
            Ok(policy)
        } else {
            Err(self.error("policy", "it has settings that this program does not know and could not keep", remedy))
        }
    }

    fn deadline(&self, policy: Option<&v1::DeadlinePolicy>) -> Result<DeadlinePolicy, ContractError> {
        let Some(policy) = policy else {
            return Err(self.error("deadline", "missing", "give `default` and `max`, or say `unbounded: true`"));
        };
        let default = self.duration("deadline.default", &policy.default)?;
        let max = self.duration("deadline.max", &policy.max)?;
        let contradiction = match (default, max, policy.unbounded) {
            (Some(_), _, true) => {
                Some(("deadline.default", "an unbounded method has no default", "remove one of them"))
            }
            (None, _, false) => Some(("deadline.default", "missing", "give one, or say `unbounded: true`")),
            (Some(_), None, false) => {
                Some(("deadline.max", "missing", "give the longest time that a call may ask for"))
            }
            (Some(d), Some(m), _) if d > m => Some(("deadline.default", "longer than `max`", "shorten it")),
            _ => None,
        };
        match contradiction {
            Some((option, problem, remedy)) => Err(self.error(option, problem, remedy)),
            None => Ok(DeadlinePolicy { default, max, unbounded: policy.unbounded }),
        }
    }

    fn retry(&self, policy: &v1::RetryPolicy, deadline: &DeadlinePolicy) -> Result<RetryPolicy, ContractError> {
        if !(2..=5).contains(&policy.attempts) {
            let problem = format!("{} attempts", policy.attempts);
            return Err(self.error(
                "retry.attempts",
                problem,
                "2 to 5, the first included; without retry, leave it out",
            ));
        }
        let initial_backoff =
            self.duration("retry.initial_backoff", &policy.initial_backoff)?.unwrap_or(INITIAL_BACKOFF);
        let max_backoff = self.duration("retry.max_backoff", &policy.max_backoff)?.unwrap_or(MAX_BACKOFF);
        if initial_backoff > max_backoff {
            return Err(self.error(
                "retry.initial_backoff",
                "longer than `max_backoff`",
                "shorten it, or raise the other",
            ));
        }
        let attempt_timeout = self.duration("retry.attempt_timeout", &policy.attempt_timeout)?;
        if let (Some(attempt), Some(call)) = (attempt_timeout, deadline.max)
            && attempt > call
        {
            return Err(self.error("retry.attempt_timeout", "longer than any call may take", "shorten it"));
        }
        let codes = self.codes(&policy.codes)?;
        Ok(RetryPolicy { attempts: policy.attempts, codes, initial_backoff, max_backoff, attempt_timeout })
    }

    fn codes(&self, names: &[String]) -> Result<Codes, ContractError> {
        let option = "retry.codes";
        if names.is_empty() {
            return Err(self.error(
                option,
                "none given",
                "name the codes that lead to another attempt, as \"UNAVAILABLE\"",
            ));
        }
        let number = |name: &String| match Codes::number(name) {
            None => Err(self.error(option, format!("{name:?} is no gRPC status code"), "use names as \"UNAVAILABLE\"")),
            Some(0) => Err(self.error(option, "\"OK\" is no failure", "remove it")),
            Some(number) => Ok(number),
        };
        names.iter().map(number).collect()
    }

    /// The empty text is an option that was left out.
    fn duration(&self, option: &str, text: &str) -> Result<Option<Duration>, ContractError> {
        match (text, durations::parse(text)) {
            ("", _) => Ok(None),
            (_, Some(duration)) => Ok(Some(duration)),
            (_, None) => {
                let problem = format!("{text:?} is no duration");
                Err(self.error(option, problem, "write a number above zero and ms, s, m or h, as \"250ms\""))
            }
        }
    }

    fn error(&self, option: &str, problem: impl Into<String>, remedy: &str) -> ContractError {
        ContractError::Option {
            file: self.file.to_owned(),
            method: self.method.to_owned(),
            option: option.to_owned(),
            problem: problem.into(),
            remedy: remedy.to_owned(),
        }
    }
}
