//! What an error of PostgreSQL means for those who wait: the connection is gone, somebody was in the way, time was up,
//! or the statement was wrong.

use sea_orm::{DbErr, RuntimeErr};
use sqlx::{
    Error,
    postgres::{PgDatabaseError, PgSeverity},
};
use std::sync::Arc;

/// The kinds of failure that are dealt with differently.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Trouble {
    /// The connection is of no use any more. What it was told may have arrived or not.
    Gone,
    /// Two units stood in each other's way and this one was undone (40001, 40P01). Run again, it may find the way free.
    Contended,
    /// The server stopped the statement because its time was up.
    Cancelled,
    /// The server undid the unit for what it says: a violated constraint, a wrong statement.
    Refused,
}

impl Trouble {
    pub fn of(error: &Error) -> Self {
        let Error::Database(said) = error else { return Self::beneath(error) };
        // An error that ends the session says so by its severity: shutdown, termination, a crash of another backend.
        let said_last = said.try_downcast_ref::<PgDatabaseError>().map(PgDatabaseError::severity);
        match said.code().as_deref().unwrap_or_default() {
            _ if matches!(said_last, Some(PgSeverity::Fatal | PgSeverity::Panic)) => Self::Gone,
            "57P01" | "57P02" | "57P03" | "57P05" | "25P03" => Self::Gone,
            code if code.starts_with("08") => Self::Gone,
            "40001" | "40P01" => Self::Contended,
            "57014" => Self::Cancelled,
            _ => Self::Refused,
        }
    }

    /// The same of an error that went through sea-orm.
    pub fn of_statement(error: &DbErr) -> Self {
        cause(error).map_or(Self::Refused, Self::of)
    }

    /// Errors of the driver. Those of values and columns leave the connection as it was; all others do not.
    fn beneath(error: &Error) -> Self {
        match error {
            Error::RowNotFound
            | Error::TypeNotFound { .. }
            | Error::ColumnIndexOutOfBounds { .. }
            | Error::ColumnNotFound(_)
            | Error::ColumnDecode { .. }
            | Error::Encode(_)
            | Error::Decode(_)
            | Error::InvalidArgument(_) => Self::Refused,
            _ => Self::Gone,
        }
    }
}

/// As sea-orm's own connections report it.
pub(crate) fn failed(error: Error) -> DbErr {
    DbErr::Exec(RuntimeErr::SqlxError(Arc::new(error)))
}

fn cause(error: &DbErr) -> Option<&Error> {
    match error {
        DbErr::Conn(RuntimeErr::SqlxError(error))
        | DbErr::Exec(RuntimeErr::SqlxError(error))
        | DbErr::Query(RuntimeErr::SqlxError(error)) => Some(error),
        _ => None,
    }
}
