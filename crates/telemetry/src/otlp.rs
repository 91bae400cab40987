//! Spans as OpenTelemetry's protocol has them.

use crate::{
    Traceparent,
    names::Attribute,
    record::{Kind, Record, Value},
};
use opentelemetry_proto::tonic::{
    collector::trace::v1::ExportTraceServiceRequest,
    common::v1::{AnyValue, InstrumentationScope, KeyValue, any_value},
    resource::v1::Resource,
    trace::v1::{ResourceSpans, ScopeSpans, Span, Status, span, status},
};
use std::collections::BTreeMap;

/// In a span's flags: it is known whether its parent is another process's.
const KNOWS_REMOTE: u32 = 0x100;
/// In a span's flags: its parent is.
const REMOTE: u32 = 0x200;

/// One request for all services that the batch has spans of.
pub fn request(batch: &[Box<Record>], resource: impl Fn(usize) -> Resource) -> ExportTraceServiceRequest {
    let mut services: BTreeMap<usize, Vec<Span>> = BTreeMap::new();
    for record in batch {
        services.entry(record.service).or_default().push(exported(record));
    }
    let resource_spans = services.into_iter().map(|(service, spans)| ResourceSpans {
        resource: Some(resource(service)),
        scope_spans: vec![ScopeSpans { scope: Some(scope()), spans, schema_url: String::new() }],
        schema_url: String::new(),
    });
    ExportTraceServiceRequest { resource_spans: resource_spans.collect() }
}

/// An attribute of a resource.
pub fn pair(key: &str, value: &str) -> KeyValue {
    key_value(key, any_value::Value::StringValue(value.to_owned()))
}

fn scope() -> InstrumentationScope {
    InstrumentationScope {
        name: env!("CARGO_PKG_NAME").to_owned(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        ..InstrumentationScope::default()
    }
}

fn exported(record: &Record) -> Span {
    let Record { shape, context, .. } = record;
    let remote = if matches!(shape.kind, Kind::Client) { 0 } else { REMOTE };
    let attributes = shape.attributes.iter().chain(&record.attributes);
    Span {
        trace_id: context.trace_id().to_be_bytes().to_vec(),
        span_id: context.parent_id().to_be_bytes().to_vec(),
        parent_span_id: record.parent.map(|id| id.to_be_bytes().to_vec()).unwrap_or_default(),
        flags: u32::from(context.flags()) | KNOWS_REMOTE | remote,
        name: shape.name.clone(),
        kind: kind(shape.kind) as i32,
        start_time_unix_nano: record.start,
        end_time_unix_nano: record.end,
        attributes: attributes.map(|(attribute, said)| attribute_of(*attribute, said)).collect(),
        links: record.links.iter().map(link).collect(),
        status: record.failed.then(|| Status { message: String::new(), code: status::StatusCode::Error as i32 }),
        ..Span::default()
    }
}

const fn kind(kind: Kind) -> span::SpanKind {
    match kind {
        Kind::Server => span::SpanKind::Server,
        Kind::Client => span::SpanKind::Client,
        Kind::Consumer => span::SpanKind::Consumer,
    }
}

fn link(to: &Traceparent) -> span::Link {
    span::Link {
        trace_id: to.trace_id().to_be_bytes().to_vec(),
        span_id: to.parent_id().to_be_bytes().to_vec(),
        flags: u32::from(to.flags()),
        ..span::Link::default()
    }
}

fn attribute_of(attribute: Attribute, said: &Value) -> KeyValue {
    let value = match said {
        Value::Word(word) => any_value::Value::StringValue((*word).to_owned()),
        Value::Name(name) => any_value::Value::StringValue((**name).to_owned()),
        Value::Number(number) => any_value::Value::IntValue(*number),
        Value::Truth(truth) => any_value::Value::BoolValue(*truth),
    };
    key_value(attribute.name(), value)
}

fn key_value(key: &str, value: any_value::Value) -> KeyValue {
    KeyValue { key: key.to_owned(), value: Some(AnyValue { value: Some(value) }), ..KeyValue::default() }
}
