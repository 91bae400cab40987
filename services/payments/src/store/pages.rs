//! Lists, page by page: memory stays flat however long the tables are.

use super::{
    Books,
    entity::{ledger, operation, payment},
};
use crate::domain::{GATEWAY_ACCOUNT, Operation, Payment, Stage, Token};
use sea_orm::{ColumnTrait, DbErr, EntityTrait, PaginatorTrait, QueryFilter, QueryOrder, QuerySelect, sea_query::Expr};
use std::collections::HashMap;
use store::{Store, StoreError};

/// Which part of a list.
#[derive(Clone, Debug, Default)]
pub struct Page {
    /// Only this order's.
    pub order: Option<String>,
    /// After this payment.
    pub after: Option<String>,
    pub size: u64,
}

impl Books {
    /// Payments, newest first.
    pub async fn list(&self, page: Page) -> Result<Vec<Payment>, StoreError> {
        self.store
            .read(page, |tx, page| {
                Box::pin(async move {
                    let mut find = payment::Entity::find();
                    if let Some(order) = &page.order {
                        find = find.filter(payment::Column::OrderId.eq(order.as_str()));
                    }
                    if let Some(after) = &page.after {
                        find = find.filter(payment::Column::Id.lt(after.as_str()));
                    }
                    let rows = find.order_by_desc(payment::Column::Id).limit(page.size).all(tx).await?;
                    rows.into_iter().map(Payment::try_from).collect()
                })
            })
            .await
    }

    /// Operations whose outcome is not known, by payment, with what the driver needs to carry them on.
    pub async fn unfinished(&self, after: &str, limit: u64) -> Result<Vec<(Operation, Token)>, StoreError> {
        self.store
            .read((after.to_owned(), limit), |tx, (after, limit)| {
                Box::pin(async move {
                    let rows = operation::Entity::find()
                        .filter(Expr::cust("stage = 1"))
                        .filter(operation::Column::PaymentId.gt(after.as_str()))
                        .order_by_asc(operation::Column::PaymentId)
                        .limit(*limit)
                        .all(tx)
                        .await?;
                    let ids = rows.iter().map(|row| row.payment_id.as_str());
                    let payments = payment::Entity::find().filter(payment::Column::Id.is_in(ids)).all(tx).await?;
                    let mut tokens: HashMap<String, String> =
                        payments.into_iter().map(|payment| (payment.id, payment.token)).collect();
                    let with_token = |row: operation::Model| {
                        let token = Token(tokens.remove(&row.payment_id).unwrap_or_default());
                        Ok::<_, DbErr>((Operation::try_from(row)?, token))
                    };
                    rows.into_iter().map(with_token).collect()
                })
            })
            .await
    }

    /// How many operations are with the gateway.
    pub async fn in_doubt(&self) -> Result<u64, StoreError> {
        self.store
            .read((), |tx, ()| {
                Box::pin(async move { operation::Entity::find().filter(Expr::cust("stage = 1")).count(tx).await })
            })
            .await
    }

    /// The movements after one, by their keys: the gateway's side of each.
    pub async fn movements(&self, after: &str, limit: u64) -> Result<Vec<ledger::Model>, StoreError> {
        self.store
            .read((after.to_owned(), limit), |tx, (after, limit)| {
                Box::pin(async move {
                    ledger::Entity::find()
                        .filter(ledger::Column::Account.eq(GATEWAY_ACCOUNT))
                        .filter(ledger::Column::Movement.gt(after.as_str()))
                        .order_by_asc(ledger::Column::Movement)
                        .limit(*limit)
                        .all(tx)
                        .await
                })
            })
            .await
    }

    /// What is recorded of one key, at one moment: the operation, and what the ledger says of it.
    pub async fn recorded(&self, key: &str) -> Result<(Option<Operation>, i64), StoreError> {
        self.store
            .read(key.to_owned(), |tx, key| {
                Box::pin(async move {
                    let operation = super::rows::operation(tx, key).await?;
                    let rows = ledger::Entity::find()
                        .filter(ledger::Column::Movement.eq(key.as_str()))
                        .filter(ledger::Column::Account.eq(GATEWAY_ACCOUNT))
                        .all(tx)
                        .await?;
                    Ok((operation, rows.iter().map(|row| row.amount).sum()))
                })
            })
            .await
    }
}

/// Raw rows for the audit: payments after an identifier.
pub async fn payments(store: &Store, after: String, limit: u64) -> Result<Vec<Payment>, StoreError> {
    store
        .read((after, limit), |tx, (after, limit)| {
            Box::pin(async move {
                let rows = payment::Entity::find()
                    .filter(payment::Column::Id.gt(after.as_str()))
                    .order_by_asc(payment::Column::Id)
                    .limit(*limit)
                    .all(tx)
                    .await?;
                rows.into_iter().map(Payment::try_from).collect()
            })
        })
        .await
}

/// Raw rows for the audit: ledger rows after a number.
pub async fn entries(store: &Store, after: i64, limit: u64) -> Result<Vec<ledger::Model>, StoreError> {
    store
        .read((after, limit), |tx, (after, limit)| {
            Box::pin(async move {
                ledger::Entity::find()
                    .filter(ledger::Column::Entry.gt(*after))
                    .order_by_asc(ledger::Column::Entry)
                    .limit(*limit)
                    .all(tx)
                    .await
            })
        })
        .await
}

/// Raw rows for the audit: operations after a key, but for those that the gateway never heard of.
pub async fn operations(store: &Store, after: String, limit: u64) -> Result<Vec<Operation>, StoreError> {
    store
        .read((after, limit), |tx, (after, limit)| {
            Box::pin(async move {
                let rows = operation::Entity::find()
                    .filter(operation::Column::Key.gt(after.as_str()))
                    .filter(operation::Column::Stage.ne(Stage::Refused.code()))
                    .order_by_asc(operation::Column::Key)
                    .limit(*limit)
                    .all(tx)
                    .await?;
                rows.into_iter().map(Operation::try_from).collect()
            })
        })
        .await
}
