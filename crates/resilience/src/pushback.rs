//! What the far side says of retries: `grpc-retry-pushback-ms` (gRFC A6). A hop whose budget is spent says "do not", and
//! since a status passed on carries its metadata along, the hops above do not multiply either (I9).

use crate::Response;
use http::{HeaderMap, HeaderValue};
use std::time::Duration;
use tonic::Status;

const HEADER: &str = "grpc-retry-pushback-ms";
const STOP: HeaderValue = HeaderValue::from_static("-1");

/// What a failed attempt's answer asks of the next.
///
/// ```
/// use tonic::Status;
/// use outrigger_resilience::Pushback;
///
/// let spent = Pushback::stop(Err(Status::unavailable("down")));
/// assert_eq!(Pushback::of(&spent), Some(Pushback::Stop));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pushback {
    /// Do not retry.
    Stop,
    /// Retry after exactly this long, instead of one's own backoff.
    After(Duration),
}

impl Pushback {
    /// What a result says, if anything. A value that is negative or makes no sense means stop, as the gRFC has it.
    pub fn of(result: &Result<Response, Status>) -> Option<Self> {
        let text = match result {
            Ok(answer) => answer.headers().get(HEADER).map(HeaderValue::as_bytes),
            Err(status) => status.metadata().get(HEADER).map(tonic::metadata::MetadataValue::as_encoded_bytes),
        }?;
        let millis = std::str::from_utf8(text).ok().and_then(|text| text.parse().ok());
        Some(millis.map_or(Self::Stop, |millis| Self::After(Duration::from_millis(millis))))
    }

    /// Says "do not retry" with a failure, to whoever it is passed on to.
    pub fn stop(result: Result<Response, Status>) -> Result<Response, Status> {
        match result {
            Ok(mut answer) => {
                answer.headers_mut().insert(HEADER, STOP);
                Ok(answer)
            }
            Err(status) => Err(Self::stopping(status)),
        }
    }

    /// The same, for a status.
    pub fn stopping(status: Status) -> Status {
        let mut headers = HeaderMap::new();
        headers.insert(HEADER, STOP);
        let mut metadata = status.metadata().clone();
        metadata.as_mut().extend(headers);
        Status::with_details_and_metadata(status.code(), status.message(), status.details().to_vec().into(), metadata)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(text: &'static str) -> Option<Pushback> {
        let mut status = Status::unavailable("");
        status.metadata_mut().insert(HEADER, text.parse().unwrap());
        Pushback::of(&Err(status))
    }

    #[test]
    fn a_number_is_a_wait_and_anything_else_is_stop() {
        assert_eq!(said("250"), Some(Pushback::After(Duration::from_millis(250))));
        assert_eq!(said("0"), Some(Pushback::After(Duration::ZERO)));
        assert_eq!(said("-1"), Some(Pushback::Stop));
        assert_eq!(said("soon"), Some(Pushback::Stop));
        assert_eq!(Pushback::of(&Err(Status::unavailable(""))), None);
    }

    #[test]
    fn stop_is_added_to_what_a_status_says_already() {
        let mut status = Status::unavailable("busy");
        status.metadata_mut().insert("x-also", "this".parse().unwrap());
        let stopped = Pushback::stop(Err(status));
        assert_eq!(Pushback::of(&stopped), Some(Pushback::Stop));
        let status = stopped.unwrap_err();
        assert_eq!((status.message(), status.metadata().get("x-also").unwrap().to_str().unwrap()), ("busy", "this"));
    }
}
