//! The table as sea-orm sees it. Fields are i64, String, bytes and options of these only: the store is strict about widths.

/// A parcel.
pub mod shipment {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "shipment")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub shipment_id: String,
        pub order_id: String,
        pub state: String,
        pub packing: Vec<u8>,
        pub tracking: String,
        pub due_at: Option<i64>,
        pub version: i64,
        pub created_at: i64,
        pub updated_at: i64,
        pub trace: Option<String>,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}
