//! The settings as they stand in the environment. A misspelt one is a setting that somebody believes in: it is refused.
//!
//! Two kinds of `OUTRIGGER_*` are not ours to judge: those of this project's own tests, and those that Kubernetes puts
//! into every container for a Service whose name begins with `outrigger`.

use super::{
    SettingsError,
    known::{self, BESIDES, SETTINGS, Setting},
    origin::{Origin, Said},
};
use std::{collections::BTreeMap, ffi::OsString};

const OURS: &str = "OUTRIGGER_";

/// Read by the scripts and tests of this project, and harmless here.
const OF_TESTS: [&str; 8] = [
    "OUTRIGGER_CLUSTER",
    "OUTRIGGER_JAEGER",
    "OUTRIGGER_POSTGRES",
    "OUTRIGGER_PROGRAM",
    "OUTRIGGER_SKIPPED",
    "OUTRIGGER_STORMS",
    "OUTRIGGER_TOOLS",
    "OUTRIGGER_WRITE_DOCS",
];
/// Whatever else a test needs.
const OF_A_TEST: &str = "OUTRIGGER_TEST_";

/// What the environment says; nothing when that is empty.
pub fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|said| !said.is_empty())
}

/// Whether every `OUTRIGGER_*` variable of this process is known, whatever the command needs of them.
///
/// # Errors
/// [`SettingsError::Variable`], with the one that was probably meant.
pub fn check() -> Result<(), SettingsError> {
    read(std::env::vars_os()).map(drop)
}

/// What the variables say, by the settings' keys. An empty one says nothing.
pub fn read(
    variables: impl IntoIterator<Item = (OsString, OsString)>,
) -> Result<BTreeMap<&'static str, Said>, SettingsError> {
    let mut said = BTreeMap::new();
    for (name, value) in variables {
        let Some(name) = name.to_str().filter(|name| name.starts_with(OURS)) else { continue };
        let refuse = |problem: String| SettingsError::Variable { name: name.to_owned(), problem };
        let setting = SETTINGS.iter().find(|setting| setting.variable() == name);
        let is_ours = setting.is_some() || BESIDES.iter().any(|(known, ..)| *known == name);
        let value = value.to_str();
        if !is_ours && !is_anothers(name, value.unwrap_or_default()) {
            return Err(refuse(unknown(name)));
        }
        let text = value.ok_or_else(|| refuse("is not text (UTF-8)".to_owned()))?;
        if let Some(setting) = setting.filter(|_| !text.is_empty()) {
            said.insert(setting.key, Said { text: text.to_owned(), origin: Origin::Variable(name.to_owned()) });
        }
    }
    Ok(said)
}

fn is_anothers(name: &str, value: &str) -> bool {
    OF_TESTS.contains(&name) || name.starts_with(OF_A_TEST) || is_service_link(name, value)
}

/// What Kubernetes sets for a Service: `X_SERVICE_HOST`, `X_SERVICE_PORT_NAME`, `X_PORT=tcp://…`, `X_PORT_80_TCP_ADDR`.
fn is_service_link(name: &str, value: &str) -> bool {
    let numbered =
        name.split_once("_PORT_").is_some_and(|(_, rest)| rest.starts_with(|digit: char| digit.is_ascii_digit()));
    let linked = name.ends_with("_PORT") && value.contains("://");
    name.ends_with("_SERVICE_HOST") || name.contains("_SERVICE_PORT") || numbered || linked
}

fn unknown(name: &str) -> String {
    let names = SETTINGS.iter().map(Setting::variable).chain(BESIDES.iter().map(|(name, ..)| (*name).to_owned()));
    match known::nearest(name, names) {
        Some(near) => format!("there is no such setting; did you mean {near}? Otherwise unset it"),
        None => "there is no such setting; unset it, or look it up in docs/settings.md".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::{fs, path::Path};

    fn from(variables: &[(&str, &str)]) -> Result<BTreeMap<&'static str, Said>, SettingsError> {
        read(variables.iter().map(|(name, value)| (OsString::from(name), OsString::from(value))))
    }

    #[test]
    fn a_misspelt_variable_is_refused_naming_the_nearest() {
        let told = from(&[("OUTRIGGER_PROT", "1")]).unwrap_err().to_string();
        assert_eq!(
            told,
            "OUTRIGGER_PROT (variable): there is no such setting; did you mean OUTRIGGER_PORT? Otherwise unset it"
        );
        assert!(from(&[("OUTRIGGER_WHATEVER", "1")]).is_err());
        assert!(from(&[("HOME", "/"), ("OUTRIGGER_LOG", "info"), ("OUTRIGGER_TEST_X", "1")]).unwrap().is_empty());
    }

    #[test]
    fn an_empty_variable_says_nothing() {
        assert!(from(&[("OUTRIGGER_PORT", "")]).unwrap().is_empty());
    }

    #[test]
    fn what_kubernetes_sets_for_a_service_is_no_misspelt_setting() {
        let links = [
            ("OUTRIGGER_SERVICE_HOST", "10.0.0.1"),
            ("OUTRIGGER_SERVICE_PORT", "50051"),
            ("OUTRIGGER_SERVICE_PORT_GRPC", "50051"),
            ("OUTRIGGER_PORT_50051_TCP", "tcp://10.0.0.1:50051"),
            ("OUTRIGGER_PORT_50051_TCP_ADDR", "10.0.0.1"),
            ("OUTRIGGER_HEADLESS_PORT", "tcp://10.0.0.1:50051"),
        ];
        assert!(from(&links).unwrap().is_empty());
        assert!(from(&[("OUTRIGGER_HEADLESS_PORT", "50051")]).is_err());
    }

    /// How scripts and tests read a variable, or hand one on.
    const READS: [&str; 4] = ["var(\"", "var_os(\"", "${", "export "];

    #[test]
    fn the_variables_of_this_projects_tests_are_known() {
        let mut unknown = Vec::new();
        for path in files(&Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests")) {
            let text = fs::read_to_string(&path).unwrap_or_default();
            let reads = READS.iter().flat_map(|how| text.split(how).skip(1));
            for rest in reads.filter(|rest| rest.starts_with(OURS)) {
                let name: String = rest.chars().take_while(|c| c.is_ascii_uppercase() || *c == '_').collect();
                if from(&[(name.as_str(), "1")]).is_err() {
                    unknown.push(format!("{}: {name}", path.display()));
                }
            }
        }
        assert!(unknown.is_empty(), "add these to OF_TESTS: {unknown:#?}");
    }

    fn files(folder: &Path) -> Vec<std::path::PathBuf> {
        let entries = fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path());
        entries.flat_map(|path| if path.is_dir() { files(&path) } else { vec![path] }).collect()
    }
}
