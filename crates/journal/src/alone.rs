//! Units about one thing, one after the other, whether there is a row of it to lock or not.
//!
//! A row is locked by reading it, but an absence is not: two units that each find no reservation of an order would each
//! make one, and an undo that finds nothing would not see what is being done beside it. So a unit that decides on
//! something which may not be there yet names it first.

use sea_orm::{ConnectionTrait, DbBackend, DbErr, Statement};
use store::Tx;

/// By schema, so that services of one database do not wait for each other. Two things that share a hash take turns too,
/// which costs a moment and nothing else.
const TURN: &str = "SELECT pg_advisory_xact_lock(hashtextextended(current_schema() || '/' || $1, 0))";

/// Waits until no other unit of this store that named `thing` is under way, and keeps later ones waiting until this one
/// has ended. To be called before anything of the thing is read, and once: a unit that named two could wait for one that
/// named them the other way round.
///
/// On SQLite there is nothing to do: its units run one after the other.
pub async fn alone(tx: &Tx, thing: &str) -> Result<(), DbErr> {
    let backend = tx.get_database_backend();
    if backend == DbBackend::Postgres {
        tx.execute_raw(Statement::from_sql_and_values(backend, TURN, [thing.into()])).await?;
    }
    Ok(())
}
