//! Where data lives: a folder, or a PostgreSQL database and the password to it.
//!
//! The password may stand in the URL, where whoever lists processes sees it; in a file of its own, named by
//! `database.password_file`; or where PostgreSQL's own programs look (PGPASSWORD, PGPASSFILE). No message repeats a URL:
//! it may hold one.

use super::{Origin, Settings, SettingsError, Sourced, values};
use crate::system::Where;
use std::{fs, path::PathBuf};
use url::Url;

const PASSWORD_FILE: &str = "database.password_file";
const SCHEMES: [&str; 2] = ["postgres", "postgresql"];

impl Settings {
    /// Where data lives; none when nobody says.
    ///
    /// # Errors
    /// When it is no place, or the database's password cannot be had.
    pub fn data(&self) -> Result<Option<Sourced<Where>>, SettingsError> {
        let Some(Sourced { value: is_database, origin }) = self.get("data", is_database)? else { return Ok(None) };
        let text = self.get("data", values::text)?.map(|said| said.value).unwrap_or_default();
        let value = match is_database {
            true => Where::Postgres(self.with_password(text, &origin)?),
            false => Where::Directory(PathBuf::from(text)),
        };
        Ok(Some(Sourced { value, origin }))
    }

    fn with_password(&self, url: String, of_url: &Origin) -> Result<String, SettingsError> {
        let Some(Sourced { value: path, origin }) = self.get(PASSWORD_FILE, values::text)? else { return Ok(url) };
        // What is no URL at all is refused by whoever connects, in the same words as without a password.
        let Ok(mut url) = Url::parse(&url) else { return Ok(url) };
        let refuse = |problem: String| SettingsError::Value { key: PASSWORD_FILE, origin: origin.clone(), problem };
        if url.password().is_some() {
            return Err(refuse(format!("data ({of_url}) brings a password already; take one of the two away")));
        }
        if url.username().is_empty() {
            return Err(refuse(format!("whose password is it? Name the user in data ({of_url}): postgres://user@…")));
        }
        let password = fs::read_to_string(&path);
        let password =
            password.map_err(|error| refuse(format!("'{path}' cannot be read: {error}; mount it, or unset this")))?;
        let password = password.trim_end_matches(['\r', '\n']);
        if password.is_empty() {
            return Err(refuse(format!("'{path}' is empty; write the password into it")));
        }
        url.set_password(Some(password)).map_err(|()| refuse("the address in data takes no password".to_owned()))?;
        Ok(url.into())
    }
}

/// Whether a place is a database, and not a folder.
fn is_database(text: &str) -> Result<bool, String> {
    const EXPECTED: &str = "name a folder, or a database as postgres://user@host:5432/database";
    let scheme = text.split_once(':').map_or("", |(scheme, _)| scheme);
    match text {
        "" => Err(format!("names nothing; {EXPECTED}")),
        _ if SCHEMES.contains(&scheme) => Ok(true),
        _ if text.contains("://") => Err(format!("'{scheme}://' is nothing that holds data here; {EXPECTED}")),
        _ => Ok(false),
    }
}

#[cfg(test)]
mod tests {
    use super::{super::tests::settings, *};

    fn url(set: &Settings) -> String {
        match set.data().unwrap().unwrap().value {
            Where::Postgres(url) => url,
            other => panic!("{other:?}"),
        }
    }

    fn refused(set: &Settings) -> String {
        set.data().unwrap_err().to_string()
    }

    #[test]
    fn a_place_is_a_folder_or_a_database() {
        let mut set = settings("data = \"here\"\n", &[]).unwrap();
        let place = set.data().unwrap().unwrap().value;
        assert!(matches!(place, Where::Directory(folder) if folder.as_os_str() == "here"));
        set.flag("data", Some("postgres://me@host/db?sslmode=require"));
        assert_eq!(url(&set), "postgres://me@host/db?sslmode=require");
        assert_eq!(set.data().unwrap().unwrap().origin, Origin::Flag("--data"));
        assert!(settings("", &[]).unwrap().data().unwrap().is_none());
    }

    #[test]
    fn another_kind_of_place_is_refused_without_its_password() {
        let told = refused(&settings("", &[("OUTRIGGER_DATA", "mysql://u:secret@h/d")]).unwrap());
        assert!(told.starts_with("data (variable OUTRIGGER_DATA): 'mysql://' is nothing"), "{told}");
        assert!(!told.contains("secret"), "{told}");
        let mut set = Settings::default();
        set.flag("data", Some(""));
        assert!(refused(&set).starts_with("data (flag --data): names nothing"));
    }

    #[test]
    fn the_password_comes_from_a_file_whatever_it_holds() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("password");
        fs::write(&file, "p@ss/w:rd\n").unwrap();
        let file = file.to_str().unwrap();
        let with =
            |data: &str| settings("", &[("OUTRIGGER_DATA", data), ("OUTRIGGER_DATABASE_PASSWORD_FILE", file)]).unwrap();
        assert_eq!(url(&with("postgres://me@host/db")), "postgres://me:p%40ss%2Fw%3Ard@host/db");
        let told = refused(&with("postgres://me:own@host/db"));
        assert!(told.starts_with("database.password_file (variable OUTRIGGER_DATABASE_PASSWORD_FILE): "), "{told}");
        assert!(refused(&with("postgres://host/db")).contains("whose password"));
        fs::write(file, "\n").unwrap();
        assert!(refused(&with("postgres://me@host/db")).contains("is empty"));
        fs::remove_file(file).unwrap();
        assert!(refused(&with("postgres://me@host/db")).contains("cannot be read"));
    }
}
