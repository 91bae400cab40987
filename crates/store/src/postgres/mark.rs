//! What became of a COMMIT whose answer was lost.
//!
//! Each of a pool's slots owns one row in its service's schema, its *mark*. A unit that wrote something writes its number into
//! that row in the same transaction, in the same message as COMMIT. When the answer is lost, the mark is asked on a new
//! connection:
//! - it shows the number: the unit was kept;
//! - it does not: then a higher number is put there, in the same statement, and the unit can never be kept any more, even if
//!   its COMMIT still crawls through a network. For writing a mark fails, and COMMIT with it, when the mark is already higher.
//!
//! A commit still under way holds the mark's row, so asking waits for its end. The number of the transaction
//! (`pg_xact_status`) would not do: after a crash PostgreSQL gives numbers of lost transactions to others, so that one which
//! was lost seems kept. And because opening a store removes all marks, a process which lost the database to another without
//! having noticed commits nothing more.

use super::Session;
use sea_orm::{ConnectionTrait, DbErr};
use sea_orm_migration::{MigrationName, MigrationTrait, SchemaManager};
use sqlx::Error;

/// What became of a unit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fate {
    Kept,
    /// It was not, and will not be.
    Gone,
    /// The mark was removed: another process has opened the store meanwhile.
    Deposed,
}

/// Removes the marks of everybody before.
pub(super) fn clear() -> String {
    "DELETE FROM unit_mark".to_owned()
}

/// Makes a mark; its number.
pub(super) async fn make(session: &mut Session) -> Result<i64, Error> {
    let made = session.ask("INSERT INTO unit_mark (unit) VALUES (0) RETURNING id".to_owned()).await?;
    made.and_then(number).ok_or(Error::RowNotFound)
}

/// Teaches a session to write the mark `id`. A unit that wrote nothing has no transaction number: it is not marked, and costs
/// no write. One that wrote and finds its mark gone or higher divides by zero, which is how SQL says no.
pub(super) fn prepare(id: i64) -> String {
    format!(
        "PREPARE unit_mark (bigint) AS WITH marked AS (UPDATE unit_mark SET unit = $1 WHERE id = {id} AND unit < $1 \
         AND pg_current_xact_id_if_assigned() IS NOT NULL RETURNING 1) \
         SELECT CASE WHEN pg_current_xact_id_if_assigned() IS NULL THEN 1 ELSE 1 / (SELECT count(*) FROM marked) END"
    )
}

/// Marks and commits.
pub(super) fn commit(unit: i64) -> String {
    format!("EXECUTE unit_mark({unit}); COMMIT")
}

/// [`commit`] found its mark gone or higher.
pub(super) fn is_no(error: &Error) -> bool {
    matches!(error, Error::Database(said) if said.code().as_deref() == Some("22012"))
}

/// Asks what became of `unit`, and sees to it that the answer stays true. May be asked again.
pub(super) async fn settle(session: &mut Session, id: i64, unit: i64) -> Result<Fate, Error> {
    let sql = format!(
        "UPDATE unit_mark SET unit = CASE WHEN unit = {unit} THEN unit ELSE GREATEST(unit, {unit} + 1) END \
         WHERE id = {id} RETURNING unit"
    );
    Ok(match session.ask(sql).await?.and_then(number) {
        Some(found) if found == unit => Fate::Kept,
        Some(_) => Fate::Gone,
        None => Fate::Deposed,
    })
}

fn number(row: Vec<Option<String>>) -> Option<i64> {
    row.into_iter().next()??.parse().ok()
}

/// The table of marks, before all tables of the service.
pub(crate) fn migration() -> Box<dyn MigrationTrait> {
    Box::new(Marks)
}

struct Marks;

impl MigrationName for Marks {
    fn name(&self) -> &str {
        "0000_unit_mark"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for Marks {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let sql = "CREATE TABLE unit_mark (id BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY, unit BIGINT NOT NULL)";
        manager.get_connection().execute_unprepared(sql).await.map(drop)
    }
}
