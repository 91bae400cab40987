//! The names of spans, attributes, metrics and headers, once. OpenTelemetry's where it has one (RPC and messaging
//! conventions, November 2026), gRPC's (A66) for attempts.
//!
//! [`ALLOWED`] is all that a span may say: an [`Attribute`] can be made in this file only. No card, mail, address or name of
//! a person is among them, and none may be added.

/// The target of all events about calls: `OUTRIGGER_LOG=outrigger::rpc=debug` shows each call's end.
pub const RPC_TARGET: &str = "outrigger::rpc";

/// The header that carries the W3C trace context.
pub const TRACEPARENT: &str = "traceparent";

/// The service that spans belong to which are no service's: the command line's, and the program's own.
pub const PROGRAM: &str = "outrigger";

/// The name of an attempt's span is this and the full method (A66).
pub const ATTEMPT_SPAN: &str = "Attempt.";
/// The name of a span in which a consumer digests an event is this and the event's kind.
pub const PROCESS_SPAN: &str = "process ";
/// The name of a span in which a consumer digests a batch is this and the publisher's name.
pub const BATCH_SPAN: &str = "process batch of ";

/// In a log: the trace of the call or saga that the line belongs to, 32 hexadecimal digits.
pub const TRACE_ID: &str = "trace_id";
/// In a log: the order that the line is about.
pub const LOGGED_ORDER: &str = "order_id";

/// Something that a span may say.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Attribute(&'static str);

impl Attribute {
    /// As it is exported.
    pub const fn name(self) -> &'static str {
        self.0
    }
}

macro_rules! allowed {
    ($($(#[$doc:meta])* $name:ident = $text:literal;)*) => {
        $($(#[$doc])* pub const $name: Attribute = Attribute($text);)*
        /// Every attribute there is.
        pub const ALLOWED: &[Attribute] = &[$($name),*];
    };
}

allowed! {
    /// Always "grpc".
    RPC_SYSTEM = "rpc.system.name";
    /// The full method: `package.Service/Method`.
    RPC_METHOD = "rpc.method";
    /// How the call ended, by the name of its code.
    RPC_STATUS = "rpc.status_code";
    /// Why the span's status is ERROR: the name of the code, or of what went wrong.
    ERROR_TYPE = "error.type";
    /// Who is called.
    SERVER_ADDRESS = "server.address";
    /// Who calls.
    CALLER = "outrigger.caller";
    /// The machine-readable reason of a refusal: BREAKER_OPEN, CALLER_NOT_ALLOWED.
    REASON = "outrigger.reason";
    /// The order that all this is about.
    ORDER_ID = "outrigger.order.id";
    /// Which attempt of the call, from 1.
    ATTEMPT = "outrigger.attempt";
    /// How long was waited before this attempt, in milliseconds.
    BACKOFF = "outrigger.attempt.backoff_ms";
    /// How many attempts the call had before this one (A66).
    PREVIOUS_ATTEMPTS = "previous-rpc-attempts";
    /// Whether the attempt repeats one that never left (A66).
    TRANSPARENT = "transparent-retry";
    /// Always "outrigger": the bus.
    MESSAGING_SYSTEM = "messaging.system";
    /// What is done with an event: "process".
    MESSAGING_OPERATION = "messaging.operation.name";
    /// The same, as OpenTelemetry sorts operations.
    MESSAGING_OPERATION_TYPE = "messaging.operation.type";
    /// Whose events: the publisher's name.
    MESSAGING_DESTINATION = "messaging.destination.name";
    /// Who digests them.
    MESSAGING_CONSUMER = "messaging.consumer.group.name";
    /// The event.
    MESSAGING_ID = "messaging.message.id";
    /// How many events a batch has.
    MESSAGING_BATCH = "messaging.batch.message_count";
    /// What the event is about: an order's, a payment's or an item's identifier.
    EVENT_KEY = "outrigger.event.key";
}

/// What a metric's value does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sort {
    /// It only grows; Prometheus shows it with `_total` behind its name.
    Counter,
    /// It goes up and down.
    Gauge,
    /// It is a distribution of seconds; Prometheus shows it with `_seconds` behind its name.
    Seconds,
    /// It is a distribution of small numbers.
    Numbers,
}

/// A metric, by the name that Prometheus has for it, but for what its sort puts behind it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Metric {
    name: &'static str,
    help: &'static str,
    sort: Sort,
}

impl Metric {
    /// Its name, without what its sort puts behind it.
    pub const fn name(self) -> &'static str {
        self.name
    }

    /// What it says, for people.
    pub const fn help(self) -> &'static str {
        self.help
    }

    /// What its value does.
    pub const fn sort(self) -> Sort {
        self.sort
    }
}

macro_rules! metrics {
    ($($name:ident = $text:literal, $sort:ident, $help:literal;)*) => {
        $(#[doc = $help] pub const $name: Metric = Metric { name: $text, help: $help, sort: Sort::$sort };)*
        /// Every metric there is.
        pub const METRICS: &[Metric] = &[$($name),*];
    };
}

metrics! {
    SERVER_DURATION = "rpc_server_call_duration", Seconds, "How long calls took, as the callee sees them";
    CLIENT_DURATION = "rpc_client_call_duration", Seconds, "How long calls took, as the caller sees them, all attempts included";
    ATTEMPTS = "grpc_client_attempt_started", Counter, "Attempts of calls that were begun";
    CALL_ATTEMPTS = "outrigger_client_call_attempts", Numbers, "How many attempts a call with a retry policy took";
    RETRIES = "outrigger_client_retries", Counter, "Attempts after the first, by the code that the one before failed with";
    BUDGET_SPENT = "outrigger_client_retry_budget_spent", Counter, "Calls not retried because the retry budget was spent";
    ATTEMPT_TIMEOUTS = "outrigger_client_attempt_timeouts", Counter, "Attempts given up on after their own time";
    REFUSED = "outrigger_client_refused", Counter, "Attempts that an open breaker refused: nothing was sent";
    BREAKER_TRANSITIONS = "outrigger_breaker_transitions", Counter, "Changes of breakers, by the state they changed to";
    SPANS_EXPORTED = "outrigger_spans_exported", Counter, "Spans that the collector took";
    SPANS_DROPPED = "outrigger_spans_dropped", Counter, "Spans that were lost, by the reason";
    STORE_UNITS = "outrigger_store_units", Counter, "Units of work that ended, by service";
    STORE_COMMITS = "outrigger_store_commits", Counter, "Commits, by service";
    STORE_STATEMENTS = "outrigger_store_statements", Counter, "Statements, by service";
    STORE_RERUNS = "outrigger_store_reruns", Counter, "Units run again after the database refused them, by service";
    SAGAS = "outrigger_sagas", Gauge, "Sagas, by kind and state";
    SAGA_OVERDUE = "outrigger_saga_overdue_age", Gauge, "Seconds since the longest due saga should have moved, by kind; 0 when none is late";
    ORDERS = "outrigger_orders", Gauge, "Orders that are not final, by state";
    OUTBOX_LAG = "outrigger_outbox_lag_events", Gauge, "Events that a consumer has not had yet, by consumer and source";
    PARKED_EVENTS = "outrigger_parked_events", Gauge, "Events that a consumer could not digest, by consumer and source";
}

/// The labels of metrics: attributes as Prometheus writes them, and two of the program's.
pub mod labels {
    /// Always "grpc".
    pub const SYSTEM: &str = "rpc_system_name";
    /// The full method.
    pub const METHOD: &str = "rpc_method";
    /// How a call ended.
    pub const STATUS: &str = "rpc_status_code";
    /// Who calls.
    pub const CALLER: &str = "outrigger_caller";
    /// Who is called.
    pub const CALLEE: &str = "server_address";
    /// Why something was lost.
    pub const REASON: &str = "reason";
    /// The state that something is in, or changed to.
    pub const STATE: &str = "state";
    /// Whose.
    pub const SERVICE: &str = "service";
    /// Who digests.
    pub const CONSUMER: &str = "consumer";
    /// Who publishes.
    pub const SOURCE: &str = "source";
    /// Of which kind.
    pub const KIND: &str = "kind";
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_that_a_span_may_say_is_about_a_person_or_a_card() {
        let personal = ["card", "token", "mail", "phone", "street", "city", "customer", "person", "title", "note"];
        let allowed = ["server.address"]; // a service's name
        for attribute in ALLOWED.iter().filter(|attribute| !allowed.contains(&attribute.name())) {
            let name = attribute.name();
            assert!(!personal.iter().any(|word| name.contains(word)), "{name} may be about a person");
            assert!(!name.contains("address"), "{name} may be about a person");
        }
    }

    #[test]
    fn each_name_stands_once() {
        let mut names: Vec<_> = ALLOWED.iter().map(|attribute| attribute.name()).collect();
        names.extend(METRICS.iter().map(|metric| metric.name()));
        let count = names.len();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), count);
    }
}
