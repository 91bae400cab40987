//! Bodies that are there at once. The body of a unary call is one message, encoded as soon as it is asked for: polling it
//! without waiting gives it whole. A request taken whole can be sent again for the price of a reference count; an answer
//! taken whole has ended, so no layer needs to watch it.

use crate::{
    Response,
    ending::{Ends, code_in},
};
use bytes::Bytes;
use http_body::{Body as _, Frame, SizeHint};
use std::{
    pin::Pin,
    task::{Context, Poll, Waker},
};
use tonic::{Status, body::Body};

/// A request's body, as far as it could be had without waiting.
pub enum Taken {
    /// All of it.
    Whole(Bytes),
    /// A stream, which cannot be sent twice. Nothing of it is lost.
    Flowing(Body),
}

/// Takes a request's body without waiting.
///
/// Two polls decide: the message, and the end after it. One would not do, since a stream of requests may have its first
/// message ready as well.
///
/// ```
/// use tonic::body::Body;
/// use outrigger_resilience::{Taken, take};
///
/// let unary = Body::new(http_body_util::Full::new(bytes::Bytes::from_static(b"message")));
/// assert!(matches!(take(unary), Taken::Whole(message) if message == "message"));
/// ```
pub fn take(mut body: Body) -> Taken {
    let first = match poll(&mut body) {
        Poll::Ready(None) => return Taken::Whole(Bytes::new()),
        Poll::Ready(Some(first)) => first,
        Poll::Pending => return Taken::Flowing(body),
    };
    let second = match poll(&mut body) {
        // Trailers of a request, or an error, are no message to send again.
        Poll::Ready(None) => match first.map(Frame::into_data) {
            Ok(Ok(message)) => return Taken::Whole(message),
            Ok(Err(trailers)) => return Taken::Flowing(Resumed::after([Some(Ok(trailers)), None], body)),
            Err(status) => return Taken::Flowing(Resumed::after([Some(Err(status)), None], body)),
        },
        Poll::Ready(second) => second,
        Poll::Pending => None,
    };
    Taken::Flowing(Resumed::after([Some(first), second], body))
}

/// An answer whose message and trailers were taken without waiting, if they could be.
pub struct Answer;

impl Answer {
    /// Takes what is there. A unary answer of this process is then whole, and known to have ended; of a stream, at most two
    /// frames are read ahead.
    pub fn take(answer: Response) -> Response {
        if code_in(answer.headers()).is_some() {
            return answer;
        }
        let (mut parts, mut body) = answer.into_parts();
        let mut taken = [None, None];
        for place in &mut taken {
            let Poll::Ready(Some(frame)) = poll(&mut body) else { break };
            let code = frame.as_ref().ok().and_then(|frame| frame.trailers_ref()).and_then(code_in);
            *place = Some(frame);
            if let Some(code) = code {
                parts.extensions.insert(Ends(code));
                body = Body::empty();
                break;
            }
        }
        Response::from_parts(parts, Resumed::after(taken, body))
    }
}

fn poll(body: &mut Body) -> Poll<Option<Result<Frame<Bytes>, Status>>> {
    Pin::new(body).poll_frame(&mut Context::from_waker(Waker::noop()))
}

type Taking = Option<Result<Frame<Bytes>, Status>>;

/// Frames that were taken already, then the rest.
struct Resumed {
    taken: [Taking; 2],
    rest: Body,
}

impl Resumed {
    fn after(taken: [Taking; 2], rest: Body) -> Body {
        Body::new(Self { taken, rest })
    }

    fn next(&mut self) -> Taking {
        self.taken.iter_mut().find_map(Option::take)
    }
}

impl http_body::Body for Resumed {
    type Data = Bytes;
    type Error = Status;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Status>>> {
        match self.next() {
            Some(frame) => Poll::Ready(Some(frame)),
            None => Pin::new(&mut self.rest).poll_frame(cx),
        }
    }

    fn is_end_stream(&self) -> bool {
        self.taken.iter().all(Option::is_none) && self.rest.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        if self.taken.iter().all(Option::is_none) { self.rest.size_hint() } else { SizeHint::default() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ended;
    use futures::StreamExt;
    use http::HeaderMap;
    use std::collections::VecDeque;
    use tonic::Code;

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

    fn answered(frames: Vec<Poll<Frame<Bytes>>>) -> Result<Response, Status> {
        Ok(Answer::take(Response::new(body(frames))))
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
        let answer = answered(vec![data("one"), trailers("5")]);
        assert_eq!(ended(&answer), Some(Code::NotFound));
        assert_eq!(texts(answer.unwrap().into_body()).await, ["one"]);
    }

    #[tokio::test]
    async fn an_answer_that_flows_has_not() {
        for frames in
            [vec![data("a"), data("b"), trailers("0")], vec![data("a"), Poll::Pending, data("b"), trailers("0")]]
        {
            let answer = answered(frames);
            assert_eq!(ended(&answer), None);
            assert_eq!(texts(answer.unwrap().into_body()).await, ["a", "b"]);
        }
    }
}
