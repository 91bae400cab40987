//! The export of spans as OpenTelemetry's variables set it. What cannot be honoured is refused, naming the variable, its value
//! and what to do.
//!
//! Nothing is exported while neither `OTEL_EXPORTER_OTLP_TRACES_ENDPOINT` nor `OTEL_EXPORTER_OTLP_ENDPOINT` is set. Only gRPC
//! without TLS is spoken: a collector stands beside the program, and speaks TLS to whatever is further away.

use crate::{Sampler, StartError};
use http::{Uri, uri::Scheme};
use percent_encoding::percent_decode_str;
use std::{str::FromStr, time::Duration};

const DISABLED: &str = "OTEL_SDK_DISABLED";
const PROPAGATORS: &str = "OTEL_PROPAGATORS";
const EXPORTER: &str = "OTEL_TRACES_EXPORTER";
const SAMPLER: &str = "OTEL_TRACES_SAMPLER";
const SAMPLER_ARG: &str = "OTEL_TRACES_SAMPLER_ARG";
const RESOURCE: &str = "OTEL_RESOURCE_ATTRIBUTES";
const SERVICE: &str = "OTEL_SERVICE_NAME";
const QUEUE: &str = "OTEL_BSP_MAX_QUEUE_SIZE";
const BATCH: &str = "OTEL_BSP_MAX_EXPORT_BATCH_SIZE";
const DELAY: &str = "OTEL_BSP_SCHEDULE_DELAY";
const EXPORT_WITHIN: &str = "OTEL_BSP_EXPORT_TIMEOUT";

/// A setting for traces alone, and the one for everything, which it overrides.
type Either = [&'static str; 2];
const ENDPOINT: Either = ["OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_EXPORTER_OTLP_ENDPOINT"];
const PROTOCOL: Either = ["OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", "OTEL_EXPORTER_OTLP_PROTOCOL"];
const TIMEOUT: Either = ["OTEL_EXPORTER_OTLP_TRACES_TIMEOUT", "OTEL_EXPORTER_OTLP_TIMEOUT"];
const HEADERS: Either = ["OTEL_EXPORTER_OTLP_TRACES_HEADERS", "OTEL_EXPORTER_OTLP_HEADERS"];
const COMPRESSION: Either = ["OTEL_EXPORTER_OTLP_TRACES_COMPRESSION", "OTEL_EXPORTER_OTLP_COMPRESSION"];

/// How spans are sampled, kept and exported.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Where the collector is: `http://host:port`.
    pub endpoint: Uri,
    /// Sent with every export.
    pub headers: Vec<(String, String)>,
    /// Which traces are recorded.
    pub sampler: Sampler,
    /// What every service says of itself, beside its name.
    pub resource: Vec<(String, String)>,
    /// What the program's own spans go by; "outrigger" when it is not set. Services keep their names.
    pub program: Option<String>,
    /// The most spans that wait; more are dropped.
    pub queue: usize,
    /// The most spans in one export.
    pub batch: usize,
    /// How long a span waits at most for others to be exported with.
    pub delay: Duration,
    /// How long one try of an export may take.
    pub timeout: Duration,
    /// How long a batch may be tried again before it is dropped.
    pub give_up_after: Duration,
}

impl Settings {
    /// Exported to `endpoint`, everything else as OpenTelemetry's specification has it.
    pub fn to(endpoint: Uri) -> Self {
        Self {
            endpoint,
            headers: Vec::new(),
            sampler: Sampler::named("parentbased_always_on", 1.0).expect("a name that is known"),
            resource: Vec::new(),
            program: None,
            queue: 2_048,
            batch: 512,
            delay: Duration::from_secs(5),
            timeout: Duration::from_secs(10),
            give_up_after: Duration::from_secs(30),
        }
    }

    /// As `variable` gives them; the process's own: `|name| std::env::var(name).ok()`. `None`: nothing is exported.
    ///
    /// # Errors
    /// [`StartError::Setting`].
    pub fn read(variable: impl Fn(&'static str) -> Option<String>) -> Result<Option<Self>, StartError> {
        let variables = Variables(&variable);
        let Some((named, endpoint)) = variables.either(ENDPOINT) else { return Ok(None) };
        if variables.disabled()? || !variables.exports()? {
            return Ok(None);
        }
        variables.propagators()?;
        variables.only(PROTOCOL, "grpc", "only grpc is spoken; unset it, or name the collector's gRPC port (4317)")?;
        variables.only(COMPRESSION, "none", "exports are not compressed; unset it")?;
        let usual = Self::to(address(named, &endpoint)?);
        let queue = variables.number(QUEUE, usual.queue)?.max(1);
        let settings = Self {
            headers: variables
                .either(HEADERS)
                .map(|(name, value)| pairs(name, &value))
                .transpose()?
                .unwrap_or_default(),
            sampler: variables.sampler()?,
            resource: variables.one(RESOURCE).map(|value| pairs(RESOURCE, &value)).transpose()?.unwrap_or_default(),
            program: variables.one(SERVICE),
            queue,
            batch: variables.number(BATCH, usual.batch)?.clamp(1, queue),
            delay: variables.millis(DELAY, usual.delay)?,
            timeout: variables.either_millis(TIMEOUT, usual.timeout)?,
            give_up_after: variables.millis(EXPORT_WITHIN, usual.give_up_after)?,
            ..usual
        };
        Ok(Some(settings))
    }
}

struct Variables<'a>(&'a dyn Fn(&'static str) -> Option<String>);

impl Variables<'_> {
    /// An empty variable is one that is not set.
    fn one(&self, name: &'static str) -> Option<String> {
        self.0(name).map(|value| value.trim().to_owned()).filter(|value| !value.is_empty())
    }

    fn either(&self, names: Either) -> Option<(&'static str, String)> {
        names.into_iter().find_map(|name| Some((name, self.one(name)?)))
    }

    fn disabled(&self) -> Result<bool, StartError> {
        match self.one(DISABLED) {
            Some(value) if value.eq_ignore_ascii_case("true") => Ok(true),
            Some(value) if !value.eq_ignore_ascii_case("false") => {
                Err(wrong(DISABLED, &value, "it must be true or false"))
            }
            _ => Ok(false),
        }
    }

    /// Baggage is nobody's here, and so is not carried; that it may be is what the variable says when it is not set.
    fn propagators(&self) -> Result<(), StartError> {
        let known = |name: &str| ["tracecontext", "baggage"].contains(&name.trim());
        match self.one(PROPAGATORS) {
            Some(names) if !names.split(',').all(known) || !names.contains("tracecontext") => {
                Err(wrong(PROPAGATORS, &names, "the trace travels as W3C has it; unset it, or set it to tracecontext"))
            }
            _ => Ok(()),
        }
    }

    fn exports(&self) -> Result<bool, StartError> {
        match self.one(EXPORTER).as_deref() {
            None | Some("otlp") => Ok(true),
            Some("none") => Ok(false),
            Some(other) => Err(wrong(EXPORTER, other, "only otlp and none are known")),
        }
    }

    fn only(&self, names: Either, known: &str, problem: &str) -> Result<(), StartError> {
        match self.either(names) {
            Some((name, value)) if value != known => Err(wrong(name, &value, problem)),
            _ => Ok(()),
        }
    }

    fn sampler(&self) -> Result<Sampler, StartError> {
        const KNOWN: &str =
            "one of always_on, always_off, traceidratio, and parentbased_ with one of these behind it, is known";
        let ratio = match self.one(SAMPLER_ARG) {
            None => 1.0,
            Some(value) => match value.parse::<f64>() {
                Ok(ratio) if (0.0..=1.0).contains(&ratio) => ratio,
                _ => return Err(wrong(SAMPLER_ARG, &value, "it must be a number from 0 to 1, such as 0.01")),
            },
        };
        let name = self.one(SAMPLER).unwrap_or_else(|| "parentbased_always_on".to_owned());
        Sampler::named(&name, ratio).ok_or_else(|| wrong(SAMPLER, &name, KNOWN))
    }

    fn number<T: FromStr>(&self, name: &'static str, usual: T) -> Result<T, StartError> {
        let Some(value) = self.one(name) else { return Ok(usual) };
        value.parse().map_err(|_| wrong(name, &value, "it must be a whole number, 0 or more"))
    }

    fn millis(&self, name: &'static str, usual: Duration) -> Result<Duration, StartError> {
        let millis = self.number(name, u64::try_from(usual.as_millis()).unwrap_or(u64::MAX))?;
        // A day is for ever, and far from what a timer cannot count.
        Ok(Duration::from_millis(millis.clamp(1, 24 * 3_600 * 1_000)))
    }

    fn either_millis(&self, names: Either, usual: Duration) -> Result<Duration, StartError> {
        match self.either(names) {
            Some((name, _)) => self.millis(name, usual),
            None => Ok(usual),
        }
    }
}

fn wrong(variable: &'static str, value: &str, problem: &str) -> StartError {
    StartError::Setting { variable, value: value.to_owned(), problem: problem.to_owned() }
}

fn address(variable: &'static str, value: &str) -> Result<Uri, StartError> {
    const WANTED: &str = "it must be http://host:port, such as http://127.0.0.1:4317";
    let uri: Uri = value.parse().map_err(|_| wrong(variable, value, WANTED))?;
    if uri.scheme() == Some(&Scheme::HTTPS) {
        let problem =
            "TLS is not spoken; name a collector beside the program by http://, and let it speak TLS further on";
        return Err(wrong(variable, value, problem));
    }
    if uri.scheme() != Some(&Scheme::HTTP) || uri.host().is_none_or(str::is_empty) {
        return Err(wrong(variable, value, WANTED));
    }
    Ok(uri)
}

/// `key=value,key=value`, percent-encoded, as W3C baggage writes them.
fn pairs(variable: &'static str, text: &str) -> Result<Vec<(String, String)>, StartError> {
    let pair = |entry: &str| {
        let (key, value) = entry.split_once('=')?;
        let value = percent_decode_str(value.trim()).decode_utf8().ok()?;
        (!key.trim().is_empty()).then(|| (key.trim().to_owned(), value.into_owned()))
    };
    let entries = text.split(',').filter(|entry| !entry.trim().is_empty());
    // What is between the signs may be a secret: it is not repeated.
    let problem = "it must be key=value,key=value, percent-encoded where a value has a comma";
    entries.map(|entry| pair(entry).ok_or_else(|| wrong(variable, "…", problem))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(variables: &[(&'static str, &str)]) -> Result<Option<Settings>, StartError> {
        let variables: Vec<_> = variables.iter().map(|(name, value)| (*name, (*value).to_owned())).collect();
        Settings::read(|name| variables.iter().find(|(known, _)| *known == name).map(|(_, value)| value.clone()))
    }

    const AT: (&str, &str) = ("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:4317");

    #[test]
    fn nothing_is_exported_unless_an_endpoint_is_named() {
        assert!(read(&[]).unwrap().is_none());
        assert!(read(&[("OTEL_EXPORTER_OTLP_ENDPOINT", " ")]).unwrap().is_none());
        assert!(read(&[AT, ("OTEL_SDK_DISABLED", "TRUE")]).unwrap().is_none());
        assert!(read(&[AT, ("OTEL_TRACES_EXPORTER", "none")]).unwrap().is_none());
    }

    #[test]
    fn what_is_set_is_honoured() {
        let settings = read(&[
            AT,
            ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "http://collector:1"),
            ("OTEL_TRACES_SAMPLER", "parentbased_traceidratio"),
            ("OTEL_TRACES_SAMPLER_ARG", "0.01"),
            ("OTEL_RESOURCE_ATTRIBUTES", "service.namespace=shop, deployment.environment=a%2Cb"),
            ("OTEL_EXPORTER_OTLP_HEADERS", "api-key=secret"),
            ("OTEL_BSP_MAX_QUEUE_SIZE", "100"),
            ("OTEL_BSP_SCHEDULE_DELAY", "10"),
            ("OTEL_EXPORTER_OTLP_TIMEOUT", "2000"),
        ]);
        let settings = settings.unwrap().unwrap();
        assert_eq!(settings.endpoint, "http://collector:1");
        assert_eq!(Some(settings.sampler), Sampler::named("parentbased_traceidratio", 0.01));
        assert_eq!(settings.resource[1], ("deployment.environment".to_owned(), "a,b".to_owned()));
        assert_eq!(settings.headers, [("api-key".to_owned(), "secret".to_owned())]);
        assert_eq!((settings.queue, settings.batch), (100, 100), "a batch is never larger than the queue");
        assert_eq!(settings.delay, Duration::from_millis(10));
        assert_eq!(settings.timeout, Duration::from_secs(2));
    }

    #[test]
    fn what_cannot_be_honoured_is_refused_by_its_name() {
        let cases = [
            ("OTEL_EXPORTER_OTLP_ENDPOINT", "https://collector:4317"),
            ("OTEL_EXPORTER_OTLP_ENDPOINT", "collector:4317"),
            ("OTEL_EXPORTER_OTLP_ENDPOINT", "not an address"),
            ("OTEL_EXPORTER_OTLP_PROTOCOL", "http/protobuf"),
            ("OTEL_EXPORTER_OTLP_COMPRESSION", "gzip"),
            ("OTEL_TRACES_EXPORTER", "zipkin"),
            ("OTEL_SDK_DISABLED", "yes"),
            ("OTEL_PROPAGATORS", "b3"),
            ("OTEL_TRACES_SAMPLER", "sometimes"),
            ("OTEL_TRACES_SAMPLER_ARG", "1.5"),
            ("OTEL_TRACES_SAMPLER_ARG", "NaN"),
            ("OTEL_BSP_MAX_QUEUE_SIZE", "-1"),
            ("OTEL_BSP_SCHEDULE_DELAY", "5s"),
            ("OTEL_RESOURCE_ATTRIBUTES", "no pair"),
        ];
        for case in cases {
            let error = read(&[case, AT]).unwrap_err().to_string();
            assert!(error.starts_with(case.0), "{error}");
        }
    }
}
