//! The process's log: readable on a terminal, JSON for machines, always on standard error. Lines logged within a call or a
//! saga carry its trace and its order.

mod format;

pub use format::Lines;

use crate::StartError;
use std::io::{self, IsTerminal};
use tracing_subscriber::{EnvFilter, Layer, layer::SubscriberExt, util::SubscriberInitExt};

/// Sets what is logged, in the syntax of `tracing`: `debug`, or `warn,outrigger::rpc=debug`.
pub const LOG_VARIABLE: &str = "OUTRIGGER_LOG";

/// Starts the log, once, in `main`. `OUTRIGGER_LOG` says what is logged, `otherwise` ("warn", "info") when it is not
/// set. A terminal gets text, in colour unless `NO_COLOR` is set and not empty; anything else gets a JSON object a line.
///
/// # Errors
/// [`StartError::Filter`] and [`StartError::Twice`].
pub fn start(otherwise: &str) -> Result<(), StartError> {
    let filter = match std::env::var(LOG_VARIABLE) {
        Ok(text) if !text.trim().is_empty() => text,
        _ => otherwise.to_owned(),
    };
    let filter = EnvFilter::try_new(filter).map_err(|error| StartError::Filter(error.to_string()))?;
    let terminal = io::stderr().is_terminal();
    let output = tracing_subscriber::fmt::layer().with_writer(io::stderr);
    let output = if terminal {
        let colour = std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty());
        output.with_ansi(colour).event_format(Lines::pretty(colour)).boxed()
    } else {
        output.json().event_format(Lines::json()).boxed()
    };
    tracing_subscriber::registry().with(filter).with(output).try_init().map_err(|_| StartError::Twice)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_process_has_one_log() {
        assert!(start("warn").is_ok());
        assert!(matches!(start("warn"), Err(StartError::Twice)));
    }

    #[test]
    fn a_level_that_does_not_exist_is_said() {
        assert!(matches!(start("=,="), Err(StartError::Filter(_))));
    }
}
