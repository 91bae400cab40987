//! Why a command ends with another status than 0.

use std::fmt;

/// Why a command did not end well; its number is the exit status.
#[derive(Debug)]
pub enum Failure {
    /// 1: it did what was asked, and found something: a broken invariant, an order that was refused.
    Finding(String),
    /// 2: it could not do what was asked: misuse, a setting that does not exist, a place that cannot be used.
    Misuse(String),
    /// 2: nobody answered where a system was said to be.
    NoAnswer {
        /// What was heard instead of an answer.
        why: String,
        /// What may have happened there all the same, and what to do about it. Empty: nothing.
        advice: String,
    },
    /// 2: what was asked of answers, and says that it cannot do it yet.
    NotYet(String),
}

impl Failure {
    /// The process's exit status.
    pub const fn status(&self) -> u8 {
        match self {
            Self::Finding(_) => 1,
            Self::Misuse(_) | Self::NoAnswer { .. } | Self::NotYet(_) => 2,
        }
    }

    /// Could not do what was asked.
    pub fn misuse(why: impl fmt::Display) -> Self {
        Self::Misuse(why.to_string())
    }

    /// Says where it was that nobody answered.
    pub fn asking(self, endpoint: &str) -> Self {
        match self {
            Self::NoAnswer { why, advice } => Self::Misuse(format!(
                "{endpoint}: no answer ({why}); is the system running? Start it with `outrigger serve`, or name it with --endpoint{advice}"
            )),
            Self::NotYet(why) => {
                Self::Misuse(format!("{endpoint}: it cannot answer yet ({why}); say it again in a moment"))
            }
            other => other,
        }
    }

    /// Without an answer nobody knows whether a request was taken in; its key makes sending it again safe.
    pub fn under(self, request_id: &str) -> Self {
        match self {
            Self::NoAnswer { why, .. } => Self::NoAnswer {
                why,
                advice: format!(
                    "\n  It may be recorded all the same. Say it again with `--request-id {request_id}`: it is done once."
                ),
            },
            other => other,
        }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Finding(why) | Self::Misuse(why) | Self::NoAnswer { why, .. } | Self::NotYet(why) => f.write_str(why),
        }
    }
}

/// An answer of a service: unreachable is the caller's to mend, everything else was found there.
impl From<tonic::Status> for Failure {
    fn from(status: tonic::Status) -> Self {
        match status.code() {
            tonic::Code::Unavailable if fabric::status::retry_after(&status).is_some() => {
                Self::NotYet(status.message().to_owned())
            }
            tonic::Code::Unavailable | tonic::Code::DeadlineExceeded => {
                Self::NoAnswer { why: status.message().to_owned(), advice: String::new() }
            }
            // Nobody of ours leaves a method out: something else listens there, the page perhaps.
            tonic::Code::Unimplemented => Self::Misuse(format!(
                "what answers there is not Outrigger's gRPC ({}); name its gRPC port with --endpoint",
                status.message()
            )),
            _ => Self::Finding(describe(&status)),
        }
    }
}

/// "NOT_FOUND: there is no such order", with each field that was refused on a line of its own.
pub fn describe(status: &tonic::Status) -> String {
    use tonic_types::StatusExt;
    let mut text = format!("{}: {}", code_name(status.code()), status.message());
    if let Some(bad) = status.get_details_bad_request() {
        // A single one is in the message already.
        let several = if bad.field_violations.len() > 1 { bad.field_violations } else { Vec::new() };
        for violation in several {
            text.push_str(&format!("\n  {}: {}", violation.field, violation.description));
        }
    }
    text
}

fn code_name(code: tonic::Code) -> String {
    let mut name = String::new();
    for letter in format!("{code:?}").chars() {
        if letter.is_uppercase() && !name.is_empty() {
            name.push('_');
        }
        name.push(letter.to_ascii_uppercase());
    }
    name
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_is_told_by_its_grpc_name() {
        assert_eq!(describe(&tonic::Status::not_found("no such order")), "NOT_FOUND: no such order");
        assert_eq!(Failure::from(tonic::Status::not_found("x")).status(), 1);
        let gone = Failure::from(tonic::Status::unavailable("refused")).asking("http://here:1");
        assert_eq!(gone.status(), 2);
        assert!(gone.to_string().starts_with("http://here:1: no answer (refused)"));
    }

    #[test]
    fn who_answers_that_it_is_too_early_is_not_said_to_be_absent() {
        let early =
            fabric::status::retry_later(tonic::Code::Unavailable, "starting", std::time::Duration::from_secs(1));
        let told = Failure::from(early).asking("http://here:1");
        assert_eq!(told.status(), 2);
        assert_eq!(told.to_string(), "http://here:1: it cannot answer yet (starting); say it again in a moment");
    }

    #[test]
    fn a_request_of_which_nothing_was_heard_can_be_said_again_under_its_key() {
        let unheard = Failure::from(tonic::Status::deadline_exceeded("late")).under("k1").asking("http://here:1");
        assert!(unheard.to_string().ends_with("`--request-id k1`: it is done once."), "{unheard}");
        assert_eq!(Failure::from(tonic::Status::not_found("x")).under("k1").to_string(), "NOT_FOUND: x");
    }
}
