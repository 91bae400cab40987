//! The settings as they stand in `outrigger.toml`, and in variables of the same names.

use serde::Deserialize;
use std::{
    fs,
    net::IpAddr,
    path::{Path, PathBuf},
};
use toml::{Table, Value};

/// `outrigger.toml`. Every key is optional; durations are texts like `"10m"`.
#[derive(Clone, Debug, Default, Deserialize, PartialEq)]
#[serde(deny_unknown_fields, default)]
pub struct File {
    /// The folder of the data.
    pub data: Option<PathBuf>,
    /// Where gRPC and the page listen.
    pub address: Option<IpAddr>,
    /// The port of gRPC.
    pub port: Option<u16>,
    /// The port of the page.
    pub http_port: Option<u16>,
    pub orders: Orders,
    pub inventory: Inventory,
    pub shipping: Shipping,
    pub notifications: Notifications,
}

/// `[orders]`
#[derive(Clone, Debug, Default, Deserialize, PartialEq)]
#[serde(deny_unknown_fields, default)]
pub struct Orders {
    /// `"refund"`, `"retry"` or `"hold"`: the answer of orders that bring none.
    pub on_failure: Option<String>,
    /// For `"retry"`: how long.
    pub retry_for: Option<String>,
    /// For `"retry"`: `"refund"` or `"hold"`.
    pub then: Option<String>,
    /// How many orders are driven at once.
    pub concurrency: Option<usize>,
}

/// `[inventory]`
#[derive(Clone, Debug, Default, Deserialize, PartialEq)]
#[serde(deny_unknown_fields, default)]
pub struct Inventory {
    /// How long stock is held for an order.
    pub hold_for: Option<String>,
}

/// `[shipping]`
#[derive(Clone, Debug, Default, Deserialize, PartialEq)]
#[serde(deny_unknown_fields, default)]
pub struct Shipping {
    /// How long a parcel waits for the carrier.
    pub dispatch_after: Option<String>,
    /// How long it is on its way.
    pub deliver_after: Option<String>,
}

/// `[notifications]`
#[derive(Clone, Debug, Default, Deserialize, PartialEq)]
#[serde(deny_unknown_fields, default)]
pub struct Notifications {
    /// A mail server, `smtp://user:password@host:25`. Without one, mails are `.eml` files beside the data.
    pub smtp: Option<String>,
    /// The sender, `Name <address>`.
    pub from: Option<String>,
}

/// Keys that a variable may set besides those that have a flag: `orders.on_failure` is `OUTRIGGER_ORDERS_ON_FAILURE`.
const KEYS: [&str; 9] = [
    "orders.on_failure",
    "orders.retry_for",
    "orders.then",
    "orders.concurrency",
    "inventory.hold_for",
    "shipping.dispatch_after",
    "shipping.deliver_after",
    "notifications.smtp",
    "notifications.from",
];

/// A setting that cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum SettingsError {
    #[error("{path}: cannot be read: {source}; name a file that is there with --config")]
    Unreadable { path: PathBuf, source: std::io::Error },
    #[error("{path}, line {line}: {problem}")]
    File { path: PathBuf, line: usize, problem: String },
    #[error("{variable}: {problem}")]
    Variable { variable: String, problem: String },
    #[error("{key}: {problem}")]
    Value { key: &'static str, problem: String },
}

/// A settings file, its keys and types checked.
pub fn read(path: &Path) -> Result<Table, SettingsError> {
    let text =
        fs::read_to_string(path).map_err(|source| SettingsError::Unreadable { path: path.to_owned(), source })?;
    checked(&text).map_err(|error| {
        let line = error.span().map_or(1, |span| 1 + text[..span.start].matches('\n').count());
        SettingsError::File { path: path.to_owned(), line, problem: error.message().trim().to_owned() }
    })
}

fn checked(text: &str) -> Result<Table, toml::de::Error> {
    toml::from_str::<File>(text)?;
    toml::from_str(text)
}

/// The variables' settings over those of `table`.
pub fn overlay(mut table: Table, variable: impl Fn(&str) -> Option<String>) -> Result<File, SettingsError> {
    for key in KEYS {
        let name = format!("OUTRIGGER_{}", key.replace('.', "_").to_uppercase());
        let Some(text) = variable(&name) else { continue };
        let one = nested(Table::new(), key, &text);
        let usable = one.clone().try_into::<File>();
        usable
            .map_err(|error| SettingsError::Variable { variable: name, problem: error.message().trim().to_owned() })?;
        table = nested(table, key, &text);
    }
    table.try_into().map_err(|error: toml::de::Error| SettingsError::Variable {
        variable: "settings".to_owned(),
        problem: error.message().trim().to_owned(),
    })
}

fn nested(mut table: Table, key: &str, text: &str) -> Table {
    let (section, name) = key.split_once('.').unwrap_or(("", key));
    let value = match text.parse() {
        Ok(number) if name == "concurrency" => Value::Integer(number),
        _ => Value::String(text.to_owned()),
    };
    let section = table.entry(section).or_insert_with(|| Value::Table(Table::new()));
    if let Value::Table(section) = section {
        section.insert(name.to_owned(), value);
    }
    table
}

#[cfg(test)]
mod tests {
    use super::*;

    fn from_text(text: &str) -> Result<Table, SettingsError> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("outrigger.toml");
        fs::write(&path, text).unwrap();
        read(&path)
    }

    #[test]
    fn an_unknown_key_is_an_error_that_names_its_line() {
        let error = from_text("port = 1\n\n[orders]\non_failure = \"hold\"\nretries = 3\n").unwrap_err();
        assert!(
            matches!(&error, SettingsError::File { line: 5, problem, .. } if problem.contains("retries")),
            "{error}"
        );
        let error = from_text("port = \"high\"\n").unwrap_err();
        assert!(matches!(error, SettingsError::File { line: 1, .. }));
    }

    #[test]
    fn a_variable_stands_over_the_file() {
        let table = from_text("data = \"here\"\n[orders]\non_failure = \"hold\"\nconcurrency = 3\n").unwrap();
        let set = |name: &str| (name == "OUTRIGGER_ORDERS_ON_FAILURE").then(|| "refund".to_owned());
        let file = overlay(table, set).unwrap();
        assert_eq!((file.orders.on_failure.as_deref(), file.orders.concurrency), (Some("refund"), Some(3)));
        assert_eq!(file.data, Some(PathBuf::from("here")));
    }

    #[test]
    fn a_variable_of_the_wrong_kind_is_named() {
        let set = |name: &str| (name == "OUTRIGGER_ORDERS_CONCURRENCY").then(|| "many".to_owned());
        let error = overlay(Table::new(), set).unwrap_err();
        assert!(error.to_string().starts_with("OUTRIGGER_ORDERS_CONCURRENCY: "), "{error}");
    }
}
