//! The form of a line: what `tracing` makes of an event, and behind it the trace and the order of the work it belongs to. No
//! call site has to say them.

use crate::{Work, names};
use std::fmt::{self, Write};
use tracing::{Event, Subscriber};
use tracing_subscriber::{
    fmt::{
        FmtContext, FormatEvent, FormatFields,
        format::{Compact, Format, Json, Writer},
    },
    registry::LookupSpan,
};

/// Formats lines, with the trace and the order behind them.
pub struct Lines<F> {
    form: Format<F>,
    json: bool,
}

impl Lines<Compact> {
    /// For people.
    pub fn pretty(colour: bool) -> Self {
        Self { form: tracing_subscriber::fmt::format().with_target(false).with_ansi(colour).compact(), json: false }
    }
}

impl Lines<Json> {
    /// One object a line.
    pub fn json() -> Self {
        Self { form: tracing_subscriber::fmt::format().json().flatten_event(true), json: true }
    }
}

impl<S, N, F> FormatEvent<S, N> for Lines<F>
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    N: for<'a> FormatFields<'a> + 'static,
    Format<F>: FormatEvent<S, N>,
{
    fn format_event(&self, context: &FmtContext<'_, S, N>, mut writer: Writer<'_>, event: &Event<'_>) -> fmt::Result {
        let behind = Work::with_current(|work| behind(work, self.json)).unwrap_or_default();
        if behind.is_empty() {
            return self.form.format_event(context, writer, event);
        }
        let mut line = String::new();
        self.form.format_event(context, Writer::new(&mut line), event)?;
        let end = if self.json { "}\n" } else { "\n" };
        let line = line.strip_suffix(end).unwrap_or(&line);
        write!(writer, "{line}{behind}{end}")
    }
}

/// Identifiers only: hexadecimal digits, and what [`Work::note`] lets through, so that nothing has to be escaped.
fn behind(work: &Work, json: bool) -> String {
    let mut text = String::new();
    let mut say = |name: &str, value: &str| {
        // Writing to a String does not fail.
        let _ = if json { write!(text, ",\"{name}\":\"{value}\"") } else { write!(text, " {name}={value}") };
    };
    if let Some(trace) = work.trace().and_then(|trace| trace.to_str().ok()).and_then(|trace| trace.get(3..35)) {
        say(names::TRACE_ID, trace);
    }
    work.notes(|attribute, id| {
        if attribute == names::ORDER_ID {
            say(names::LOGGED_ORDER, id);
        }
    });
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use parking_lot::Mutex;
    use std::{io, sync::Arc};
    use tracing_subscriber::layer::SubscriberExt;

    #[derive(Clone, Default)]
    struct Written(Arc<Mutex<Vec<u8>>>);

    impl io::Write for Written {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn within_work(log: impl FnOnce()) {
        let work = Work::stored("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01");
        work.note(names::ORDER_ID, "order-1");
        work.sync_scope(log);
    }

    #[test]
    fn a_line_within_a_call_is_one_object_with_its_trace_and_order() {
        let written = Written::default();
        let to = written.clone();
        let layer = tracing_subscriber::fmt::layer().json().event_format(Lines::json()).with_writer(move || to.clone());
        tracing::subscriber::with_default(tracing_subscriber::registry().with(layer), || {
            within_work(|| tracing::info!(state = "PAYING", "moved"));
            tracing::info!("outside");
        });
        let text = String::from_utf8(written.0.lock().clone()).unwrap();
        let lines: Vec<serde_json::Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        assert_eq!(lines[0]["trace_id"], "4bf92f3577b34da6a3ce929d0e0e4736");
        assert_eq!(lines[0]["order_id"], "order-1");
        assert_eq!((&lines[0]["state"], &lines[0]["message"]), (&"PAYING".into(), &"moved".into()));
        assert!(lines[1].get("trace_id").is_none());
    }

    #[test]
    fn a_line_for_people_ends_with_them() {
        let written = Written::default();
        let to = written.clone();
        let layer = tracing_subscriber::fmt::layer().event_format(Lines::pretty(false)).with_writer(move || to.clone());
        tracing::subscriber::with_default(tracing_subscriber::registry().with(layer), || {
            within_work(|| tracing::info!("moved"));
        });
        let text = String::from_utf8(written.0.lock().clone()).unwrap();
        assert!(text.ends_with(" trace_id=4bf92f3577b34da6a3ce929d0e0e4736 order_id=order-1\n"), "{text}");
    }
}
