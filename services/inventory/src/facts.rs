//! The raw rows for the audit: stock, movements, reservations. Read in pages, so that memory stays flat.

use crate::{
    messages,
    store::{entity::movement, pages},
};
use api::mesh::v1::{Fact, MovementFact, fact::Fact as Row};
use futures::{
    StreamExt, TryStreamExt,
    stream::{self, BoxStream},
};
use store::{Store, StoreError};

/// Rows of one page.
const PAGE: u64 = 500;

/// All of them, table by table. Each page is a snapshot, the whole is not: live, the audit judges what stands still.
pub fn facts(store: &Store) -> BoxStream<'static, Result<Fact, StoreError>> {
    levels(store.clone()).chain(movements(store.clone())).chain(reservations(store.clone())).boxed()
}

fn levels(store: Store) -> BoxStream<'static, Result<Fact, StoreError>> {
    paged(String::new(), move |after: String| {
        let store = store.clone();
        async move {
            let rows = store.read(after, |tx, after| Box::pin(pages::levels(tx, after, PAGE))).await?;
            let last = rows.last().map(|(sku, _)| sku.0.clone());
            Ok((rows.into_iter().map(|(sku, level)| Row::Level(messages::level(sku, level))).collect(), last))
        }
    })
}

fn movements(store: Store) -> BoxStream<'static, Result<Fact, StoreError>> {
    paged(0, move |after: i64| {
        let store = store.clone();
        async move {
            let rows = store.read(after, |tx, after| Box::pin(pages::movements(tx, *after, PAGE))).await?;
            let last = rows.last().map(|row| row.movement);
            Ok((rows.into_iter().map(|row| Row::Movement(moved(row))).collect(), last))
        }
    })
}

fn reservations(store: Store) -> BoxStream<'static, Result<Fact, StoreError>> {
    paged(String::new(), move |after: String| {
        let store = store.clone();
        async move {
            let rows = store.read(after, |tx, after| Box::pin(pages::reservations(tx, after, PAGE))).await?;
            let last = rows.last().map(|reservation| reservation.order.0.clone());
            Ok((rows.iter().map(|row| Row::Reservation(messages::reservation(row))).collect(), last))
        }
    })
}

fn moved(row: movement::Model) -> MovementFact {
    let movement::Model { movement, sku, kind, quantity, reference, came_from: from, .. } = row;
    MovementFact { movement, sku, kind, quantity, reference, from }
}

/// One page of rows, and the key of its last.
type Page<K> = Result<(Vec<Row>, Option<K>), StoreError>;

/// Pages after pages, from the key `first` on, until one is empty.
fn paged<K, F>(first: K, page: impl Fn(K) -> F + Send + 'static) -> BoxStream<'static, Result<Fact, StoreError>>
where
    K: Send + 'static,
    F: Future<Output = Page<K>> + Send,
{
    stream::try_unfold((Some(first), page), |(after, page)| async move {
        let Some(after) = after else { return Ok(None) };
        let (rows, last) = page(after).await?;
        Ok::<_, StoreError>(Some((stream::iter(rows.into_iter().map(Ok)), (last, page))))
    })
    .try_flatten()
    .map_ok(|row| Fact { fact: Some(row) })
    .boxed()
}
