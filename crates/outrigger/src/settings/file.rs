//! The settings as they stand in `outrigger.toml`, each with its line.

use super::{
    SettingsError,
    known::{self, SETTINGS},
    origin::{Origin, Said},
};
use std::{collections::BTreeMap, fs, ops::Range, path::Path};
use toml::de::{DeTable, DeValue};

/// What a settings file says. Values are texts until they are used: a variable says the same in the same words.
///
/// # Errors
/// [`SettingsError::Unreadable`] and [`SettingsError::File`], for an unknown key too.
pub fn read(path: &Path) -> Result<BTreeMap<&'static str, Said>, SettingsError> {
    let text = fs::read_to_string(path);
    let text = text.map_err(|source| SettingsError::Unreadable { path: path.to_owned(), source })?;
    let mut reader = Reader { path, text: &text, said: BTreeMap::new() };
    let table = DeTable::parse(&text).map_err(|error| {
        let at = error.span().unwrap_or_default();
        reader.refuse(&at, format!("{}; write `name = value`, or `name = \"text\"`", error.message().trim()))
    })?;
    reader.table("", table.get_ref())?;
    Ok(reader.said)
}

struct Reader<'f> {
    path: &'f Path,
    text: &'f str,
    said: BTreeMap<&'static str, Said>,
}

impl Reader<'_> {
    fn table(&mut self, section: &str, table: &DeTable<'_>) -> Result<(), SettingsError> {
        for (name, value) in table {
            let key =
                if section.is_empty() { name.get_ref().to_string() } else { format!("{section}.{}", name.get_ref()) };
            let is_section =
                SETTINGS.iter().any(|setting| setting.key.split_once('.').is_some_and(|(head, _)| head == key));
            match (value.get_ref(), known::setting(&key)) {
                (DeValue::Table(inner), None) if is_section => self.table(&key, inner)?,
                (value_of, Some(setting)) => {
                    let text = scalar(value_of).ok_or_else(|| {
                        self.refuse(
                            &value.span(),
                            format!("{key} is one value: a number, or a text in quotation marks"),
                        )
                    })?;
                    let origin = Origin::File { path: self.path.to_owned(), line: self.line(&value.span()) };
                    self.said.insert(setting.key, Said { text, origin });
                }
                _ => return Err(self.refuse(&name.span(), unknown(&key, is_section))),
            }
        }
        Ok(())
    }

    fn line(&self, at: &Range<usize>) -> usize {
        1 + self.text.get(..at.start).unwrap_or_default().matches('\n').count()
    }

    fn refuse(&self, at: &Range<usize>, problem: String) -> SettingsError {
        SettingsError::File { path: self.path.to_owned(), line: self.line(at), problem }
    }
}

fn scalar(value: &DeValue<'_>) -> Option<String> {
    match value {
        DeValue::String(text) => Some(text.to_string()),
        DeValue::Integer(number) => Some(number.to_string()),
        DeValue::Float(number) => Some(number.to_string()),
        DeValue::Boolean(flag) => Some(flag.to_string()),
        _ => None,
    }
}

fn unknown(key: &str, is_section: bool) -> String {
    if is_section {
        return format!("{key} is a heading: write [{key}] and the settings below it");
    }
    let headings =
        SETTINGS.iter().filter_map(|setting| setting.key.split_once('.')).map(|(heading, _)| heading.to_owned());
    match known::nearest(key, headings.chain(SETTINGS.iter().map(|setting| setting.key.to_owned()))) {
        Some(near) => format!("there is no setting `{key}`; did you mean `{near}`?"),
        None => format!(
            "there is no setting `{key}`; docs/settings.md lists all, and `outrigger serve --help` the common ones"
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(text: &str) -> (usize, String) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("outrigger.toml");
        fs::write(&path, text).unwrap();
        match read(&path).unwrap_err() {
            SettingsError::File { line, problem, .. } => (line, problem),
            other => panic!("{other}"),
        }
    }

    #[test]
    fn an_unknown_key_is_an_error_that_names_its_line_and_its_neighbour() {
        let (line, problem) = refused("port = 1\n\n[orders]\non_failure = \"hold\"\non_failures = 3\n");
        assert_eq!(
            (line, problem.as_str()),
            (5, "there is no setting `orders.on_failures`; did you mean `orders.on_failure`?")
        );
        let (line, problem) = refused("[order]\non_failure = \"hold\"\n");
        assert_eq!((line, problem.as_str()), (1, "there is no setting `order`; did you mean `orders`?"));
        assert!(refused("orders = 3\n").1.contains("[orders]"));
    }

    #[test]
    fn what_is_not_one_value_is_refused() {
        assert_eq!(refused("\nport = [1, 2]\n").0, 2);
        assert_eq!(refused("port = 1\nport = \n").0, 2);
    }

    #[test]
    fn a_file_that_is_not_there_is_said_to_be_so() {
        let told = read(Path::new("/no/such/outrigger.toml")).unwrap_err().to_string();
        assert!(told.starts_with("/no/such/outrigger.toml: ") && told.contains("--config"), "{told}");
    }
}
