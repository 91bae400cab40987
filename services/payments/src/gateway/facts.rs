//! The gateway's rows for the audit.

use super::{StatementLine, book};
use crate::domain::Word;
use api::mesh::v1::{Fact, GatewayFact, OperationOutcome, fact};
use futures::{StreamExt, TryStreamExt, stream, stream::BoxStream};
use store::{Store, StoreError};

const PAGE: u64 = 1_000;

/// Every operation that the gateway did or declined, in pages; keys that were withdrawn before they arrived are not
/// operations. `store` is the gateway's own.
pub fn gateway_facts(store: &Store) -> BoxStream<'static, Result<Fact, StoreError>> {
    let pages = stream::try_unfold((store.clone(), Some(String::new())), |(store, after)| async move {
        let Some(after) = after else { return Ok::<_, StoreError>(None) };
        let page = book::statement(&store, &after, PAGE).await?;
        let next = page.last().map(|line| line.key.clone());
        Ok(Some((page, (store, next))))
    });
    pages.map_ok(|page| stream::iter(page.into_iter().map(|line| Ok(fact_of(line))))).try_flatten().boxed()
}

fn fact_of(line: StatementLine) -> Fact {
    let outcome = match line.word {
        Word::Done => OperationOutcome::Done,
        Word::Declined(_) => OperationOutcome::Declined,
        Word::Cancelled => OperationOutcome::Cancelled,
    };
    Fact {
        fact: Some(fact::Fact::Gateway(GatewayFact {
            operation: line.key,
            kind: line.kind.into(),
            outcome: outcome.into(),
            amount: Some(line.amount),
        })),
    }
}
