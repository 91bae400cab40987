//! The list of all settings. What is not on it is refused.

/// A setting.
pub struct Setting {
    /// In `outrigger.toml`: `orders.on_failure` is `on_failure` below `[orders]`.
    pub key: &'static str,
    /// The flag, when there is one.
    pub flag: &'static str,
    /// What holds when nothing is said.
    pub usual: &'static str,
    /// What it is.
    pub what: &'static str,
}

impl Setting {
    /// `orders.on_failure` is `OUTRIGGER_ORDERS_ON_FAILURE`.
    pub fn variable(&self) -> String {
        format!("OUTRIGGER_{}", self.key.replace('.', "_").to_uppercase())
    }
}

const fn of(key: &'static str, flag: &'static str, usual: &'static str, what: &'static str) -> Setting {
    Setting { key, flag, usual, what }
}

/// All of them.
pub const SETTINGS: [Setting; 18] = [
    of("data", "--data", "./outrigger-data", "a folder, or `postgres://user@host:port/database`"),
    of("address", "--address", "127.0.0.1", "the address that gRPC, the page and the metrics listen on"),
    of("port", "--port", "50051", "the port of gRPC; 0 takes a free one"),
    of("http_port", "--http-port", "8080", "the port of the page; 0 takes a free one"),
    of("metrics_port", "--metrics-port", "9464", "the port of the metrics, `/metrics`; 0 takes a free one"),
    of("grace", "--grace", "20s", "how long ending may take before what is under way is left for the next start"),
    of(
        "database.password_file",
        "",
        "none",
        "a file with the database's password and nothing else, as a Kubernetes secret is mounted",
    ),
    of("database.connections", "", "8", "the most connections of each service to the database"),
    of("database.statement_timeout", "", "10s", "how long one statement may take in the database"),
    of(
        "orders.on_failure",
        "",
        "refund",
        "the answer to a step that cannot go on, of orders that bring none: refund, retry or hold",
    ),
    of("orders.retry_for", "", "10m", "with retry: how long"),
    of("orders.then", "", "refund", "with retry: what then, refund or hold"),
    of("orders.concurrency", "", "512", "how many orders are driven at once"),
    of("inventory.hold_for", "", "15m", "how long stock is held for an order"),
    of("shipping.dispatch_after", "", "200ms", "how long a parcel waits for the carrier"),
    of("shipping.deliver_after", "", "300ms", "how long a parcel is on its way"),
    of(
        "notifications.smtp",
        "",
        "none",
        "a mail server, `smtp://user:password@host:25`; without one mails are `.eml` files beside the data",
    ),
    of("notifications.from", "", "Outrigger <orders@outrigger.invalid>", "the sender of mails, `Name <address>`"),
];

/// Variables that are not settings of the system: (name, flag, what holds otherwise, what it is).
pub const BESIDES: [(&str, &str, &str, &str); 3] = [
    ("OUTRIGGER_CONFIG", "--config", "outrigger.toml", "the settings file"),
    ("OUTRIGGER_ENDPOINT", "--endpoint", "http://127.0.0.1:50051", "the running system that commands ask"),
    ("OUTRIGGER_LOG", "", "warn", "what is logged, e.g. `info` or `warn,outrigger::rpc=debug`"),
];

/// The setting of that key.
pub fn setting(key: &str) -> Option<&'static Setting> {
    SETTINGS.iter().find(|setting| setting.key == key)
}

/// The flag of that setting.
pub fn flag(key: &str) -> &'static str {
    setting(key).map_or("", |setting| setting.flag)
}

/// For `--help`: the settings that have no flag, by their variables.
pub fn without_flags() -> String {
    let row =
        |setting: &Setting| format!("  {:<39} {} [default: {}]\n", setting.variable(), setting.what, setting.usual);
    SETTINGS.iter().filter(|setting| setting.flag.is_empty()).map(row).collect()
}

/// The one of `names` that was probably meant; none when nothing is like it.
pub fn nearest(meant: &str, names: impl Iterator<Item = String>) -> Option<String> {
    let near = |name: &String| strsim::normalized_damerau_levenshtein(meant, name);
    names.filter(|name| near(name) > 0.6).max_by(|a, b| near(a).total_cmp(&near(b)))
}

/// Their variables.
#[cfg(test)]
pub fn variables() -> Vec<String> {
    SETTINGS.iter().map(Setting::variable).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::{collections::BTreeSet, fmt::Write, fs, path::Path};

    fn page() -> String {
        let mut text = "# Settings\n\n\
            Flags over variables over the settings file (`outrigger.toml` in the working folder, or the one that `--config` names). A key\n\
            with a dot stands below a heading: `orders.on_failure` is `on_failure` below `[orders]`. An empty variable counts as none. What is\n\
            unknown or wrong is refused, with the setting's name and where its value came from.\n\n\
            | in the file | variable | flag | otherwise | what |\n|---|---|---|---|---|\n"
            .to_owned();
        let quoted = |text: &str| if text.is_empty() { String::new() } else { format!("`{text}`") };
        for setting in &SETTINGS {
            let (key, flag, usual) = (quoted(setting.key), quoted(setting.flag), quoted(setting.usual));
            writeln!(text, "| {key} | `{}` | {flag} | {usual} | {} |", setting.variable(), setting.what).unwrap();
        }
        for (name, flag, usual, what) in BESIDES {
            writeln!(text, "| | `{name}` | {} | {} | {what} |", quoted(flag), quoted(usual)).unwrap();
        }
        text + AFTER
    }

    const AFTER: &str = "\n\
        Traces are set by the standard `OTEL_*` variables (`OTEL_EXPORTER_OTLP_ENDPOINT`, `OTEL_TRACES_SAMPLER`, `OTEL_TRACES_SAMPLER_ARG`).\n\n\
        ## The database\n\n\
        `data = \"postgres://user@host:port/database?sslmode=verify-full&sslrootcert=FILE\"` keeps the data in PostgreSQL, a schema per service;\n\
        the database must be there, and its owner be the user. Its password, in the order in which it is looked for: in the URL (whoever\n\
        lists processes sees a flag), in the file that `database.password_file` names, and where PostgreSQL's own programs look (`PGPASSWORD`,\n\
        then `PGPASSFILE` or `~/.pgpass`).\n\n\
        ## Kubernetes\n\n\
        For a Service named `outrigger` Kubernetes puts `OUTRIGGER_PORT=tcp://…` into every container of its namespace, which is no port and\n\
        is refused: put `enableServiceLinks: false` into the pod's spec. Other variables that it sets for Services are let pass.\n";

    #[test]
    fn the_documented_settings_are_those_of_the_code() {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/settings.md");
        if std::env::var_os("OUTRIGGER_WRITE_DOCS").is_some() {
            fs::write(&path, page()).unwrap();
        }
        let documented = fs::read_to_string(&path).unwrap_or_default();
        assert!(documented == page(), "docs/settings.md is behind the code: run with OUTRIGGER_WRITE_DOCS=1");
    }

    #[test]
    fn no_two_settings_have_the_same_variable() {
        let names: BTreeSet<String> = SETTINGS.iter().map(Setting::variable).collect();
        assert_eq!(names.len(), SETTINGS.len());
    }

    #[test]
    fn what_is_like_nothing_is_not_guessed_at() {
        let names = || ["OUTRIGGER_PORT".to_owned(), "OUTRIGGER_DATA".to_owned()].into_iter();
        assert_eq!(nearest("OUTRIGGER_PROT", names()).as_deref(), Some("OUTRIGGER_PORT"));
        assert_eq!(nearest("WHATEVER_ELSE", names()), None);
    }
}
