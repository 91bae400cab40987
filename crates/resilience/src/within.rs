//! A deadline at work: on the answer's headers and on its body alike, for a stream is part of its call (I8).

use crate::{Deadline, Response, ended, ending::last_words};
use bytes::Bytes;
use http_body::{Frame, SizeHint};
use std::{
    future::Future,
    pin::Pin,
    task::{Context, Poll},
};
use tokio::time::{Instant, Sleep, sleep_until, timeout_at};
use tonic::{Status, body::Body};

/// Gives a call until its deadline, if it has one. What is late is DEADLINE_EXCEEDED, and what was under way is dropped: the
/// call itself, or the stream that was still flowing.
///
/// **Errors.** DEADLINE_EXCEEDED as the `Err` of the call while its answer has not begun. Afterwards in the answer's
/// trailers, where a gRPC client of any language looks for it; a body that merely broke off would read as CANCELLED or
/// UNKNOWN over HTTP/2. An answer that came whole and in time stays good however late it is read.
///
/// ```
/// use std::{future::pending, time::Duration};
/// use tokio::time::Instant;
/// use tonic::Code;
/// use outrigger_resilience::{Deadline, within};
///
/// # #[tokio::main(flavor = "current_thread", start_paused = true)] async fn main() {
/// let deadline = Deadline::after(Instant::now(), Duration::from_secs(2));
/// let status = within(Some(deadline), pending()).await.expect_err("nobody answers");
/// assert_eq!(status.code(), Code::DeadlineExceeded);
/// # }
/// ```
pub async fn within<F>(deadline: Option<Deadline>, call: F) -> Result<Response, Status>
where
    F: Future<Output = Result<Response, Status>>,
{
    let Some(deadline) = deadline else { return call.await };
    let result = timeout_at(deadline.moment(), call).await.map_err(|_| passed())?;
    if ended(&result).is_some() {
        return result;
    }
    let bound = |body| Body::new(Bound { body, until: deadline.moment(), sleep: None, over: false });
    result.map(|answer| answer.map(bound))
}

fn passed() -> Status {
    Status::deadline_exceeded("the call's deadline has passed")
}

/// A body under the call's deadline. Its timer is made only once it has to wait.
struct Bound {
    body: Body,
    until: Instant,
    sleep: Option<Pin<Box<Sleep>>>,
    over: bool,
}

impl Bound {
    fn late(&mut self, cx: &mut Context<'_>, waiting: bool) -> bool {
        if !waiting {
            return Instant::now() >= self.until;
        }
        let until = self.until;
        self.sleep.get_or_insert_with(|| Box::pin(sleep_until(until))).as_mut().poll(cx).is_ready()
    }
}

impl http_body::Body for Bound {
    type Data = Bytes;
    type Error = Status;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Status>>> {
        if self.over {
            return Poll::Ready(None);
        }
        let frame = Pin::new(&mut self.body).poll_frame(cx);
        // The end of a call that came in time is let through, however late it is read.
        let last = matches!(&frame, Poll::Ready(None)) || matches!(&frame, Poll::Ready(Some(Ok(f))) if f.is_trailers());
        if last || !self.late(cx, frame.is_pending()) {
            return frame;
        }
        self.over = true;
        self.body = Body::empty(); // drops what was producing it
        Poll::Ready(Some(Ok(last_words(&passed()))))
    }

    fn is_end_stream(&self) -> bool {
        self.over || self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::default()
    }
}
