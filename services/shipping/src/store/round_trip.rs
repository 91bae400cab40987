//! The table through the store and back, on each engine, with what is most likely to be lost on the way: nothing at all,
//! empty texts and bytes, texts of other scripts, and the largest numbers.

use super::entity::shipment;
use engines::on_both_engines;
use sea_orm::{ActiveModelTrait, ConnectionTrait, EntityTrait, IntoActiveModel, QueryOrder, Statement};

const ODD: &str = "größer als 雪 \u{1F6A2} '\"\\%";

fn parcel(id: &str, state: &str, packing: Vec<u8>, due_at: Option<i64>, number: i64) -> shipment::Model {
    shipment::Model {
        shipment_id: id.into(),
        order_id: format!("{id}-order"),
        state: state.into(),
        packing,
        tracking: if number == 0 { String::new() } else { ODD.into() },
        due_at,
        version: number,
        created_at: number,
        updated_at: number,
        trace: (number != 0).then(|| ODD.into()),
    }
}

on_both_engines! { #[tokio::test(start_paused = true)]

async fn every_row_comes_back_as_it_was_written(engine: &Engine) {
    let store = engine.data().store(crate::NAME, crate::migrations()).await.unwrap();
    // By their bytes, which is how they come back.
    let rows = vec![
        parcel("", "DELIVERED", Vec::new(), None, 0),
        parcel("B", "CREATED", vec![0, 255, 39, 92, 0], Some(i64::MAX), i64::MAX),
        parcel("a", "DISPATCHED", vec![0; 100_000], Some(i64::MIN), i64::MIN),
        parcel(ODD, "CANCELLED", vec![1], None, -1),
    ];
    let written = store.unit(rows.clone(), |tx, rows| {
        Box::pin(async move {
            let rows = rows.iter().map(|row| row.clone().into_active_model().reset_all());
            shipment::Entity::insert_many(rows).exec_without_returning(tx).await
        })
    });
    assert_eq!(written.await.unwrap(), 4);
    let read = store.read((), |tx, ()| {
        Box::pin(shipment::Entity::find().order_by_asc(shipment::Column::ShipmentId).all(tx))
    });
    assert_eq!(read.await.unwrap(), rows);
    if engine.is_postgres() {
        let other = "SELECT column_name FROM information_schema.columns WHERE table_schema = current_schema() \
            AND table_name = 'shipment' AND data_type = 'text' AND collation_name IS DISTINCT FROM 'C'";
        let found = store.read(other, |tx, sql| {
            let ask = Statement::from_string(tx.get_database_backend(), *sql);
            Box::pin(async move { tx.query_all_raw(ask).await })
        });
        assert_eq!(found.await.unwrap().len(), 0, "sorted by their bytes, whatever language the database speaks");
    }
}

}
