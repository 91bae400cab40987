//! Where a setting's value came from: what an error about it must say.

use std::{fmt, path::PathBuf};

/// Where a value came from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origin {
    /// It was typed.
    Flag(&'static str),
    /// The environment says it.
    Variable(String),
    /// The settings file says it.
    File {
        /// Which.
        path: PathBuf,
        /// From 1.
        line: usize,
    },
    /// Nobody says it; it is the usual one.
    Usual,
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Flag(flag) => write!(f, "flag {flag}"),
            Self::Variable(name) => write!(f, "variable {name}"),
            Self::File { path, line } => write!(f, "{}, line {line}", path.display()),
            Self::Usual => f.write_str("by default"),
        }
    }
}

/// A value and where it came from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sourced<T> {
    pub value: T,
    pub origin: Origin,
}

impl<T> Sourced<T> {
    /// Another form of the same value.
    pub fn map<U>(self, other: impl FnOnce(T) -> U) -> Sourced<U> {
        Sourced { value: other(self.value), origin: self.origin }
    }
}

/// A text that somebody wrote, not read as a value yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Said {
    pub text: String,
    pub origin: Origin,
}
