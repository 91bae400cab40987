//! What may be set and from where: flags over `OUTRIGGER_*` variables over `outrigger.toml`. Nothing is ignored in
//! silence (I11): an unknown key or variable is an error, and every error names the setting, where its value came from
//! and what to do.
//!
//! | room | what |
//! |---|---|
//! | `known` | the list of all settings, printed into `docs/settings.md` by a test |
//! | `file`, `environment` | what is written there, with its origin |
//! | `values` | how a text becomes a value |
//! | `place` | where data lives: a folder or a database, and the database's password |
//! | `apply` | into what the services are started with |

mod apply;
mod environment;
mod error;
mod file;
mod known;
mod origin;
mod place;
pub mod values;

pub use environment::{check, variable};
pub use error::SettingsError;
#[cfg(test)]
pub use known::variables;
pub use known::without_flags;
pub use origin::{Origin, Sourced};

use origin::Said;
use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

/// Read when it is there and no other file is named.
const USUAL_FILE: &str = "outrigger.toml";

/// What the variables and the file say, each by its key.
#[derive(Clone, Debug, Default)]
pub struct Settings(BTreeMap<&'static str, Said>);

impl Settings {
    /// The variables' settings over the file's: the one that is named, or the usual one when it is there.
    ///
    /// # Errors
    /// [`SettingsError`]; also when a file that was named is not there.
    pub fn load(named: Option<&Path>) -> Result<Self, SettingsError> {
        let named = named.map(Path::to_owned).or_else(|| variable("OUTRIGGER_CONFIG").map(PathBuf::from));
        let file = named.or_else(|| Some(PathBuf::from(USUAL_FILE)).filter(|path| path.exists()));
        let mut said = file.map_or_else(|| Ok(BTreeMap::new()), |path| file::read(&path))?;
        said.extend(environment::read(std::env::vars_os())?);
        Ok(Self(said))
    }

    /// What is set under `key`, read as a value.
    ///
    /// # Errors
    /// When `read` cannot read it: the setting and the origin of its value are named.
    pub fn get<T>(
        &self,
        key: &'static str,
        read: impl Fn(&str) -> Result<T, String>,
    ) -> Result<Option<Sourced<T>>, SettingsError> {
        let Some(Said { text, origin }) = self.0.get(key) else { return Ok(None) };
        let value = read(text).map_err(|problem| SettingsError::Value { key, origin: origin.clone(), problem })?;
        Ok(Some(Sourced { value, origin: origin.clone() }))
    }

    /// What was typed stands over the rest.
    pub fn flag(&mut self, key: &'static str, typed: Option<impl Into<String>>) {
        if let Some(text) = typed {
            self.0.insert(key, Said { text: text.into(), origin: Origin::Flag(known::flag(key)) });
        }
    }

    /// Where the value under `key` comes from.
    pub fn origin(&self, key: &str) -> Origin {
        self.0.get(key).map_or(Origin::Usual, |said| said.origin.clone())
    }

    /// Something is set under `key`.
    pub fn says(&self, key: &str) -> bool {
        self.0.contains_key(key)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::{ffi::OsString, fs};

    /// The settings of a file under those of variables.
    pub fn settings(text: &str, variables: &[(&str, &str)]) -> Result<Settings, SettingsError> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("outrigger.toml");
        fs::write(&path, text).unwrap();
        let mut said = file::read(&path)?;
        said.extend(environment::read(variables.iter().map(|(name, value)| (OsString::from(name), value.into())))?);
        Ok(Settings(said))
    }

    #[test]
    fn a_flag_stands_over_a_variable_and_a_variable_over_the_file() {
        let text = "port = 1\nhttp_port = 2\n[orders]\nconcurrency = 3\n";
        let mut set = settings(text, &[("OUTRIGGER_HTTP_PORT", "20"), ("OUTRIGGER_PORT", "10")]).unwrap();
        set.flag("port", Some("100"));
        set.flag("http_port", None::<String>);
        let flagged = set.get("port", values::port).unwrap().unwrap();
        assert_eq!(flagged, Sourced { value: 100, origin: Origin::Flag("--port") });
        let varied = set.get("http_port", values::port).unwrap().unwrap();
        assert_eq!(varied, Sourced { value: 20, origin: Origin::Variable("OUTRIGGER_HTTP_PORT".to_owned()) });
        let filed = set.get("orders.concurrency", values::count).unwrap().unwrap();
        assert!(matches!(filed, Sourced { value: 3, origin: Origin::File { line: 4, .. } }), "{filed:?}");
        assert_eq!(set.get("metrics_port", values::port).unwrap(), None);
    }

    #[test]
    fn a_wrong_value_is_told_with_its_setting_and_where_it_came_from() {
        let set = settings("\nport = 70000\n", &[("OUTRIGGER_HTTP_PORT", "high")]).unwrap();
        let told = set.get("port", values::port).unwrap_err().to_string();
        assert!(told.starts_with("port (") && told.contains("outrigger.toml, line 2): '70000' is no port"), "{told}");
        let told = set.get("http_port", values::port).unwrap_err().to_string();
        assert!(told.starts_with("http_port (variable OUTRIGGER_HTTP_PORT): 'high' is no port"), "{told}");
    }
}
