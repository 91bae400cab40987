//! Bodies that are there at once. The body of a unary call is one message, encoded as soon as it is asked for: polling it
//! without waiting gives it whole. A request taken whole can be sent again for the price of a reference count; an answer
//! taken whole has ended, so no layer needs to watch it.

use crate::{Response, ending::code_in};
use bytes::Bytes;
use http_body::{Body as _, Frame, SizeHint};
use std::{
    collections::VecDeque,
    pin::Pin,
    task::{Context, Poll, Waker},
};
use tonic::{Code, Status, body::Body};

/// A request's body, as far as it could be had without waiting.
pub enum Taken {
    /// All of it.
    Whole(Bytes),
    /// A stream, which cannot be sent twice. Nothing of it is lost.
    Flowing(Body),
}

/// Takes a request's body without waiting.
pub fn take(mut body: Body) -> Taken {
    let mut frames = VecDeque::new();
    loop {
        match poll(&mut body) {
            Poll::Ready(None) => break,
            Poll::Ready(Some(Ok(frame))) if frames.is_empty() => frames.push_back(Ok(frame)),
            // A second frame, an error, or one that is not there yet: a stream.
            Poll::Ready(Some(other)) => {
                frames.push_back(other);
                return Taken::Flowing(Body::new(Resumed { frames, rest: body }));
            }
            Poll::Pending => return Taken::Flowing(Body::new(Resumed { frames, rest: body })),
        }
    }
    match frames.pop_front().map(|frame| frame.map(Frame::into_data)) {
        None => Taken::Whole(Bytes::new()),
        Some(Ok(Ok(bytes))) => Taken::Whole(bytes),
        // Trailers of a request: HTTP has them, gRPC does not.
        Some(Ok(Err(frame))) => Taken::Flowing(Body::new(Resumed { frames: [Ok(frame)].into(), rest: body })),
        Some(Err(status)) => Taken::Flowing(Body::new(Resumed { frames: [Err(status)].into(), rest: body })),
    }
}

/// An answer whose message and trailers were taken without waiting, if they could be.
pub struct Answer;

/// In an answer's extensions: how it ends, although its trailers are still to be read.
#[derive(Clone, Copy)]
struct Ends(Code);

impl Answer {
    /// Takes what is there. A unary answer of this process is then whole, and known to have ended; of a stream, at most two
    /// frames are read ahead.
    pub fn take(answer: Response) -> Response {
        if code_in(answer.headers()).is_some() {
            return answer;
        }
        let (mut parts, mut body) = answer.into_parts();
        let mut frames = VecDeque::with_capacity(2);
        while frames.len() < 2
            && let Poll::Ready(Some(frame)) = poll(&mut body)
        {
            let code = frame.as_ref().ok().and_then(|frame| frame.trailers_ref()).and_then(code_in);
            frames.push_back(frame);
            if let Some(code) = code {
                parts.extensions.insert(Ends(code));
                body = Body::empty();
                break;
            }
        }
        Response::from_parts(parts, Body::new(Resumed { frames, rest: body }))
    }
}

pub(crate) fn ended(answer: &Response) -> Option<Code> {
    answer.extensions().get::<Ends>().map(|ends| ends.0)
}

fn poll(body: &mut Body) -> Poll<Option<Result<Frame<Bytes>, Status>>> {
    Pin::new(body).poll_frame(&mut Context::from_waker(Waker::noop()))
}

/// Frames that were taken already, then the rest.
struct Resumed {
    frames: VecDeque<Result<Frame<Bytes>, Status>>,
    rest: Body,
}

impl http_body::Body for Resumed {
    type Data = Bytes;
    type Error = Status;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Status>>> {
        match self.frames.pop_front() {
            Some(frame) => Poll::Ready(Some(frame)),
            None => Pin::new(&mut self.rest).poll_frame(cx),
        }
    }

    fn is_end_stream(&self) -> bool {
        self.frames.is_empty() && self.rest.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        if self.frames.is_empty() { self.rest.size_hint() } else { SizeHint::default() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures::StreamExt;
    use http::HeaderMap;

    fn body(frames: Vec<Poll<Frame<Bytes>>>) -> Body {
        let mut frames = VecDeque::from(frames);
        let stream = futures::stream::poll_fn(move |cx| match frames.pop_front() {
            Some(Poll::Ready(frame)) => Poll::Ready(Some(Ok::<_, Status>(frame))),
            Some(Poll::Pending) => {
                cx.waker().wake_by_ref();
                Poll::Pending
            }
            None => Poll::Ready(None),
        });
        Body::new(http_body_util::StreamBody::new(stream))
    }

    fn data(text: &'static str) -> Poll<Frame<Bytes>> {
        Poll::Ready(Frame::data(Bytes::from_static(text.as_bytes())))
    }

    fn trailers(status: &'static str) -> Poll<Frame<Bytes>> {
        let mut trailers = HeaderMap::new();
        trailers.insert("grpc-status", http::HeaderValue::from_static(status));
        Poll::Ready(Frame::trailers(trailers))
    }

    async fn texts(body: Body) -> Vec<String> {
        let frames = http_body_util::BodyStream::new(body);
        let text = |frame: Frame<Bytes>| frame.into_data().map(|data| String::from_utf8(data.to_vec()).unwrap());
        frames.filter_map(|frame| std::future::ready(text(frame.unwrap()).ok())).collect().await
    }

    #[test]
    fn one_frame_that_is_there_is_the_whole_request() {
        assert!(matches!(take(body(vec![data("one")])), Taken::Whole(bytes) if bytes == "one"));
        assert!(matches!(take(Body::empty()), Taken::Whole(bytes) if bytes.is_empty()));
    }

    #[tokio::test]
    async fn a_stream_is_not_whole_and_loses_nothing() {
        let streams = [
            (vec![data("one"), data("two")], vec!["one", "two"]),
            (vec![data("one"), Poll::Pending, data("two")], vec!["one", "two"]),
            (vec![Poll::Pending, data("one")], vec!["one"]),
        ];
        for (frames, expected) in streams {
            let Taken::Flowing(rest) = take(body(frames)) else { panic!("taken for whole") };
            assert_eq!(texts(rest).await, expected);
        }
    }

    #[tokio::test]
    async fn an_answer_with_its_trailers_there_has_ended() {
        let answer = Answer::take(Response::new(body(vec![data("one"), trailers("5")])));
        assert_eq!(ended(&answer), Some(Code::NotFound));
        assert_eq!(texts(answer.into_body()).await, ["one"]);
    }

    #[tokio::test]
    async fn an_answer_that_flows_has_not() {
        for frames in
            [vec![data("a"), data("b"), trailers("0")], vec![data("a"), Poll::Pending, data("b"), trailers("0")]]
        {
            let answer = Answer::take(Response::new(body(frames)));
            assert_eq!(ended(&answer), None);
            assert_eq!(texts(answer.into_body()).await, ["a", "b"]);
        }
    }
}
