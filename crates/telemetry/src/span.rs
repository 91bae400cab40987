//! A span under way.

use crate::{
    Traceparent, Work,
    names::{self, Attribute},
    queue::Queue,
    record::{Record, Value},
};
use ambient::Ambient;
use std::sync::Arc;

/// A span under way, or none: what is not sampled has none, and everything done to it costs nothing. It ends when it is
/// dropped.
#[derive(Debug, Default)]
pub struct Span(Option<Live>);

#[derive(Debug)]
struct Live {
    record: Box<Record>,
    queue: Arc<Queue>,
    ambient: Ambient,
}

impl Span {
    pub(crate) fn begin(record: Box<Record>, queue: Arc<Queue>, ambient: Ambient) -> Self {
        Self(Some(Live { record, queue, ambient }))
    }

    /// No span.
    pub const fn none() -> Self {
        Self(None)
    }

    /// Whether there is none.
    pub const fn is_none(&self) -> bool {
        self.0.is_none()
    }

    /// The context of whatever is caused by this span.
    pub fn context(&self) -> Option<Traceparent> {
        self.0.as_ref().map(|live| live.record.context)
    }

    /// Says something.
    pub fn set(&mut self, attribute: Attribute, value: impl Into<Value>) {
        if let Some(live) = &mut self.0 {
            live.record.attributes.push((attribute, value.into()));
        }
    }

    /// Says an identifier; nothing when it is none. See [`Value::id`].
    pub fn set_id(&mut self, attribute: Attribute, id: &str) {
        if let Some(live) = &mut self.0 {
            live.record.attributes.extend(Value::id(id).map(|id| (attribute, id)));
        }
    }

    /// Says what was noted of the work so far.
    pub fn set_notes(&mut self, work: &Work) {
        if let Some(live) = &mut self.0 {
            work.notes(|attribute, id| live.record.attributes.push((attribute, Value::Name(id.into()))));
        }
    }

    /// Another span that this one has to do with, of whatever trace.
    pub fn link(&mut self, to: Traceparent) {
        if let Some(live) = &mut self.0 {
            live.record.links.push(to);
        }
    }

    /// It failed, in this way.
    pub fn fail(&mut self, error_type: impl Into<Value>) {
        self.set(names::ERROR_TYPE, error_type);
        if let Some(live) = &mut self.0 {
            live.record.failed = true;
        }
    }
}

impl Drop for Span {
    fn drop(&mut self) {
        if let Some(Live { mut record, queue, ambient }) = self.0.take() {
            record.end = ambient.nanos();
            queue.push(record);
        }
    }
}
