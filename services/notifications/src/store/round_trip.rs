//! The table through the store and back, on each engine, with what is most likely to be lost on the way: empty texts,
//! texts of other scripts, and the largest numbers.

use super::{ActiveModel, Column, Entity, MailRow};
use engines::on_both_engines;
use sea_orm::{ActiveModelTrait, ConnectionTrait, EntityTrait, IntoActiveModel, QueryOrder, Statement};

const ODD: &str = "größer als 雪 \u{1F6A2} '\"\\%";

fn mail(event_id: &str, state: i64, number: i64) -> MailRow {
    let text = if number == 0 { "" } else { ODD };
    MailRow {
        event_id: event_id.into(),
        order_id: text.into(),
        template: text.into(),
        recipient: if state == 1 { text.into() } else { String::new() },
        currency: text.into(),
        minor_units: number,
        cause: text.into(),
        created_at: number,
        state,
        attempts: number.max(0),
        next_at: number,
        last_error: text.into(),
        claimed_until: number,
    }
}

on_both_engines! { #[tokio::test(start_paused = true)]

async fn every_row_comes_back_as_it_was_written(engine: &Engine) {
    let store = engine.data().store(crate::NAME, crate::migrations()).await.unwrap();
    // By their bytes, which is how they come back.
    let rows = vec![mail("", 1, 0), mail("B", 1, i64::MAX), mail("a", 2, i64::MIN), mail(ODD, 3, -1)];
    let written = store.unit(rows.clone(), |tx, rows| {
        Box::pin(async move {
            let rows = rows.iter().map(|row| -> ActiveModel { row.clone().into_active_model().reset_all() });
            Entity::insert_many(rows).exec_without_returning(tx).await
        })
    });
    assert_eq!(written.await.unwrap(), 4);
    let read = store.read((), |tx, ()| Box::pin(Entity::find().order_by_asc(Column::EventId).all(tx)));
    assert_eq!(read.await.unwrap(), rows);
    if engine.is_postgres() {
        let other = "SELECT column_name FROM information_schema.columns WHERE table_schema = current_schema() \
            AND table_name = 'mails' AND data_type = 'text' AND collation_name IS DISTINCT FROM 'C'";
        let found = store.read(other, |tx, sql| {
            let ask = Statement::from_string(tx.get_database_backend(), *sql);
            Box::pin(async move { tx.query_all_raw(ask).await })
        });
        assert_eq!(found.await.unwrap().len(), 0, "sorted by their bytes, whatever language the database speaks");
    }
}

}
