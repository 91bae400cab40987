//! Events on their way to each consumer, where units are committed side by side: a row for each event and consumer, in
//! the publisher's schema, written by a trigger of `outbox` with the event. PostgreSQL only.
//!
//! A number is given when an event is written, not when it is committed, so a consumer that remembered a place would
//! never have what is committed late below it. Here it takes what it is owed: its unit deletes the rows, has the
//! effects and notes the events, all of it or nothing.
//!
//! **Order within a key.** Events of one key are written while the row they tell of is locked. So the second gets its
//! number after the first was committed (a sequence without a cache gives numbers in the order in which they are asked
//! for), and whoever sees the second sees the first. A consumer takes the lowest numbers it sees, and one unit at a time
//! ([`cursor::turn`]): a second would take what comes after that which the first still holds, and the first may be
//! rolled back. Hence no rows are skipped that another has locked; it is the turn that is not waited for.

use crate::{
    Event, cursor,
    outbox::Entry,
    taken::{Take, Taken, repeated},
};
use ambient::Timestamp;
use sea_orm::{ConnectionTrait, DbBackend, DbErr, FromQueryResult, Statement, Value};
use std::borrow::Cow;
use store::{Store, StoreError, Tx};

/// Makes `consumer` known to `source`, and owes it all that the outbox holds. Does nothing when that was done before.
///
/// Two units, so that publishers wait for the first only, which is short; what a crash leaves between them is done at
/// the next start.
pub(crate) async fn subscribe(store: &Store, consumer: &'static str, source: &'static str) -> Result<(), StoreError> {
    let names = (consumer, source);
    store.unit(names, |tx, (consumer, source)| Box::pin(enrol(tx, consumer, source))).await?;
    store.unit(names, |tx, (consumer, source)| Box::pin(begin(tx, consumer, source))).await
}

/// From its commit on every append writes a row for the consumer. The lock waits for appends under way, which did not
/// know of it and are seen by [`begin`], and makes later ones wait, which then do.
async fn enrol(tx: &Tx, consumer: &str, source: &str) -> Result<(), DbErr> {
    let schema = quoted(source);
    let known = format!("SELECT 1 AS n FROM {schema}.subscriber WHERE consumer = $1");
    if tx.query_one_raw(statement(known, [consumer.into()])).await?.is_some() {
        return Ok(());
    }
    tx.execute_unprepared(&format!("LOCK TABLE {schema}.outbox IN SHARE ROW EXCLUSIVE MODE")).await?;
    let enrol = format!("INSERT INTO {schema}.subscriber (consumer, begun) VALUES ($1, FALSE) ON CONFLICT DO NOTHING");
    tx.execute_raw(statement(enrol, [consumer.into()])).await.map(drop)
}

/// Gives the consumer its turn, the first time with all that the outbox holds: the first time of the source, or of a
/// consumer whose tables are new.
async fn begin(tx: &Tx, consumer: &str, source: &str) -> Result<(), DbErr> {
    let schema = quoted(source);
    let begin = format!("UPDATE {schema}.subscriber SET begun = TRUE WHERE consumer = $1 AND NOT begun");
    let begins = tx.execute_raw(statement(begin, [consumer.into()])).await?.rows_affected() > 0;
    let is_new = cursor::place(tx, consumer, source).await?;
    if begins || is_new { owe_all(tx, consumer, source).await } else { Ok(()) }
}

/// Owes a consumer everything anew, from all its sources.
pub(crate) async fn restart(tx: &Tx, consumer: &str) -> Result<(), DbErr> {
    for source in cursor::turns(tx, consumer).await? {
        owe_all(tx, consumer, &source).await?;
    }
    Ok(())
}

async fn owe_all(tx: &Tx, consumer: &str, source: &str) -> Result<(), DbErr> {
    let schema = quoted(source);
    // Nothing is pruned between the look at the outbox and the commit. Then as long as it takes, for it is done rarely
    // and there may be millions.
    tx.execute_unprepared(&format!("LOCK TABLE {schema}.pruned IN SHARE UPDATE EXCLUSIVE MODE")).await?;
    tx.execute_unprepared("SET LOCAL statement_timeout = 0").await?;
    let all = format!(
        "INSERT INTO {schema}.delivery (consumer, seq) SELECT $1, seq FROM {schema}.outbox ON CONFLICT DO NOTHING"
    );
    tx.execute_raw(statement(all, [consumer.into()])).await.map(drop)
}

#[derive(FromQueryResult)]
struct Claimed {
    seq: i64,
    event_id: String,
    kind: String,
    key: String,
    version: i64,
    payload: Vec<u8>,
    at_ms: i64,
    trace: Option<String>,
    fresh: bool,
    held: bool,
}

/// Takes up to `limit` events that the consumer is owed, oldest first, and notes them in its inbox.
///
/// The turn is taken by a statement of its own: the next one then sees what whoever had the turn before has done.
pub(crate) async fn take(tx: &Tx, consumer: &str, source: &str, limit: u64) -> Result<Take<'static>, DbErr> {
    if !cursor::turn(tx, consumer, source).await? {
        return Ok(Take::NotNow);
    }
    let schema = quoted(source);
    // By their places in the table (ctid): nobody else touches the consumer's rows, and it is the shortest way to them,
    // whatever the server believes about a table that is mostly empty.
    let claim = format!(
        "WITH taken AS (DELETE FROM {schema}.delivery WHERE ctid = ANY (ARRAY( \
           SELECT ctid FROM {schema}.delivery WHERE consumer = $1 ORDER BY seq LIMIT $2)) RETURNING seq), \
         event AS (SELECT o.* FROM taken JOIN {schema}.outbox o USING (seq)), \
         noted AS (INSERT INTO inbox (consumer, event_id) SELECT $1, event_id FROM event \
           ON CONFLICT DO NOTHING RETURNING event_id) \
         SELECT event.*, event_id IN (SELECT event_id FROM noted) AS fresh, \
           EXISTS (SELECT 1 FROM parked p WHERE p.consumer = $1 AND p.source = $3 AND p.key = event.key) AS held \
         FROM event ORDER BY seq"
    );
    let values = [consumer.into(), number(limit), source.into()];
    let claimed = Claimed::find_by_statement(statement(claim, values)).all(tx).await?;
    let had = repeated(claimed.iter().map(|row| row.event_id.as_str()), |place, _| !claimed[place].fresh);
    let held = claimed.iter().filter(|row| row.held).map(|row| row.key.clone()).collect();
    let entries = claimed.into_iter().map(|row| entry(row, source)).collect();
    Ok(Take::All(Taken { entries: Cow::Owned(entries), had, held }))
}

/// Whether `source` owes `consumer` anything, or has yet to begin.
pub(crate) async fn owed(tx: &Tx, consumer: &str, source: &str) -> Result<bool, DbErr> {
    #[derive(FromQueryResult)]
    struct Owed {
        owed: bool,
    }
    let schema = quoted(source);
    let owed = format!(
        "SELECT EXISTS (SELECT 1 FROM {schema}.delivery WHERE consumer = $1) \
         OR NOT EXISTS (SELECT 1 FROM {schema}.subscriber WHERE consumer = $1 AND begun) AS owed"
    );
    let owed = Owed::find_by_statement(statement(owed, [consumer.into()])).one(tx).await?;
    Ok(owed.is_some_and(|row| row.owed))
}

/// How many events `source` owes `consumer`, counted up to `most`, and when the first of them happened.
pub(crate) async fn waiting(
    tx: &Tx,
    consumer: &str,
    source: &str,
    most: u64,
) -> Result<(u64, Option<Timestamp>), DbErr> {
    #[derive(FromQueryResult)]
    struct Waiting {
        n: i64,
        oldest_ms: Option<i64>,
    }
    let schema = quoted(source);
    let waiting = format!(
        "SELECT (SELECT COUNT(*) FROM (SELECT 1 FROM {schema}.delivery WHERE consumer = $1 LIMIT $2) AS first) AS n, \
         (SELECT o.at_ms FROM {schema}.delivery d JOIN {schema}.outbox o USING (seq) \
           WHERE d.consumer = $1 ORDER BY d.seq LIMIT 1) AS oldest_ms"
    );
    let row = Waiting::find_by_statement(statement(waiting, [consumer.into(), number(most)])).one(tx).await?;
    Ok(row.map_or((0, None), |row| (row.n.cast_unsigned(), row.oldest_ms.map(Timestamp::from_millis))))
}

/// Deletes events among the `limit` oldest that happened before `before` and that none of `consumers` is still owed, but
/// never the newest; says how many. Nothing goes before all of them have begun. Whom nobody follows any more (`consumers` does
/// not name it) holds nothing back, and is no longer owed what goes.
pub(crate) async fn prune(tx: &Tx, consumers: &[&str], before: Timestamp, limit: u64) -> Result<u64, DbErr> {
    #[derive(FromQueryResult)]
    struct Gone {
        n: i64,
    }
    let prune = "WITH consumer AS (SELECT unnest(string_to_array($3, ',')) AS name), \
         oldest AS (SELECT seq, at_ms FROM outbox ORDER BY seq LIMIT $1), \
         gone AS (DELETE FROM outbox USING oldest WHERE outbox.seq = oldest.seq AND oldest.at_ms < $2 \
           AND oldest.seq < (SELECT MAX(seq) FROM oldest) \
           AND NOT EXISTS (SELECT 1 FROM consumer JOIN delivery d ON d.consumer = name WHERE d.seq = oldest.seq) \
           AND NOT EXISTS (SELECT 1 FROM consumer WHERE name NOT IN (SELECT s.consumer FROM subscriber s WHERE begun)) \
           RETURNING outbox.seq), \
         dropped AS (DELETE FROM delivery d USING gone, subscriber s WHERE d.consumer = s.consumer AND d.seq = gone.seq), \
         noted AS (INSERT INTO pruned (one, seq) SELECT 1, MAX(seq) FROM gone HAVING COUNT(*) > 0 \
           ON CONFLICT (one) DO UPDATE SET seq = GREATEST(pruned.seq, excluded.seq)) \
         SELECT COUNT(*) AS n FROM gone";
    tx.execute_unprepared("LOCK TABLE pruned IN SHARE UPDATE EXCLUSIVE MODE").await?;
    // One more than may go, so that the newest is seen to be there.
    let values = [number(limit + 1), before.as_millis().into(), consumers.join(",").into()];
    let gone = Gone::find_by_statement(statement(prune.to_owned(), values)).one(tx).await?;
    Ok(gone.map_or(0, |row| row.n.cast_unsigned()))
}

/// Whether events were ever pruned. Numbers do not tell here: one that was asked for and rolled back is missing too.
pub(crate) async fn pruned(tx: &Tx) -> Result<bool, DbErr> {
    let any = statement("SELECT 1 AS n FROM pruned".to_owned(), []);
    Ok(tx.query_one_raw(any).await?.is_some())
}

fn entry(row: Claimed, source: &str) -> Entry {
    let event = Event {
        id: row.event_id,
        source: source.to_owned(),
        kind: row.kind,
        key: row.key,
        version: row.version,
        payload: row.payload,
        at: Timestamp::from_millis(row.at_ms),
        trace: row.trace,
    };
    Entry { seq: row.seq, event }
}

/// A schema is called as its service.
fn quoted(source: &str) -> String {
    format!("\"{}\"", source.replace('"', "\"\""))
}

fn number(n: u64) -> Value {
    i64::try_from(n).unwrap_or(i64::MAX).into()
}

fn statement<const N: usize>(sql: String, values: [Value; N]) -> Statement {
    Statement::from_sql_and_values(DbBackend::Postgres, sql, values)
}
