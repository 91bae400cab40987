//! Is the database one that can be used, and is a service's schema in it. Why not is said with what to do about it.

use super::{Address, Session};
use crate::OpenError;
use sqlx::Error;
use std::{path::PathBuf, time::Duration};

/// The oldest version that knows what sessions ask for.
const OLDEST: u32 = 140_000;

const TOO_OLD: &str = "it is older than PostgreSQL 14";

/// For questions that take the server no time.
const ANSWER: Duration = Duration::from_secs(5);

/// Refuses a database that could not keep what is promised of it.
pub(crate) async fn check(address: &Address) -> Result<(), OpenError> {
    let settings = "SELECT current_setting('server_version_num'), pg_is_in_recovery(), \
        current_setting('synchronous_commit'), current_setting('fsync')";
    let mut session = Session::open(address, "opening", ANSWER).await.map_err(|error| unopened(address, &error))?;
    let said = session.ask(settings.to_owned()).await.map_err(|error| unopened(address, &error))?;
    let said: Vec<String> = said.unwrap_or_default().into_iter().flatten().collect();
    let [version, standby, synchronous, fsync] = said.as_slice() else {
        return Err(unusable(address, "it does not say what it is"));
    };
    if version.parse().is_ok_and(|version: u32| version < OLDEST) {
        return Err(unusable(address, TOO_OLD));
    }
    if standby == "t" {
        let reason = "it is a standby, which cannot be written".to_owned();
        return Err(OpenError::Unreachable { place: address.shown().to_owned(), reason });
    }
    if synchronous == "off" || fsync == "off" {
        let reason = "what it says is committed may be lost (synchronous_commit or fsync is off): set both to on";
        return Err(unusable(address, reason));
    }
    Ok(())
}

/// Sees to it that there is a schema of this name; `place` names it in errors.
pub(super) async fn schema(address: &Address, name: &str, create: bool, place: &str) -> Result<(), OpenError> {
    let failed = |error: Error| unopened(address, &error);
    let mut session = Session::open(address, "opening", ANSWER).await.map_err(failed)?;
    let found = session.ask(format!("SELECT 1 FROM pg_namespace WHERE nspname = '{name}'")).await.map_err(failed)?;
    if found.is_some() {
        return Ok(());
    }
    if !create {
        return Err(OpenError::Missing { path: PathBuf::from(place) });
    }
    match session.control(format!("CREATE SCHEMA IF NOT EXISTS \"{name}\"")).await {
        Err(error) if code(&error).as_deref() == Some("42501") => {
            let user = address.user();
            let reason = format!(
                "the role {user:?} may not create the schema {name:?}: have its owner run \
                 CREATE SCHEMA \"{name}\" AUTHORIZATION \"{user}\""
            );
            Err(unusable(address, &reason))
        }
        created => created.map_err(failed),
    }
}

/// Why the database could not be opened: it is not there, which may pass, or it does not want us, which will not.
pub(super) fn unopened(address: &Address, error: &Error) -> OpenError {
    let Some(said) = error.as_database_error() else {
        let reason = error.to_string();
        return match error {
            Error::Tls(_) | Error::Configuration(_) => unusable(address, &reason),
            _ => OpenError::Unreachable { place: address.shown().to_owned(), reason },
        };
    };
    let (code, reason) = (said.code().unwrap_or_default(), said.message());
    match code.get(..2).unwrap_or_default() {
        // Starting, stopping, too many connections, a broken network or disk, out of time: these pass.
        "57" | "53" | "08" | "58" => {
            OpenError::Unreachable { place: address.shown().to_owned(), reason: reason.to_owned() }
        }
        "3D" => unusable(address, &format!("{reason}: create it (CREATE DATABASE), or correct the URL")),
        "28" => unusable(address, &format!("{reason}: correct the user or the password in the URL")),
        "42" if reason.contains("unrecognized configuration parameter") => unusable(address, TOO_OLD),
        _ => unusable(address, reason),
    }
}

fn unusable(address: &Address, reason: &str) -> OpenError {
    OpenError::Unusable { path: address.shown().to_owned(), reason: reason.to_owned() }
}

fn code(error: &Error) -> Option<String> {
    error.as_database_error()?.code().map(Into::into)
}
