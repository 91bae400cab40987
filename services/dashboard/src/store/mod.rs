//! The only queries of the dashboard: [`apply`] writes, [`read`] reads, [`clear`] empties.

mod apply;
mod read;
#[cfg(test)]
mod round_trip;
mod tables;

pub use apply::apply;
pub use read::{Place, attention, sources, summary};

use crate::migrations::TABLES;
use sea_orm::{ConnectionTrait, DbErr};

/// Changes kept for show.
const CHANGES: i64 = 200;

/// Steps kept: an hour of them.
const STEPS: i64 = 3_600_000 / crate::domain::STEP;

/// Empties every projection.
pub async fn clear(db: &impl ConnectionTrait) -> Result<(), DbErr> {
    for table in TABLES {
        db.execute_unprepared(&format!("DELETE FROM {table}")).await?;
    }
    Ok(())
}
