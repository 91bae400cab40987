//! Compares what the ledger says was moved with what the gateway says, key by key (I1).
//!
//! Both sides are read in pages, sorted by key, and merged: memory stays flat. They are read at different moments, so a
//! disagreement is a suspicion until it is looked at again; one that a running operation explains is none.

use crate::{
    gateway::{Gateway, NoAnswer, StatementLine},
    message::money,
    store::{Books, ledger},
};
use api::payment::v1::{Difference, ReconcileResponse};
use std::{cmp::Ordering, collections::VecDeque};
use store::StoreError;

const PAGE: u64 = 1_000;

/// Why there is no comparison.
#[derive(Debug, thiserror::Error)]
pub enum Incomparable {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Gateway(#[from] NoAnswer),
}

/// The comparison of everything that was ever moved.
pub async fn reconcile(books: &Books, gateway: &dyn Gateway) -> Result<ReconcileResponse, Incomparable> {
    let mut ledger = Ledger { books, rows: VecDeque::new(), after: Some(String::new()) };
    let mut statement = Statement { gateway, lines: VecDeque::new(), after: Some(String::new()) };
    let mut answer = ReconcileResponse::default();
    loop {
        // The gateway first: what it has said by now may be booked in the meantime, never the other way round.
        statement.fill().await?;
        ledger.fill().await?;
        let order = match (ledger.rows.front(), statement.lines.front()) {
            (None, None) => break,
            (Some(_), None) => Ordering::Less,
            (None, Some(_)) => Ordering::Greater,
            (Some(row), Some(line)) => row.movement.cmp(&line.key),
        };
        let row = if order.is_le() { ledger.rows.pop_front() } else { None };
        let line = if order.is_ge() { statement.lines.pop_front() } else { None };
        answer.compared += 1;
        if agree(row.as_ref(), line.as_ref()) {
            continue;
        }
        let suspect = row.map(|row| (row.movement, row.payment_id)).or(line.map(|line| (line.key, line.payment)));
        let (key, payment) = suspect.unwrap_or_default();
        match look_again(books, gateway, key, payment).await? {
            Verdict::Agreed => {}
            Verdict::Running => answer.compared -= 1,
            Verdict::Differs(difference) => answer.differences.push(difference),
        }
    }
    answer.in_doubt = i64::try_from(books.in_doubt().await?).unwrap_or(i64::MAX);
    Ok(answer)
}

fn agree(row: Option<&ledger::Model>, line: Option<&StatementLine>) -> bool {
    match (row, line) {
        (Some(row), Some(line)) => row.amount == line.moved() && row.currency == line.amount.currency_code,
        _ => false,
    }
}

enum Verdict {
    Agreed,
    Running,
    Differs(Difference),
}

/// Both sides of one key once more, the books first: what they call settled the gateway settled before.
async fn look_again(
    books: &Books,
    gateway: &dyn Gateway,
    key: String,
    payment: String,
) -> Result<Verdict, Incomparable> {
    let (operation, booked) = books.recorded(&key).await?;
    if operation.as_ref().is_some_and(|operation| !operation.stage.is_settled()) {
        return Ok(Verdict::Running);
    }
    let line = gateway.query(&key).await?;
    let moved = line.as_ref().map_or(0, StatementLine::moved);
    let ours = operation.map(|operation| operation.currency);
    let theirs = line.map(|line| line.amount.currency_code);
    let one_currency = ours.is_none() || theirs.is_none() || ours == theirs;
    if booked == moved && one_currency {
        return Ok(Verdict::Agreed);
    }
    let (ours, theirs) = (ours.as_ref().or(theirs.as_ref()), theirs.as_ref().or(ours.as_ref()));
    let of = |currency: Option<&String>, minor| money(currency.map_or("", String::as_str), minor);
    Ok(Verdict::Differs(Difference {
        payment_id: payment,
        operation: key,
        ledger: of(ours, booked),
        gateway: of(theirs, moved),
    }))
}

/// The ledger's side, page by page. `after` is empty-handed (`None`) at the end.
struct Ledger<'a> {
    books: &'a Books,
    rows: VecDeque<ledger::Model>,
    after: Option<String>,
}

impl Ledger<'_> {
    async fn fill(&mut self) -> Result<(), StoreError> {
        if self.rows.is_empty()
            && let Some(after) = &self.after
        {
            self.rows = self.books.movements(after, PAGE).await?.into();
            self.after = self.rows.back().map(|row| row.movement.clone());
        }
        Ok(())
    }
}

/// The gateway's side, page by page; what moved nothing is passed over.
struct Statement<'a> {
    gateway: &'a dyn Gateway,
    lines: VecDeque<StatementLine>,
    after: Option<String>,
}

impl Statement<'_> {
    async fn fill(&mut self) -> Result<(), NoAnswer> {
        while self.lines.is_empty()
            && let Some(after) = &self.after
        {
            let page = self.gateway.statement(after, PAGE).await?;
            self.after = page.last().map(|line| line.key.clone());
            self.lines = page.into_iter().filter(|line| line.moved() != 0).collect();
        }
        Ok(())
    }
}
