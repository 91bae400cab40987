//! The table of mails, as sea-orm sees it.

use sea_orm::{
    ActiveModelBehavior, DeriveEntityModel, DerivePrimaryKey, DeriveRelation, EntityTrait, EnumIter, PrimaryKeyTrait,
};

/// One mail. The recipient is blank once the mail has reached its end: nobody needs it any more.
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "mails")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub event_id: String,
    pub order_id: String,
    pub template: String,
    pub recipient: String,
    pub currency: String,
    pub minor_units: i64,
    pub cause: String,
    pub created_at: i64,
    /// As in `MailState`.
    pub state: i64,
    pub attempts: i64,
    pub next_at: i64,
    pub last_error: String,
    /// Until then it is in a sender's hands, which nobody else takes it from. Always 0 where there can be but one sender.
    pub claimed_until: i64,
}

#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
