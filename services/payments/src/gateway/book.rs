//! The simulated gateway's durable file: what it did under which key, and what it holds and took of whom. Apart from
//! the service's own store, or a crash would erase what the gateway "says".

use super::{Cancellation, Instruction, StatementLine};
use crate::domain::{Kind, Token, Word};
use ambient::Timestamp;
use api::{mesh::v1::OperationOutcome, types::Money};
use sea_orm::{
    ActiveValue::Set, ColumnTrait, DbErr, EntityTrait, IntoActiveModel, QueryFilter, QueryOrder, QuerySelect,
    sea_query::OnConflict,
};
use store::{Store, StoreError, Tx};

pub mod operation {
    //! One key.
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "gateway_operation")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub key: String,
        pub payment: String,
        pub kind: i64,
        pub outcome: i64,
        pub reason: String,
        pub amount: i64,
        pub currency: String,
        pub at: i64,
    }

    #[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

pub mod account {
    //! One payment.
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "gateway_account")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub payment: String,
        pub token: String,
        pub currency: String,
        pub held: i64,
        pub captured: i64,
        pub refunded: i64,
    }

    #[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

/// One request as it arrives.
#[derive(Clone, Debug)]
pub struct Arrival {
    pub kind: Kind,
    pub order: Instruction,
    /// The reason for which this request is to be declined, whatever the account says.
    pub decline: Option<&'static str>,
    pub at: Timestamp,
}

/// Takes a request in: once per key, the first answer for ever.
pub async fn arrive(store: &Store, arrival: Arrival) -> Result<Word, StoreError> {
    store.unit(arrival, |tx, arrival| Box::pin(take_in(tx, arrival))).await
}

async fn take_in(tx: &Tx, arrival: &Arrival) -> Result<Word, DbErr> {
    let opens = matches!(arrival.kind, Kind::Authorise | Kind::Charge);
    let account =
        if opens { None } else { account::Entity::find_by_id(&arrival.order.payment).lock_exclusive().one(tx).await? };
    let (word, after) = judge(arrival, account);
    let row = row_of(&arrival.order.key, Some(arrival), &word, arrival.at);
    if !write_once(tx, row).await? {
        return answered(tx, &arrival.order.key).await;
    }
    match after {
        Some(account) if opens => {
            account::Entity::insert(account.into_active_model()).exec_without_returning(tx).await?;
        }
        Some(account) => {
            let change = account::ActiveModel {
                held: Set(account.held),
                captured: Set(account.captured),
                refunded: Set(account.refunded),
                ..Default::default()
            };
            let this = account::Column::Payment.eq(account.payment);
            account::Entity::update_many().set(change).filter(this).exec(tx).await?;
        }
        None => {}
    }
    Ok(word)
}

/// The answer, and the account after it where it changes.
fn judge(arrival: &Arrival, account: Option<account::Model>) -> (Word, Option<account::Model>) {
    let declined = |reason: &str| (Word::Declined(reason.to_owned()), None);
    if let Some(reason) = arrival.decline {
        return declined(reason);
    }
    let amount = arrival.order.amount.minor_units;
    let mut account = match (arrival.kind, account) {
        (Kind::Authorise | Kind::Charge, _) => opened(&arrival.order),
        (_, Some(account)) => account,
        (_, None) => return declined("unknown_payment"),
    };
    match arrival.kind {
        Kind::Authorise => account.held = amount,
        Kind::Charge => account.captured = amount,
        Kind::Capture if account.held >= amount => {
            account.held = 0;
            account.captured += amount;
        }
        Kind::Void if account.held > 0 => account.held = 0,
        Kind::Refund if account.captured - account.refunded >= amount => account.refunded += amount,
        Kind::Refund => return declined("exceeds_what_was_taken"),
        _ => return declined("nothing_held"),
    }
    (Word::Done, Some(account))
}

fn opened(order: &Instruction) -> account::Model {
    account::Model {
        payment: order.payment.clone(),
        token: order.token.0.clone(),
        currency: order.amount.currency_code.clone(),
        held: 0,
        captured: 0,
        refunded: 0,
    }
}

/// Withdraws a key: what comes under it later is refused.
pub async fn cancel(store: &Store, key: &str, at: Timestamp) -> Result<Cancellation, StoreError> {
    let args = (key.to_owned(), at);
    store
        .unit(args, |tx, (key, at)| {
            Box::pin(async move {
                if write_once(tx, row_of(key, None, &Word::Cancelled, *at)).await? {
                    return Ok(Cancellation::Cancelled);
                }
                Ok(match answered(tx, key).await? {
                    Word::Cancelled => Cancellation::Cancelled,
                    result => Cancellation::AlreadyDone { result },
                })
            })
        })
        .await
}

/// What was said under a key.
pub async fn query(store: &Store, key: &str) -> Result<Option<StatementLine>, StoreError> {
    store
        .read(key.to_owned(), |tx, key| Box::pin(async move { operation::Entity::find_by_id(key).one(tx).await }))
        .await
        .map(|row| row.map(line_of))
}

/// The operations after a key, withdrawn ones left out: nothing was done under those.
pub async fn statement(store: &Store, after: &str, limit: u64) -> Result<Vec<StatementLine>, StoreError> {
    let rows = store
        .read((after.to_owned(), limit), |tx, (after, limit)| {
            Box::pin(async move {
                operation::Entity::find()
                    .filter(operation::Column::Key.gt(after.as_str()))
                    .filter(operation::Column::Outcome.ne(outcome_code(&Word::Cancelled)))
                    .order_by_asc(operation::Column::Key)
                    .limit(*limit)
                    .all(tx)
                    .await
            })
        })
        .await?;
    Ok(rows.into_iter().map(line_of).collect())
}

/// The accounts of one token.
pub async fn accounts_of(store: &Store, token: &Token) -> Result<Vec<account::Model>, StoreError> {
    store
        .read(token.0.clone(), |tx, token| {
            Box::pin(
                async move { account::Entity::find().filter(account::Column::Token.eq(token.as_str())).all(tx).await },
            )
        })
        .await
}

async fn write_once(tx: &Tx, row: operation::Model) -> Result<bool, DbErr> {
    let keep_first = OnConflict::column(operation::Column::Key).do_nothing().to_owned();
    let insert = operation::Entity::insert(row.into_active_model()).on_conflict(keep_first);
    Ok(insert.exec_without_returning(tx).await? == 1)
}

async fn answered(tx: &Tx, key: &str) -> Result<Word, DbErr> {
    let row = operation::Entity::find_by_id(key).one(tx).await?;
    row.map(|row| word_of(&row)).ok_or_else(|| DbErr::RecordNotFound(format!("gateway operation {key}")))
}

fn row_of(key: &str, arrival: Option<&Arrival>, word: &Word, at: Timestamp) -> operation::Model {
    let amount = arrival.map(|arrival| arrival.order.amount.clone()).unwrap_or_default();
    operation::Model {
        key: key.to_owned(),
        payment: arrival.map(|arrival| arrival.order.payment.clone()).unwrap_or_default(),
        kind: arrival.map_or(0, |arrival| i64::from(arrival.kind as i32)),
        outcome: outcome_code(word),
        reason: word.reason().to_owned(),
        amount: amount.minor_units,
        currency: amount.currency_code,
        at: at.as_millis(),
    }
}

fn line_of(row: operation::Model) -> StatementLine {
    let word = word_of(&row);
    let kind = i32::try_from(row.kind).ok().and_then(|kind| Kind::try_from(kind).ok()).unwrap_or_default();
    let amount = Money { currency_code: row.currency, minor_units: row.amount };
    StatementLine { key: row.key, payment: row.payment, kind, word, amount }
}

fn outcome_code(word: &Word) -> i64 {
    let outcome = match word {
        Word::Done => OperationOutcome::Done,
        Word::Declined(_) => OperationOutcome::Declined,
        Word::Cancelled => OperationOutcome::Cancelled,
    };
    i64::from(outcome as i32)
}

fn word_of(row: &operation::Model) -> Word {
    if row.outcome == outcome_code(&Word::Done) {
        Word::Done
    } else if row.outcome == outcome_code(&Word::Cancelled) {
        Word::Cancelled
    } else {
        Word::Declined(row.reason.clone())
    }
}
