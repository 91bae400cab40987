//! The projections, as sea-orm sees them: one module a table.

/// An entity of plain columns.
macro_rules! table {
    ($(#[$doc:meta])* $module:ident, $name:literal, { $(#[$key_attr:meta])* $key:ident : $key_type:ty $(, $column:ident : $type:ty)* $(,)? }) => {
        $(#[$doc])*
        pub mod $module {
            use sea_orm::{
                ActiveModelBehavior, DeriveEntityModel, DerivePrimaryKey, DeriveRelation, EntityTrait, EnumIter,
                PrimaryKeyTrait,
            };

            #[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
            #[sea_orm(table_name = $name)]
            pub struct Model {
                #[sea_orm(primary_key, auto_increment = false)]
                pub $key: $key_type,
                $(pub $column: $type,)*
            }

            #[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
            pub enum Relation {}

            impl ActiveModelBehavior for ActiveModel {}
        }
    };
}

table!(
    /// Events taken in, by source.
    sources, "sources", { source: String, events: i64, last_at: i64 }
);
table!(
    /// Orders by state, as numbered in the contract.
    states, "orders_by_state", { state: i64, orders: i64 }
);
table!(
    /// Money by currency, in minor units.
    money, "money", { currency: String, taken: i64, refunded: i64 }
);
table!(
    /// Refusals for want of stock.
    stock_outs, "stock_outs", { sku: String, refusals: i64, last_at: i64 }
);
table!(
    /// Orders confirmed, by bucket of the time it took.
    confirm_times, "confirm_times", { bucket: i64, orders: i64 }
);
table!(
    /// Orders that wait for a person.
    attention, "attention", {
        order_id: String, cause: String, reason: String, since: i64, currency: String, minor_units: i64,
    }
);
table!(
    /// The latest changes of orders: a ring, `slot` is `number` modulo its size.
    changes, "changes", {
        slot: i64, number: i64, at: i64, order_id: String, from_state: i64, to_state: i64, cause: String,
        currency: String, minor_units: i64,
    }
);
table!(
    /// Orders over time: a ring, `slot` is `step` modulo its size.
    steps, "steps", { slot: i64, step: i64, received: i64, confirmed: i64, ended: i64 }
);
