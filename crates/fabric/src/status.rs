//! Errors as the contract promises them: a gRPC code, a message for people, and google.rpc details for programs (AIP-193).
//! The domain of every reason is [`DOMAIN`].

use std::{collections::HashMap, time::Duration};
use tonic::{Code, Status};
use tonic_types::{ErrorDetails, FieldViolation, StatusExt};

/// Whose reasons these are.
pub const DOMAIN: &str = "outrigger";

/// How much the violations of one answer may take together, in bytes: they travel in its metadata, which has a limit of its
/// own. Some hundred of them.
const MOST_SAID: usize = 6 * 1024;
/// What a violation takes beside its texts.
const AROUND: usize = 8;

/// INVALID_ARGUMENT naming each field that is wrong, and why. When there are more than an answer can carry, the first of
/// them, and the message says how many there are.
///
/// ```
/// use outrigger_fabric::status;
///
/// let status = status::bad_request(&[("lines[2].quantity", "at least 1")]);
/// assert_eq!(status.code(), tonic::Code::InvalidArgument);
/// assert_eq!(status::violations(&status), [("lines[2].quantity".to_owned(), "at least 1".to_owned())]);
/// ```
pub fn bad_request<F: AsRef<str>, D: AsRef<str>>(violations: &[(F, D)]) -> Status {
    let mut room = MOST_SAID;
    let fits = |(field, description): &&(F, D)| {
        let size = field.as_ref().len() + description.as_ref().len() + AROUND;
        room.checked_sub(size).map(|left| room = left).is_some()
    };
    let violation = |(field, description): &(F, D)| FieldViolation::new(field.as_ref(), description.as_ref());
    let said: Vec<FieldViolation> = violations.iter().take_while(fits).map(violation).collect();
    let message = match violations {
        [(field, description)] => format!("{}: {}", field.as_ref(), description.as_ref()),
        all if all.len() > said.len() => format!("{} fields are wrong; see the first {}", all.len(), said.len()),
        all => format!("{} fields are wrong; see the details", all.len()),
    };
    let details = ErrorDetails::with_bad_request(said);
    Status::with_error_details(Code::InvalidArgument, message, details)
}

/// A refusal with a reason that programs can rely on (UPPER_SNAKE_CASE) and what else they need to know.
///
/// ```
/// use outrigger_fabric::status;
/// use tonic::Code;
///
/// let status = status::refusal(Code::AlreadyExists, "REQUEST_ID_REUSED", "used before, for other lines", &[("field", "lines")]);
/// assert_eq!(status::reason(&status).as_deref(), Some("REQUEST_ID_REUSED"));
/// assert_eq!(status::info(&status, "field").as_deref(), Some("lines"));
/// ```
pub fn refusal<K: AsRef<str>, V: AsRef<str>>(
    code: Code,
    reason: &str,
    message: impl Into<String>,
    metadata: &[(K, V)],
) -> Status {
    let own = |(key, value): &(K, V)| (key.as_ref().to_owned(), value.as_ref().to_owned());
    let metadata: HashMap<String, String> = metadata.iter().map(own).collect();
    Status::with_error_details(code, message, ErrorDetails::with_error_info(reason, DOMAIN, metadata))
}

/// A refusal that is worth another try after a while (RetryInfo).
pub fn retry_later(code: Code, message: impl Into<String>, after: Duration) -> Status {
    Status::with_error_details(code, message, ErrorDetails::with_retry_info(Some(after)))
}

/// A refusal with a reason that is worth another try after a while.
pub fn retry_later_because(code: Code, reason: &str, message: impl Into<String>, after: Duration) -> Status {
    let mut details = ErrorDetails::with_error_info(reason, DOMAIN, HashMap::new());
    details.set_retry_info(Some(after));
    Status::with_error_details(code, message, details)
}

/// The reason of a refusal; none when it gives none, or another's.
pub fn reason(status: &Status) -> Option<String> {
    status.get_details_error_info().filter(|info| info.domain == DOMAIN).map(|info| info.reason)
}

/// What a refusal says under `key`.
pub fn info(status: &Status, key: &str) -> Option<String> {
    status.get_details_error_info().and_then(|mut info| info.metadata.remove(key))
}

/// The fields that a bad request names, each with what is wrong.
pub fn violations(status: &Status) -> Vec<(String, String)> {
    let violations = status.get_details_bad_request().map(|request| request.field_violations).unwrap_or_default();
    violations.into_iter().map(|violation| (violation.field, violation.description)).collect()
}

/// How long to wait before another try.
pub fn retry_after(status: &Status) -> Option<Duration> {
    status.get_details_retry_info().and_then(|info| info.retry_delay)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn more_violations_than_an_answer_can_carry_are_counted() {
        let many: Vec<_> = (0..1_000).map(|line| (format!("lines[{line}].quantity"), "must be 1 to 1000000")).collect();
        let status = bad_request(&many);
        let said = violations(&status);
        assert!(said.len() > 50 && said.len() < 1_000, "{}", said.len());
        assert_eq!(status.message(), format!("1000 fields are wrong; see the first {}", said.len()));
        assert!(status.details().len() < 8 * 1024, "{}", status.details().len());
    }
}
