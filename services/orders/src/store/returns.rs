//! Returns.

use super::entity::{line, return_line, returns};
use crate::domain::{Given, Return, ReturnLine};
use ambient::Timestamp;
use sea_orm::{
    ActiveValue::Set, ColumnTrait, DbErr, EntityTrait, ExprTrait, FromQueryResult, QueryFilter, QueryOrder,
    QuerySelect, sea_query::Expr,
};
use std::{collections::HashMap, sync::Arc};
use store::Tx;

/// What was promised for earlier returns of an order, carried out or not.
pub async fn promised(tx: &Tx, order_id: &str) -> Result<i64, DbErr> {
    #[derive(FromQueryResult)]
    struct Refund {
        refund: i64,
    }
    let earlier = returns::Entity::find()
        .select_only()
        .column(returns::Column::Refund)
        .filter(returns::Column::OrderId.eq(order_id))
        .into_model::<Refund>()
        .all(tx)
        .await?;
    Ok(earlier.iter().map(|earlier| earlier.refund).sum())
}

/// Records a return and counts it at the order's lines, so that no other return may have the same items.
pub async fn insert_return(tx: &Tx, returned: &Return, given: &Given) -> Result<(), DbErr> {
    let row = returns::ActiveModel {
        id: Set(returned.return_id.clone()),
        order_id: Set(returned.order_id.clone()),
        payment_id: Set(returned.payment_id.clone()),
        currency: Set(returned.currency.clone()),
        refund: Set(returned.refund),
        reason: Set(returned.reason.clone()),
        done: Set(0),
        created_at: Set(returned.created_at.as_millis()),
    };
    returns::Entity::insert(row).exec_without_returning(tx).await?;
    for piece in returned.lines.iter().enumerate().collect::<Vec<_>>().chunks(500) {
        let rows = piece.iter().map(|(at, line)| return_line::ActiveModel {
            return_id: Set(returned.return_id.clone()),
            line: Set(number(*at)),
            sku: Set(line.sku.clone()),
            quantity: Set(line.quantity),
            unit_price: Set(line.unit_price),
        });
        return_line::Entity::insert_many(rows).exec_without_returning(tx).await?;
    }
    for (at, back) in &given.taken_back {
        let taken = line::Entity::update_many()
            .col_expr(line::Column::Returned, Expr::col(line::Column::Returned).add(*back))
            .filter(line::Column::OrderId.eq(&returned.order_id))
            .filter(line::Column::Line.eq(number(*at)))
            .exec(tx)
            .await?;
        if taken.rows_affected != 1 {
            return Err(DbErr::RecordNotUpdated);
        }
    }
    Ok(())
}

/// Marks a return as carried out.
pub async fn finish_return(tx: &Tx, return_id: &str) -> Result<(), DbErr> {
    returns::Entity::update_many()
        .col_expr(returns::Column::Done, Expr::value(1_i64))
        .filter(returns::Column::Id.eq(return_id))
        .exec(tx)
        .await
        .map(drop)
}

/// One return.
pub async fn find_return(tx: &Tx, return_id: &str) -> Result<Option<Return>, DbErr> {
    Ok(find_returns(tx, &[return_id.to_owned()]).await?.pop())
}

/// Returns, in no particular order.
pub async fn find_returns(tx: &Tx, ids: &[String]) -> Result<Vec<Return>, DbErr> {
    let rows = returns::Entity::find().filter(returns::Column::Id.is_in(ids)).all(tx).await?;
    let mut lines = lines_of(tx, ids).await?;
    Ok(rows
        .into_iter()
        .map(|row| {
            let lines = lines.remove(&row.id).unwrap_or_default();
            let lines = lines.into_iter().map(|line| ReturnLine {
                sku: line.sku,
                quantity: line.quantity,
                unit_price: line.unit_price,
                currency: row.currency.clone(),
            });
            Return {
                lines: Arc::new(lines.collect()),
                return_id: row.id,
                order_id: row.order_id,
                payment_id: row.payment_id,
                refund: row.refund,
                currency: row.currency,
                reason: row.reason,
                created_at: Timestamp::from_millis(row.created_at),
            }
        })
        .collect())
}

/// The lines of returns.
pub async fn lines_of(tx: &Tx, ids: &[String]) -> Result<HashMap<String, Vec<return_line::Model>>, DbErr> {
    let mut lines: HashMap<String, Vec<return_line::Model>> = HashMap::new();
    let found = return_line::Entity::find()
        .filter(return_line::Column::ReturnId.is_in(ids))
        .order_by_asc(return_line::Column::ReturnId)
        .order_by_asc(return_line::Column::Line);
    for row in found.all(tx).await? {
        lines.entry(row.return_id.clone()).or_default().push(row);
    }
    Ok(lines)
}

fn number(at: usize) -> i64 {
    i64::try_from(at).expect("a return has at most a thousand lines")
}
