//! Spans and logs: how a program says what it does. The only place that will name OpenTelemetry.
//!
//! [`start`] sets up the process's log once, in `main`. [`names`] holds every span and attribute name, so that a
//! dashboard can rely on them. [`Traceparent`] is the W3C trace context that travels with calls, events and sagas.
//! Nothing here knows of orders or transports; what may appear in a span is an allow-list, and no card, mail or
//! address is on it.

pub mod names;
mod subscriber;
mod traceparent;

pub use subscriber::{LOG_VARIABLE, StartError, start};
pub use traceparent::{Malformed, Traceparent};
