//! The raw rows for the audit: every shipment. Read in pages, so that memory stays flat.

use crate::{messages, store};
use ::store::{Store, StoreError};
use api::mesh::v1::{Fact, fact::Fact as Row};
use futures::{
    StreamExt, TryStreamExt,
    stream::{self, BoxStream},
};

/// Rows of one page.
const PAGE: u64 = 500;

/// All of them. Each page is a snapshot, the whole is not: live, the audit judges what stands still.
pub fn facts(store: &Store) -> BoxStream<'static, Result<Fact, StoreError>> {
    let start = (Some(String::new()), store.clone());
    stream::try_unfold(start, |(after, store)| async move {
        let Some(after) = after else { return Ok(None) };
        let rows = store.read(after, |tx, after| Box::pin(store::after(tx, after, PAGE))).await?;
        let last = rows.last().map(|shipment| shipment.id.0.clone());
        let facts = rows.into_iter().map(|row| Ok(Fact { fact: Some(Row::Shipment(messages::shipment(row))) }));
        Ok::<_, StoreError>(Some((stream::iter(facts.collect::<Vec<_>>()), (last, store))))
    })
    .try_flatten()
    .boxed()
}
