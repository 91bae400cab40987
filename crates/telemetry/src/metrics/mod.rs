//! Metrics, as Prometheus reads them.
//!
//! What a process counts of calls, attempts, breakers and spans is counted in one place for the whole process, by handles that
//! are made once for each method ([`Calls`], [`Attempts`]): counting costs no look-up and no allocation. What others know
//! (stores, sagas, the bus) is asked for at each scrape: see [`Registry`].

mod attempts;
mod calls;
pub(crate) mod exporting;
mod family;
mod registry;

pub use attempts::Attempts;
pub use calls::Calls;
pub use registry::{Registry, Sample};

/// What [`Registry::render`] gives: Prometheus' text format.
pub const CONTENT_TYPE: &str = prometheus_client::encoding::prometheus_text::CONTENT_TYPE;
