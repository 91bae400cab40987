//! Every row as it is, for the audit: nothing summed, nothing judged. Read in pages by key, live or at rest.

use super::{
    entity::{history, key, orders, returns},
    list, read,
    returns::lines_of,
};
use crate::domain::money;
use api::mesh::v1::{Fact, HistoryFact, KeyFact, ReturnFact, ReturnedLine, fact};
use futures::{
    StreamExt,
    stream::{self, BoxStream},
};
use sea_orm::{ColumnTrait, Condition, DbErr, EntityTrait, QueryFilter, QueryOrder, QuerySelect};
use store::{BoxFuture, Store, StoreError, Tx};

const PAGE: u64 = 200;

/// Orders with their history, returns and acknowledged keys.
pub fn facts(store: &Store) -> BoxStream<'static, Result<Fact, StoreError>> {
    let tables = [Table::Orders, Table::History, Table::Returns, Table::Keys];
    let store = store.clone();
    stream::iter(tables).flat_map(move |table| pages(store.clone(), table)).boxed()
}

#[derive(Clone, Copy)]
enum Table {
    Orders,
    History,
    Returns,
    Keys,
}

/// Where a page begins: the key of the last row before it.
type Cursor = Vec<String>;
type Found = (Vec<Fact>, Option<Cursor>);

fn pages(store: Store, table: Table) -> BoxStream<'static, Result<Fact, StoreError>> {
    let first = Some(Cursor::new());
    stream::unfold(first, move |cursor| {
        let store = store.clone();
        async move {
            let found = store.read((table, cursor?), |tx, (table, cursor)| table.page(tx, cursor)).await;
            Some(match found {
                Ok((facts, next)) => (facts.into_iter().map(Ok).collect(), next),
                Err(error) => (vec![Err(error)], None),
            })
        }
    })
    .flat_map(stream::iter::<Vec<_>>)
    .boxed()
}

impl Table {
    fn page<'a>(self, tx: &'a Tx, after: &'a Cursor) -> BoxFuture<'a, Result<Found, DbErr>> {
        match self {
            Self::Orders => Box::pin(orders_page(tx, after)),
            Self::History => Box::pin(history_page(tx, after)),
            Self::Returns => Box::pin(returns_page(tx, after)),
            Self::Keys => Box::pin(keys_page(tx, after)),
        }
    }
}

fn found<T>(rows: &[T], facts: Vec<Fact>, cursor: impl Fn(&T) -> Cursor) -> Found {
    let full = rows.len() as u64 == PAGE;
    (facts, rows.last().filter(|_| full).map(cursor))
}

fn fact(fact: fact::Fact) -> Fact {
    Fact { fact: Some(fact) }
}

async fn orders_page(tx: &Tx, after: &Cursor) -> Result<Found, DbErr> {
    let mut query = orders::Entity::find().order_by_asc(orders::Column::Id).limit(PAGE);
    if let [id] = after.as_slice() {
        query = query.filter(orders::Column::Id.gt(id));
    }
    let orders = read::whole(tx, query.all(tx).await?).await?;
    let facts = orders.iter().map(|order| {
        let mut order = order.message();
        // An address is nobody's business but notifications'.
        order.customer.get_or_insert_default().email.clear();
        fact(fact::Fact::Order(order))
    });
    Ok(found(&orders, facts.collect(), |order| vec![order.content.order_id.clone()]))
}

async fn history_page(tx: &Tx, after: &Cursor) -> Result<Found, DbErr> {
    let mut query = history::Entity::find()
        .order_by_asc(history::Column::OrderId)
        .order_by_asc(history::Column::Sequence)
        .limit(PAGE);
    if let [order, sequence] = after.as_slice() {
        let sequence: i64 = sequence.parse().unwrap_or_default();
        let rest = Condition::all().add(history::Column::OrderId.eq(order)).add(history::Column::Sequence.gt(sequence));
        query = query.filter(Condition::any().add(history::Column::OrderId.gt(order)).add(rest));
    }
    let rows = query.all(tx).await?;
    let facts = rows.iter().map(|row| {
        let change = Some(list::change(row.clone()).message());
        fact(fact::Fact::History(HistoryFact { order_id: row.order_id.clone(), change }))
    });
    Ok(found(&rows, facts.collect(), |row| vec![row.order_id.clone(), row.sequence.to_string()]))
}

async fn returns_page(tx: &Tx, after: &Cursor) -> Result<Found, DbErr> {
    let mut query = returns::Entity::find().order_by_asc(returns::Column::Id).limit(PAGE);
    if let [id] = after.as_slice() {
        query = query.filter(returns::Column::Id.gt(id));
    }
    let rows = query.all(tx).await?;
    let ids: Vec<String> = rows.iter().map(|row| row.id.clone()).collect();
    let mut lines = lines_of(tx, &ids).await?;
    let facts = rows.iter().map(|row| {
        let lines = lines.remove(&row.id).unwrap_or_default();
        fact(fact::Fact::Return(ReturnFact {
            return_id: row.id.clone(),
            order_id: row.order_id.clone(),
            lines: lines.into_iter().map(|line| ReturnedLine { sku: line.sku, quantity: line.quantity }).collect(),
            refund: Some(money(&row.currency, row.refund)),
            done: row.done != 0,
        }))
    });
    Ok(found(&rows, facts.collect(), |row| vec![row.id.clone()]))
}

async fn keys_page(tx: &Tx, after: &Cursor) -> Result<Found, DbErr> {
    let mut query = key::Entity::find()
        .filter(key::Column::Method.eq(crate::PLACE_ORDER))
        .order_by_asc(key::Column::Caller)
        .order_by_asc(key::Column::RequestId)
        .limit(PAGE);
    if let [caller, request_id] = after.as_slice() {
        let rest = Condition::all().add(key::Column::Caller.eq(caller)).add(key::Column::RequestId.gt(request_id));
        query = query.filter(Condition::any().add(key::Column::Caller.gt(caller)).add(rest));
    }
    let rows = query.all(tx).await?;
    let facts = rows.iter().map(|row| {
        fact(fact::Fact::Key(KeyFact {
            caller: row.caller.clone(),
            request_id: row.request_id.clone(),
            order_id: row.resource.clone(),
        }))
    });
    Ok(found(&rows, facts.collect(), |row| vec![row.caller.clone(), row.request_id.clone()]))
}
