//! The names of spans, attributes and headers, once. OpenTelemetry's where it has one, gRPC's (A66) for attempts.

/// The target of all spans and events about calls: `OUTRIGGER_LOG=outrigger::rpc=debug` shows them alone.
pub const RPC_TARGET: &str = "outrigger::rpc";

/// The span of a call as the caller sees it, all attempts included.
pub const CLIENT_SPAN: &str = "rpc.client";
/// The span of a call as the callee sees it.
pub const SERVER_SPAN: &str = "rpc.server";

/// Always "grpc".
pub const RPC_SYSTEM: &str = "rpc.system.name";
/// The full method: `package.Service/Method`.
pub const RPC_METHOD: &str = "rpc.method";
/// How the call ended, by the name of its code.
pub const RPC_STATUS: &str = "rpc.status_code";
/// Who calls.
pub const CALLER: &str = "outrigger.caller";
/// Who is called.
pub const CALLEE: &str = "outrigger.callee";
/// Which attempt of the call, from 1.
pub const ATTEMPT: &str = "outrigger.attempt";
/// The trace that a span belongs to: 32 hexadecimal digits.
pub const TRACE_ID: &str = "trace_id";
/// The span itself: 16 hexadecimal digits.
pub const SPAN_ID: &str = "span_id";
/// The span that caused it.
pub const PARENT_ID: &str = "parent_id";

/// The header that carries the W3C trace context.
pub const TRACEPARENT: &str = "traceparent";
