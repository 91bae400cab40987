//! Spans, metrics and logs: how a program says what it does. The only place that names OpenTelemetry.
//!
//! | what | where |
//! |---|---|
//! | the log | [`start`] once, in `main` |
//! | the export of spans | [`export`] once, within the runtime and before anything is hosted; [`Guard::shutdown`] at the end |
//! | metrics | [`metrics::Registry`], shown by `fabric::metrics::serve` |
//! | names of all of it | [`names`], so that a dashboard can rely on them |
//! | the trace of calls, events and sagas | [`Traceparent`]; what a task is at work on: [`Work`] |
//! | spans | [`Tracer`] and [`Span`] for calls, [`bus::batch`] for consumers |
//!
//! **Traces.** [`export`] reads OpenTelemetry's variables ([`Settings::read`]). Without an endpoint nothing is built. With one,
//! whether a trace is recorded is decided before any span of it exists: by its parent's flag, or at its root. What is not
//! recorded is a flag that is carried on. Spans of all services wait in one bounded queue for one task that exports them;
//! nothing ever waits for it. `tracing`'s spans are not exported: the bridge builds each before it asks whether it is
//! wanted, which an unsampled call would pay for.
//!
//! **What may be said.** Attributes come from an allow-list in [`names`]; text from outside gets in only as an identifier
//! ([`Value::id`]). No card, mail, address or name is on the list.
//!
//! ```no_run
//! use ambient::Ambient;
//! use outrigger_telemetry as telemetry;
//!
//! # async fn run() -> Result<(), telemetry::StartError> {
//! telemetry::start("info")?;
//! let guard = telemetry::export(&Ambient::system())?; // then start the services
//! guard.shutdown().await; // after they have ended
//! # Ok(()) }
//! ```
//!
//! Nothing here knows of orders or transports.

pub mod bus;
mod error;
mod exporter;
mod logs;
pub mod metrics;
pub mod names;
mod otlp;
mod queue;
mod record;
mod sampler;
mod settings;
mod span;
mod traceparent;
mod tracer;
mod work;

pub use error::StartError;
pub use exporter::Guard;
pub use logs::{LOG_VARIABLE, Lines, start};
pub use record::{Kind, Shape, Value};
pub use sampler::Sampler;
pub use settings::Settings;
pub use span::Span;
pub use traceparent::{Malformed, Traceparent};
pub use tracer::{Tracer, Tracing};
pub use work::Work;

use ambient::Ambient;

/// Begins to export spans as OpenTelemetry's variables say; does nothing while they name no endpoint. To be called once,
/// within a runtime, before anything is hosted or connected: stacks ask for their tracer when they are built.
///
/// # Errors
/// [`StartError::Setting`] for a variable whose value cannot be honoured.
pub fn export(ambient: &Ambient) -> Result<Guard, StartError> {
    let Some(settings) = Settings::read(|name| std::env::var(name).ok())? else { return Ok(Guard::idle()) };
    let (tracing, guard) = export_by(settings, ambient);
    tracing.install();
    Ok(guard)
}

/// Begins to export spans by settings of one's own, and for tracers of one's own: the process's are left alone.
pub fn export_by(settings: Settings, ambient: &Ambient) -> (Tracing, Guard) {
    let tracing = Tracing::new(&settings, ambient);
    let guard = exporter::start(&tracing, settings, ambient);
    (tracing, guard)
}
