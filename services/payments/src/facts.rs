//! Raw rows for the audit, in pages: nothing is summed or judged here.

use crate::{
    domain::{Operation, Stage},
    message,
    store::{ledger, pages},
};
use api::mesh::v1::{Fact, LedgerFact, OperationFact, OperationOutcome, fact};
use futures::{StreamExt, TryStreamExt, stream, stream::BoxStream};
use store::{Store, StoreError};

const PAGE: u64 = 1_000;

/// Payments, ledger rows and operations of a store, live or at rest.
pub fn facts(store: &Store) -> BoxStream<'static, Result<Fact, StoreError>> {
    let payments = paged(
        store.clone(),
        String::new(),
        |store, after| async move { pages::payments(&store, after, PAGE).await },
        |payment| payment.id.clone(),
        |payment| fact::Fact::Payment(message::payment(&payment)),
    );
    let ledger = paged(
        store.clone(),
        0,
        |store, after| async move { pages::entries(&store, after, PAGE).await },
        |row| row.entry,
        ledger_fact,
    );
    let operations = paged(
        store.clone(),
        String::new(),
        |store, after| async move { pages::operations(&store, after, PAGE).await },
        |operation| operation.key.clone(),
        operation_fact,
    );
    payments.chain(ledger).chain(operations).boxed()
}

/// Page after page of rows, each a fact.
fn paged<C, R, F>(
    store: Store,
    start: C,
    read: impl Fn(Store, C) -> F + Send + Sync + Copy + 'static,
    cursor: fn(&R) -> C,
    fact: fn(R) -> fact::Fact,
) -> BoxStream<'static, Result<Fact, StoreError>>
where
    C: Send + 'static,
    R: Send + 'static,
    F: Future<Output = Result<Vec<R>, StoreError>> + Send,
{
    let pages = stream::try_unfold((store, start), move |(store, after)| async move {
        let page = read(store.clone(), after).await?;
        let next = page.last().map(cursor);
        Ok::<_, StoreError>(next.map(|next| (page, (store, next))))
    });
    let told = move |row| Ok(Fact { fact: Some(fact(row)) });
    pages.map_ok(move |page| stream::iter(page.into_iter().map(told))).try_flatten().boxed()
}

fn ledger_fact(row: ledger::Model) -> fact::Fact {
    fact::Fact::Ledger(LedgerFact {
        amount: message::money(&row.currency, row.amount),
        entry: row.entry,
        movement: row.movement,
        account: row.account,
        payment_id: row.payment_id,
        order_id: row.order_id,
    })
}

fn operation_fact(operation: Operation) -> fact::Fact {
    let outcome = match operation.stage {
        Stage::Done => OperationOutcome::Done,
        Stage::Declined => OperationOutcome::Declined,
        Stage::Cancelled | Stage::Refused => OperationOutcome::Cancelled,
        Stage::Queued | Stage::Running => OperationOutcome::Unspecified,
    };
    fact::Fact::Operation(OperationFact {
        amount: message::money(&operation.currency, operation.amount),
        kind: operation.kind.into(),
        outcome: outcome.into(),
        operation: operation.key,
        payment_id: operation.payment,
        order_id: operation.order,
    })
}
