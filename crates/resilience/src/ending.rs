//! How a call ends. Its code may stand in the answer's headers, in its trailers, or be the `Err` of the call; a caller may
//! also leave before there is one. Whoever has to know asks here, so that nobody forgets one of the four.

use crate::Response;
use bytes::Bytes;
use http::HeaderMap;
use http_body::{Frame, SizeHint};
use std::{
    pin::Pin,
    task::{Context, Poll, ready},
};
use tonic::{Code, Status, body::Body};

const GRPC_STATUS: &str = "grpc-status";

/// In an answer's extensions: how it ends, although its trailers are still to be read. [`crate::Answer::take`] leaves it
/// there once it has seen them.
#[derive(Clone, Copy)]
pub struct Ends(pub Code);

/// The code in headers or trailers; none when they are not the end of a call.
pub fn code_in(headers: &HeaderMap) -> Option<Code> {
    headers.get(GRPC_STATUS).map(|value| Code::from_bytes(value.as_bytes()))
}

/// How the call ended, when that is known already. None: messages are still to come.
///
/// ```
/// use tonic::{Code, Status, body::Body};
/// use outrigger_resilience::{Response, ended};
///
/// assert_eq!(ended(&Err(Status::not_found("no such order"))), Some(Code::NotFound));
/// assert_eq!(ended(&Ok(Status::not_found("no such order").into_http())), Some(Code::NotFound));
/// assert_eq!(ended(&Ok(Response::new(Body::empty()))), None); // its trailers will say
/// ```
pub fn ended(result: &Result<Response, Status>) -> Option<Code> {
    match result {
        Ok(answer) => code_in(answer.headers()).or_else(|| answer.extensions().get::<Ends>().map(|ends| ends.0)),
        Err(status) => Some(status.code()),
    }
}

/// Calls `end` once with the code that the call ends with: at once when it is known, else when the trailers pass. A caller
/// who drops the answer before its end has cancelled the call; an answer that ends without a status was cut on its way, and
/// is UNKNOWN. `end` runs on the task that reads the answer, or drops it: it must not block.
pub fn watched<E>(result: Result<Response, Status>, end: E) -> Result<Response, Status>
where
    E: FnOnce(Code) + Send + Unpin + 'static,
{
    if let Some(code) = ended(&result) {
        end(code);
        return result;
    }
    result.map(|answer| answer.map(|body| Body::new(Watched { body, end: Some(end) })))
}

/// The last frame of an answer that cannot go on: a status in trailers, as the peer expects it, not a broken stream.
pub fn last_words(status: &Status) -> Frame<Bytes> {
    let mut trailers = HeaderMap::new();
    if status.add_header(&mut trailers).is_err() {
        trailers.insert(GRPC_STATUS, http::HeaderValue::from_static("13"));
    }
    Frame::trailers(trailers)
}

struct Watched<E: FnOnce(Code)> {
    body: Body,
    end: Option<E>,
}

impl<E: FnOnce(Code)> Watched<E> {
    fn over(&mut self, code: Code) {
        if let Some(end) = self.end.take() {
            end(code);
        }
    }
}

impl<E: FnOnce(Code) + Unpin> http_body::Body for Watched<E> {
    type Data = Bytes;
    type Error = Status;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Status>>> {
        let frame = ready!(Pin::new(&mut self.body).poll_frame(cx));
        match &frame {
            Some(Ok(frame)) => {
                if let Some(trailers) = frame.trailers_ref() {
                    self.over(code_in(trailers).unwrap_or(Code::Unknown));
                }
            }
            Some(Err(status)) => self.over(status.code()),
            None => self.over(Code::Unknown), // an answer without a status: cut on its way
        }
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

impl<E: FnOnce(Code)> Drop for Watched<E> {
    fn drop(&mut self) {
        self.over(Code::Cancelled);
    }
}
