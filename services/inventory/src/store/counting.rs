//! The units that change how much there is: deliveries that come in, and counts that find a difference. Both are rare and
//! decide on the counters themselves, so they hold them from the start.

use super::{
    call::Answer,
    stock::{self, Entry, Note},
};
use crate::domain::{Kind, Level, Lines, Refusal, Sku, Unmovable};
use journal::gate::{self, Call};
use sea_orm::DbErr;
use store::Tx;

/// A delivery.
pub struct Receive {
    pub call: Call,
    pub lines: Lines,
}

/// What a count found.
pub struct Correct {
    pub call: Call,
    pub sku: Sku,
    pub difference: i64,
    pub reason: String,
    pub actor: String,
}

pub async fn receive(tx: &Tx, ask: &Receive) -> Result<Answer<()>, DbErr> {
    let levels = stock::held_levels(tx, ask.lines.skus()).await?;
    let unknown: Vec<Sku> = ask.lines.skus().filter(|sku| !levels.contains_key(sku)).cloned().collect();
    if !unknown.is_empty() {
        return Ok(Answer::Unknown(unknown));
    }
    let full = ask.lines.iter().find(|(sku, quantity)| levels[*sku].after(Kind::Receive, *quantity).is_err());
    let decision = full.map_or(Ok(()), |(sku, _)| Err(Refusal::TooMuch { sku: sku.clone() }));
    if let Err(ended) = gate::keep(tx, &ask.call, decision).await? {
        return Ok(Answer::ended(ended, ()));
    }
    stock::move_lines(tx, Kind::Receive, &ask.lines, &ask.call.key.request_id, ask.call.stamp.now).await?;
    Ok(Answer::done(()))
}

pub async fn correct(tx: &Tx, ask: &Correct) -> Result<Answer<Level>, DbErr> {
    let Some(before) = stock::held_levels(tx, std::iter::once(&ask.sku)).await?.remove(&ask.sku) else {
        return Ok(Answer::Unknown(vec![ask.sku.clone()]));
    };
    let decision = before.after(Kind::Correct, ask.difference).map_err(|unmovable| match unmovable {
        Unmovable::BelowZero => Refusal::BelowZero { on_hand: before.on_hand },
        Unmovable::TooMuch => Refusal::TooMuch { sku: ask.sku.clone() },
    });
    let after = match gate::keep(tx, &ask.call, decision).await? {
        Ok(after) => after,
        Err(ended) => return Ok(Answer::ended(ended, before)),
    };
    let entry = Entry { sku: &ask.sku, quantity: ask.difference, reference: &ask.call.key.request_id };
    let note = Note { reason: &ask.reason, actor: &ask.actor };
    stock::move_stock(tx, Kind::Correct, &[entry], Some(&note), ask.call.stamp.now).await?;
    Ok(Answer::done(after))
}
