//! Adds a [`Delta`] to the projections: a statement for each table it touches, and none for the others.
//!
//! The statements are written by hand, for they run for every event of the system and sea-query cannot say all of
//! them. SQLite and PostgreSQL both take them: `$n` in the order of first use, casts where a type cannot be inferred.

use super::{CHANGES, STEPS};
use crate::domain::{Change, Delta, Flow, Waiting};
use ambient::Timestamp;
use sea_orm::{ConnectionTrait, DbErr, Statement, Value};

const SOURCE: &str = "INSERT INTO sources (source, events, last_at) VALUES ($1, $2, $3) ON CONFLICT (source) DO UPDATE \
    SET events = sources.events + excluded.events, \
    last_at = CASE WHEN excluded.last_at > sources.last_at THEN excluded.last_at ELSE sources.last_at END";

const STATE: &str = "INSERT INTO orders_by_state (state, orders) VALUES ($1, $2) ON CONFLICT (state) DO UPDATE \
    SET orders = orders_by_state.orders + excluded.orders";

const MOVE: &str = "INSERT INTO orders_by_state (state, orders) VALUES ($1, $2), ($3, $4) ON CONFLICT (state) \
    DO UPDATE SET orders = orders_by_state.orders + excluded.orders";

const MONEY: &str = "INSERT INTO money (currency, taken, refunded) VALUES ($1, $2, $3) ON CONFLICT (currency) DO UPDATE \
    SET taken = money.taken + excluded.taken, refunded = money.refunded + excluded.refunded";

const STOCK_OUT: &str = "INSERT INTO stock_outs (sku, refusals, last_at) VALUES ($1, $2, $3) ON CONFLICT (sku) DO UPDATE \
    SET refusals = stock_outs.refusals + excluded.refusals, \
    last_at = CASE WHEN excluded.last_at > stock_outs.last_at THEN excluded.last_at ELSE stock_outs.last_at END";

const CONFIRM_TIME: &str = "INSERT INTO confirm_times (bucket, orders) VALUES ($1, $2) ON CONFLICT (bucket) DO UPDATE \
    SET orders = confirm_times.orders + excluded.orders";

const WAITS: &str = "INSERT INTO attention (order_id, cause, reason, since, currency, minor_units) \
    VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (order_id) DO UPDATE SET cause = excluded.cause, \
    reason = excluded.reason, since = excluded.since, currency = excluded.currency, minor_units = excluded.minor_units";

const WAITS_NO_MORE: &str = "DELETE FROM attention WHERE order_id = $1";

/// Its number is the count of the orders' events, which [`SOURCE`] has just raised, less those that come after it.
const CHANGE: &str = "INSERT INTO changes \
    (slot, number, at, order_id, from_state, to_state, cause, currency, minor_units) \
    SELECT (events - CAST($1 AS BIGINT)) % CAST($2 AS BIGINT), events - CAST($1 AS BIGINT), CAST($3 AS BIGINT), \
    CAST($4 AS TEXT), CAST($5 AS BIGINT), CAST($6 AS BIGINT), CAST($7 AS TEXT), CAST($8 AS TEXT), CAST($9 AS BIGINT) \
    FROM sources WHERE source = 'orders' \
    ON CONFLICT (slot) DO UPDATE SET number = excluded.number, at = excluded.at, order_id = excluded.order_id, \
    from_state = excluded.from_state, to_state = excluded.to_state, cause = excluded.cause, \
    currency = excluded.currency, minor_units = excluded.minor_units";

/// A step that has left the ring is not brought back by an event that comes late.
const STEP: &str = "INSERT INTO steps (slot, step, received, confirmed, ended) VALUES ($1, $2, $3, $4, $5) \
    ON CONFLICT (slot) DO UPDATE SET step = excluded.step, \
    received = excluded.received + CASE WHEN steps.step = excluded.step THEN steps.received ELSE 0 END, \
    confirmed = excluded.confirmed + CASE WHEN steps.step = excluded.step THEN steps.confirmed ELSE 0 END, \
    ended = excluded.ended + CASE WHEN steps.step = excluded.step THEN steps.ended ELSE 0 END \
    WHERE steps.step <= excluded.step";

/// Adds what events said.
pub async fn apply(db: &impl ConnectionTrait, delta: &Delta) -> Result<(), DbErr> {
    for (source, seen) in &delta.sources {
        run(db, SOURCE, [text(source), seen.times.into(), time(seen.last_at)]).await?;
    }
    states(db, delta).await?;
    for (currency, moved) in &delta.money {
        run(db, MONEY, [text(currency), moved.taken.into(), moved.refunded.into()]).await?;
    }
    for (sku, seen) in &delta.stock_outs {
        run(db, STOCK_OUT, [text(sku), seen.times.into(), time(seen.last_at)]).await?;
    }
    for (bucket, orders) in &delta.confirmed_within {
        run(db, CONFIRM_TIME, [i64::try_from(*bucket).unwrap_or(i64::MAX).into(), (*orders).into()]).await?;
    }
    for (order_id, waiting) in &delta.attention {
        attend(db, order_id, waiting.as_ref()).await?;
    }
    for (step, flow) in &delta.steps {
        count(db, *step, *flow).await?;
    }
    changes(db, &delta.changes).await
}

/// The usual move, out of one state and into another, is one statement.
async fn states(db: &impl ConnectionTrait, delta: &Delta) -> Result<(), DbErr> {
    let moved: Vec<(i64, i64)> = delta
        .states
        .iter()
        .filter(|(_, orders)| **orders != 0)
        .map(|(state, orders)| (i64::from(i32::from(*state)), *orders))
        .collect();
    let mut pairs = moved.chunks_exact(2);
    for pair in pairs.by_ref() {
        run(db, MOVE, [pair[0].0.into(), pair[0].1.into(), pair[1].0.into(), pair[1].1.into()]).await?;
    }
    for (state, orders) in pairs.remainder() {
        run(db, STATE, [(*state).into(), (*orders).into()]).await?;
    }
    Ok(())
}

async fn attend(db: &impl ConnectionTrait, order_id: &str, waiting: Option<&Waiting>) -> Result<(), DbErr> {
    let Some(Waiting { cause, reason, since, total }) = waiting else {
        return run(db, WAITS_NO_MORE, [text(order_id)]).await;
    };
    let currency = text(&total.currency_code);
    let row = [text(order_id), text(cause), text(reason), time(*since), currency, total.minor_units.into()];
    run(db, WAITS, row).await
}

async fn count(db: &impl ConnectionTrait, step: i64, flow: Flow) -> Result<(), DbErr> {
    let Flow { received, confirmed, ended } = flow;
    run(db, STEP, [step.rem_euclid(STEPS).into(), step.into(), received.into(), confirmed.into(), ended.into()]).await
}

/// Those that the ring would lose at once are not written at all.
async fn changes(db: &impl ConnectionTrait, changes: &[Change]) -> Result<(), DbErr> {
    let after = (0..i64::try_from(changes.len()).unwrap_or(i64::MAX)).rev();
    for (change, after) in changes.iter().zip(after).filter(|(_, after)| *after < CHANGES) {
        let Change { order_id, from, to, cause, at, total } = change;
        let row = [
            after.into(),
            CHANGES.into(),
            time(*at),
            text(order_id),
            i64::from(i32::from(*from)).into(),
            i64::from(i32::from(*to)).into(),
            text(cause),
            text(&total.currency_code),
            total.minor_units.into(),
        ];
        run(db, CHANGE, row).await?;
    }
    Ok(())
}

async fn run<const N: usize>(db: &impl ConnectionTrait, sql: &str, values: [Value; N]) -> Result<(), DbErr> {
    db.execute_raw(Statement::from_sql_and_values(db.get_database_backend(), sql, values)).await.map(|_| ())
}

fn text(text: &str) -> Value {
    text.into()
}

fn time(time: Timestamp) -> Value {
    time.as_millis().into()
}
