//! The end of a call or of an attempt, told once: to its span, to the metrics, and to the log where it listens. A caller who
//! leaves has cancelled it.

use crate::{method::Method, status};
use resilience::Response;
use std::sync::Arc;
use telemetry::{Span, Work, names};
use tokio::time::Instant;
use tonic::{Code, Status};
use tracing::Level;

/// A call under way. Dropped before its end, it was cancelled.
pub struct Ending {
    method: Arc<Method>,
    span: Span,
    work: Work,
    begun: Instant,
    over: bool,
}

impl Ending {
    /// Of a call that begins now.
    pub fn of(method: &Arc<Method>, span: Span, work: Work) -> Self {
        Self { method: Arc::clone(method), span, work, begun: Instant::now(), over: false }
    }

    /// Says in the span why the call was refused, when that has a name.
    pub fn explain(&mut self, result: &Result<Response, Status>) {
        explain(&mut self.span, result);
    }

    /// The call ended with this code.
    pub fn end(&mut self, code: Code) {
        self.over = true;
        let took = self.begun.elapsed();
        let name = policy::Codes::name(code as i32);
        self.method.calls.ended(code as i32, name, took);
        if !self.span.is_none() {
            self.span.set_notes(&self.work);
            close(std::mem::take(&mut self.span), name, (self.method.is_failure)(code));
        }
        if tracing::enabled!(target: names::RPC_TARGET, Level::DEBUG) {
            let Method { side, name: method, .. } = &*self.method;
            self.work.clone().sync_scope(|| {
                tracing::debug!(target: names::RPC_TARGET, side, method, code = name, ?took, "call ended");
            });
        }
    }
}

impl Drop for Ending {
    fn drop(&mut self) {
        if !self.over {
            self.end(Code::Cancelled);
        }
    }
}

/// Says in a span why its call was refused, when that has a name.
pub fn explain(span: &mut Span, result: &Result<Response, Status>) {
    if let Err(status) = result
        && !span.is_none()
        && let Some(reason) = status::reason(status)
    {
        span.set_id(names::REASON, &reason);
    }
}

/// Ends a span with the name of a code.
pub fn close(mut span: Span, code: &'static str, failed: bool) {
    span.set(names::RPC_STATUS, code);
    if failed {
        span.fail(code);
    }
}
