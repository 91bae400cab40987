//! What page tokens are checked with: made once, kept with the data, so that a page outlives a restart.

use super::entity::secret;
use sea_orm::{ActiveValue::Set, DbErr, EntityTrait, sea_query::OnConflict};
use store::Tx;

const PAGES: &str = "pages";

/// 128 bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Secret(pub u64, pub u64);

impl From<Secret> for u128 {
    fn from(Secret(high, low): Secret) -> Self {
        Self::from(high) << 64 | Self::from(low)
    }
}

/// The secret; `fresh` becomes it if there is none yet.
pub async fn secret(tx: &Tx, fresh: Secret) -> Result<Secret, DbErr> {
    let row = secret::ActiveModel {
        name: Set(PAGES.to_owned()),
        high: Set(fresh.0.cast_signed()),
        low: Set(fresh.1.cast_signed()),
    };
    let there = OnConflict::column(secret::Column::Name).do_nothing().to_owned();
    secret::Entity::insert(row).on_conflict(there).exec_without_returning(tx).await?;
    let row = secret::Entity::find_by_id(PAGES.to_owned()).one(tx).await?;
    Ok(row.map_or(fresh, |row| Secret(row.high.cast_unsigned(), row.low.cast_unsigned())))
}
