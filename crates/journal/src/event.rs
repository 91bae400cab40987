//! An event: what a service tells the others after it has changed.

use ambient::Timestamp;

/// Something that happened in a service.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    /// Unique, and sorting by time: an [`Ambient::id`](ambient::Ambient::id), or one that begins with it. Retention
    /// relies on it.
    pub id: String,
    /// Who published it. Not stored: whoever reads it from an outbox knows whose that is.
    pub source: String,
    /// The payload's full protobuf name: `outrigger.order.v1.OrderChanged`.
    pub kind: String,
    /// What it is about, such as an order's identifier. Events of one key are digested in order or not at all.
    pub key: String,
    /// The version of what it is about.
    pub version: i64,
    /// The encoded message.
    pub payload: Vec<u8>,
    /// When it happened.
    pub at: Timestamp,
    /// The W3C traceparent under which it happened.
    pub trace: Option<String>,
}
