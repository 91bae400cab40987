//! Rows, as the tables have them, and their way to and from the domain's values.

use crate::domain::{Kind, Method, Operation, Payment, Stage, State, Step, Token};
use ambient::Timestamp;
use sea_orm::DbErr;

pub mod payment {
    //! One payment.
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "payment")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: String,
        pub order_id: String,
        pub method: i64,
        pub token: String,
        pub currency: String,
        pub amount: i64,
        pub authorised: i64,
        pub captured: i64,
        pub refunded: i64,
        pub promised: i64,
        pub state: i64,
        pub decline_reason: String,
        pub withdrawn: i64,
        pub running: Option<String>,
        pub queued: i64,
        pub version: i64,
        pub created_at: i64,
        pub updated_at: i64,
    }

    #[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

pub mod operation {
    //! One operation at the gateway.
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "operation")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub key: String,
        pub payment_id: String,
        pub order_id: String,
        pub kind: i64,
        pub amount: i64,
        pub currency: String,
        pub stage: i64,
        pub reason: String,
        pub cancel: i64,
        pub undoing: i64,
        pub position: i64,
        pub saga: Option<String>,
        pub step: Option<String>,
        pub attempt: Option<i64>,
        pub note: String,
        pub trace: Option<String>,
        pub created_at: i64,
    }

    #[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

pub mod ledger {
    //! One row of the double-entry ledger.
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "ledger")]
    pub struct Model {
        #[sea_orm(primary_key)]
        pub entry: i64,
        pub movement: String,
        pub account: String,
        pub amount: i64,
        pub currency: String,
        pub payment_id: String,
        pub order_id: String,
        pub at: i64,
    }

    #[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

/// A number in a row that this program does not know.
fn unknown(what: &str, code: i64) -> DbErr {
    DbErr::Type(format!("unknown {what} {code}"))
}

fn number<T: TryFrom<i32>>(what: &str, code: i64) -> Result<T, DbErr> {
    i32::try_from(code).ok().and_then(|code| T::try_from(code).ok()).ok_or_else(|| unknown(what, code))
}

impl TryFrom<payment::Model> for Payment {
    type Error = DbErr;

    fn try_from(row: payment::Model) -> Result<Self, DbErr> {
        Ok(Self {
            method: number::<Method>("method", row.method)?,
            state: number::<State>("state", row.state)?,
            id: row.id,
            order: row.order_id,
            token: Token(row.token),
            currency: row.currency,
            amount: row.amount,
            authorised: row.authorised,
            captured: row.captured,
            refunded: row.refunded,
            promised: row.promised,
            decline_reason: row.decline_reason,
            withdrawn: row.withdrawn != 0,
            running: row.running,
            queued: row.queued,
            version: row.version,
            created: Timestamp::from_millis(row.created_at),
            updated: Timestamp::from_millis(row.updated_at),
        })
    }
}

impl From<&Payment> for payment::Model {
    fn from(payment: &Payment) -> Self {
        Self {
            id: payment.id.clone(),
            order_id: payment.order.clone(),
            method: i64::from(payment.method as i32),
            token: payment.token.0.clone(),
            currency: payment.currency.clone(),
            amount: payment.amount,
            authorised: payment.authorised,
            captured: payment.captured,
            refunded: payment.refunded,
            promised: payment.promised,
            state: i64::from(payment.state as i32),
            decline_reason: payment.decline_reason.clone(),
            withdrawn: i64::from(payment.withdrawn),
            running: payment.running.clone(),
            queued: payment.queued,
            version: payment.version,
            created_at: payment.created.as_millis(),
            updated_at: payment.updated.as_millis(),
        }
    }
}

impl TryFrom<operation::Model> for Operation {
    type Error = DbErr;

    fn try_from(row: operation::Model) -> Result<Self, DbErr> {
        let step = match (row.saga, row.step, row.attempt) {
            (Some(saga), Some(step), Some(attempt)) => Some(Step { saga, step, attempt }),
            _ => None,
        };
        Ok(Self {
            kind: number::<Kind>("kind", row.kind)?,
            stage: Stage::from_code(row.stage).ok_or_else(|| unknown("stage", row.stage))?,
            key: row.key,
            payment: row.payment_id,
            order: row.order_id,
            amount: row.amount,
            currency: row.currency,
            reason: row.reason,
            cancel: row.cancel != 0,
            undoing: row.undoing != 0,
            position: row.position,
            step,
            note: row.note,
            trace: row.trace,
            created: Timestamp::from_millis(row.created_at),
        })
    }
}

impl From<&Operation> for operation::Model {
    fn from(operation: &Operation) -> Self {
        let step = operation.step.as_ref();
        Self {
            key: operation.key.clone(),
            payment_id: operation.payment.clone(),
            order_id: operation.order.clone(),
            kind: i64::from(operation.kind as i32),
            amount: operation.amount,
            currency: operation.currency.clone(),
            stage: operation.stage.code(),
            reason: operation.reason.clone(),
            cancel: i64::from(operation.cancel),
            undoing: i64::from(operation.undoing),
            position: operation.position,
            saga: step.map(|step| step.saga.clone()),
            step: step.map(|step| step.step.clone()),
            attempt: step.map(|step| step.attempt),
            note: operation.note.clone(),
            trace: operation.trace.clone(),
            created_at: operation.created.as_millis(),
        }
    }
}

#[cfg(test)]
#[path = "entity_tests.rs"]
mod tests;
