//! A trace as a person sees it in Jaeger: spans, whose children they are, and what they say.

use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// One trace.
#[derive(Debug)]
pub struct Trace {
    pub id: String,
    pub spans: Vec<Span>,
}

/// One span of it.
#[derive(Clone, Debug)]
pub struct Span {
    pub id: String,
    pub service: String,
    pub name: String,
    pub parent: Option<String>,
    /// Spans that it follows from, each by its trace and its own number.
    pub links: Vec<(String, String)>,
    pub tags: BTreeMap<String, String>,
    /// In microseconds of the Unix epoch.
    pub started: u64,
}

impl Span {
    /// "server", "client", "producer", "consumer" or "internal".
    pub fn kind(&self) -> &str {
        self.tag("span.kind")
    }

    /// What it says under a name; nothing when it says nothing.
    pub fn tag(&self, name: &str) -> &str {
        self.tags.get(name).map_or("", String::as_str)
    }

    pub fn failed(&self) -> bool {
        self.tag("error") == "true"
    }

    /// "payments: client outrigger.payment.v1.PaymentService/Charge".
    fn told(&self) -> String {
        format!("{}: {} {}", self.service, self.kind(), self.name)
    }
}

impl Trace {
    /// As Jaeger's query API tells it.
    pub fn of(told: &Value) -> Self {
        let id = text(&told["traceID"]);
        let spans = told["spans"].as_array().unwrap().iter().map(|span| read(&id, span, &told["processes"])).collect();
        Self { id, spans }
    }

    /// Everybody who has a span in it.
    pub fn services(&self) -> BTreeSet<&str> {
        self.spans.iter().map(|span| span.service.as_str()).collect()
    }

    /// Spans that nothing of any trace caused.
    pub fn roots(&self) -> Vec<&Span> {
        self.spans.iter().filter(|span| span.parent.is_none()).collect()
    }

    /// Spans whose parent is nowhere in the trace.
    pub fn orphans(&self) -> Vec<&Span> {
        let known: BTreeSet<&str> = self.spans.iter().map(|span| span.id.as_str()).collect();
        let lost = |span: &&Span| span.parent.as_ref().is_some_and(|parent| !known.contains(parent.as_str()));
        self.spans.iter().filter(lost).collect()
    }

    pub fn children(&self, span: &Span) -> Vec<&Span> {
        self.spans.iter().filter(|child| child.parent.as_deref() == Some(&span.id)).collect()
    }

    pub fn parent(&self, span: &Span) -> Option<&Span> {
        let parent = span.parent.as_deref()?;
        self.spans.iter().find(|span| span.id == parent)
    }

    pub fn of_kind<'a>(&'a self, kind: &'a str) -> impl Iterator<Item = &'a Span> {
        self.spans.iter().filter(move |span| span.kind() == kind)
    }

    /// The whole tree, for people who have to find out why a test failed.
    pub fn tree(&self) -> String {
        let mut text = format!("trace {}\n", self.id);
        let mut tops: Vec<&Span> = self.roots();
        tops.extend(self.orphans());
        for span in tops {
            self.branch(span, 1, &mut text);
        }
        text
    }

    fn branch(&self, span: &Span, depth: usize, text: &mut String) {
        let mark = if span.failed() { " !" } else { "" };
        text.push_str(&format!("{}{}{mark} {:?}\n", "  ".repeat(depth), span.told(), span.tags));
        self.children(span).into_iter().for_each(|child| self.branch(child, depth + 1, text));
    }
}

fn read(trace: &str, span: &Value, processes: &Value) -> Span {
    let references = span["references"].as_array().cloned().unwrap_or_default();
    let of_type = |kind: &str| {
        let found = references.iter().filter(|reference| reference["refType"] == kind);
        found.map(|reference| (text(&reference["traceID"]), text(&reference["spanID"]))).collect::<Vec<_>>()
    };
    let tags = span["tags"].as_array().into_iter().flatten();
    let parent = of_type("CHILD_OF").into_iter().find(|(of, _)| of == trace);
    Span {
        id: text(&span["spanID"]),
        service: text(&processes[text(&span["processID"])]["serviceName"]),
        name: text(&span["operationName"]),
        parent: parent.map(|(_, id)| id),
        links: of_type("FOLLOWS_FROM"),
        tags: tags.map(|tag| (text(&tag["key"]), text(&tag["value"]))).collect(),
        started: span["startTime"].as_u64().unwrap(),
    }
}

fn text(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}
