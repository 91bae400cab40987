//! Every projection through the store and back, on each engine, with what is most likely to be lost on the way: empty
//! texts, texts of other scripts, and the largest numbers.

use super::tables::{attention, changes, confirm_times, money, sources, states, steps, stock_outs};
use engines::on_both_engines;
use sea_orm::{ActiveModelTrait, ConnectionTrait, EntityTrait, IntoActiveModel, Statement};

const ODD: &str = "größer als 雪 \u{1F6A2} '\"\\%";
const MOST: i64 = i64::MAX;
const LEAST: i64 = i64::MIN;

macro_rules! there_and_back {
    ($store:expr, $table:ident: $($row:expr),+) => {{
        let rows: Vec<$table::Model> = vec![$($row),+];
        let written = $store.unit(rows.clone(), |tx, rows| {
            Box::pin(async move {
                let rows = rows.iter().map(|row| row.clone().into_active_model().reset_all());
                $table::Entity::insert_many(rows).exec_without_returning(tx).await
            })
        });
        assert_eq!(written.await.unwrap(), rows.len() as u64);
        let mut read = $store.read((), |tx, ()| Box::pin($table::Entity::find().all(tx))).await.unwrap();
        read.sort_by_key(|row| rows.iter().position(|written| written == row));
        assert_eq!(read, rows);
    }};
}

fn waiting(order: &str, text: &str, number: i64) -> attention::Model {
    let (order_id, cause, reason, currency) = (order.into(), text.into(), text.into(), text.into());
    attention::Model { order_id, cause, reason, since: number, currency, minor_units: number }
}

fn change(slot: i64, text: &str, number: i64) -> changes::Model {
    let (order_id, cause, currency) = (text.into(), text.into(), text.into());
    let (at, from_state, to_state, minor_units) = (number, number, number, number);
    changes::Model { slot, number, at, order_id, from_state, to_state, cause, currency, minor_units }
}

on_both_engines! { #[tokio::test(start_paused = true)]

async fn every_row_comes_back_as_it_was_written(engine: &Engine) {
    let store = engine.data().store(crate::NAME, crate::migrations()).await.unwrap();
    let seen = |source: &str, number| sources::Model { source: source.into(), events: number, last_at: number };
    there_and_back!(store, sources: seen(ODD, MOST), seen("", LEAST));
    there_and_back!(store, states: states::Model { state: MOST, orders: LEAST }, states::Model { state: 0, orders: 0 });
    let flow = |code: &str, number| money::Model { currency: code.into(), taken: number, refunded: number };
    there_and_back!(store, money: flow(ODD, MOST), flow("", 0));
    let lacking = |sku: &str, number| stock_outs::Model { sku: sku.into(), refusals: number, last_at: number };
    there_and_back!(store, stock_outs: lacking(ODD, MOST), lacking("", LEAST));
    there_and_back!(store, confirm_times: confirm_times::Model { bucket: MOST, orders: LEAST });
    there_and_back!(store, attention: waiting(ODD, ODD, MOST), waiting("", "", LEAST));
    there_and_back!(store, changes: change(MOST, ODD, MOST), change(0, "", LEAST));
    let step = |number| steps::Model { slot: number, step: number, received: number, confirmed: number, ended: number };
    there_and_back!(store, steps: step(MOST), step(LEAST));
    if engine.is_postgres() {
        let tables = crate::PROJECTIONS.map(|table| format!("'{table}'")).join(", ");
        let other = format!(
            "SELECT column_name FROM information_schema.columns WHERE table_schema = current_schema() \
            AND table_name IN ({tables}) AND data_type = 'text' AND collation_name IS DISTINCT FROM 'C'"
        );
        let found = store.read(other, |tx, sql| {
            let ask = Statement::from_string(tx.get_database_backend(), sql.as_str());
            Box::pin(async move { tx.query_all_raw(ask).await })
        });
        assert_eq!(found.await.unwrap().len(), 0, "sorted by their bytes, whatever language the database speaks");
    }
}

}
