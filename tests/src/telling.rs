//! The ways of telling a story.

use fabric::Placement;

/// How the services of a world reach each other, and where they keep what they know.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Telling {
    /// In one process on SQLite, and, where nothing has to outlive the world, in memory under a paused clock.
    InProcess,
    /// Each service behind its own TCP port, on SQLite files, in real time.
    OverTcp,
    /// In one process on PostgreSQL, in real time.
    OnPostgres,
}

impl Telling {
    /// How the services reach each other.
    pub const fn placement(self) -> Placement {
        match self {
            Self::InProcess | Self::OnPostgres => Placement::InProcess,
            Self::OverTcp => Placement::Tcp,
        }
    }
}
