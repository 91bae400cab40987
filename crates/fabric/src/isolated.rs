//! The handler, in a task of its own: its panics, task-locals, spans and long polls stay out of its caller, and it is aborted
//! when the caller goes. Over HTTP/2 this is nearly so anyway; in-process it is what makes a call a call.

use crate::{
    context::Context,
    panics::{InContext, panicked},
};
use resilience::{Answer, Deadline, Reply, Request, Response, ended};
use std::{
    convert::Infallible,
    task::{self, Poll},
};
use telemetry::Work;
use tokio_util::task::AbortOnDropHandle;
use tonic::{Status, body::Body};
use tower::{Service, ServiceExt};

/// A generated server, each call in its own task.
#[derive(Clone)]
pub struct Isolated<S>(pub S);

impl<S> Service<Request> for Isolated<S>
where
    S: Service<Request, Response = Response, Error = Infallible, Future: Send + 'static> + Clone + Send + 'static,
{
    type Response = Response;
    type Error = Status;
    type Future = Reply;

    fn poll_ready(&mut self, _: &mut task::Context<'_>) -> Poll<Result<(), Status>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request) -> Reply {
        let method = request.uri().clone();
        let context = Context {
            deadline: request.extensions().get::<Deadline>().copied(),
            work: request.extensions().get::<Work>().cloned().unwrap_or_default(),
        };
        let task = AbortOnDropHandle::new(tokio::spawn(run(self.0.clone(), request, context)));
        Box::pin(async move {
            match task.await {
                Ok(result) => result,
                Err(error) if error.is_panic() => Err(panicked(method.path())),
                Err(_) => Err(Status::unavailable("the process is shutting down")),
            }
        })
    }
}

async fn run<S>(service: S, request: Request, context: Context) -> Result<Response, Status>
where
    S: Service<Request, Response = Response, Error = Infallible, Future: Send + 'static> + Send + 'static,
{
    let handled = async {
        let Ok(mut answer) = service.oneshot(request).await;
        // A wire carries headers only: what a handler put beside them stays here.
        answer.extensions_mut().clear();
        Ok(Answer::take(answer))
    };
    let result = context.clone().scope(handled).await;
    if ended(&result).is_some() {
        return result;
    }
    result.map(|answer| answer.map(|body| Body::new(InContext { body, context })))
}
