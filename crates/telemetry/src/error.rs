//! Why telemetry did not start.

/// Why the log or the export of spans could not be set up. Each says what to do.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StartError {
    /// `OUTRIGGER_LOG` is not a filter.
    #[error("OUTRIGGER_LOG is not a filter: {0}; try `info`")]
    Filter(String),
    /// The process has a log already.
    #[error("the log is set up already; call telemetry::start once, in main")]
    Twice,
    /// A variable of OpenTelemetry's has a value that cannot be honoured.
    #[error("{variable} is {value:?}: {problem}")]
    Setting {
        /// Its name.
        variable: &'static str,
        /// Its value.
        value: String,
        /// What is wrong, and what to do.
        problem: String,
    },
}
