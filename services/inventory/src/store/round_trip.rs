//! Every table through the store and back, on each engine, with what is most likely to be lost on the way: nothing at all,
//! empty texts, texts of other scripts, and the largest numbers.

use super::{
    entity::{item, movement, price, reservation, reservation_line},
    pages,
};
use engines::on_both_engines;
use sea_orm::{ActiveModelTrait, ConnectionTrait, EntityTrait, IntoActiveModel, Statement};
use store::Store;

const ODD: &str = "größer als 雪 \u{1F6A2} '\"\\%";

/// What comes back of rows that were written; `Model`s of one entity each.
macro_rules! there_and_back {
    ($store:expr, $table:ident, $rows:expr) => {{
        let rows: Vec<$table::Model> = $rows;
        let written = $store.unit(rows.clone(), |tx, rows| {
            Box::pin(async move {
                for row in rows {
                    let all = row.clone().into_active_model().reset_all();
                    $table::Entity::insert(all).exec_without_returning(tx).await?;
                }
                Ok(())
            })
        });
        written.await.expect("the rows can be written");
        let mut read = $store.read((), |tx, ()| Box::pin($table::Entity::find().all(tx))).await.expect("and read");
        let mut rows = rows;
        rows.sort_by_key(|row| format!("{row:?}"));
        read.sort_by_key(|row| format!("{row:?}"));
        assert_eq!(read, rows);
    }};
}

async fn open(engine: &engines::Engine) -> Store {
    engine.data().store(crate::NAME, crate::migrations()).await.expect("the place is fresh")
}

fn stock(sku: &str, title: &str, on_hand: i64) -> item::Model {
    item::Model {
        sku: sku.into(),
        title: title.into(),
        on_hand,
        reserved: 0,
        committed: 0,
        shipped: 0,
        received: on_hand,
        returned: 0,
        corrected: 0,
    }
}

on_both_engines! { #[tokio::test(start_paused = true)]

async fn every_row_comes_back_as_it_was_written(engine: &Engine) {
    let store = open(engine).await;
    let counted = item::Model {
        on_hand: 1, reserved: 2, committed: 3, shipped: 4, received: 5, returned: 6, corrected: -1,
        ..stock("counted", "", 0)
    };
    there_and_back!(store, item, vec![stock(ODD, ODD, i64::MAX), stock("", "", 0), counted]);
    let offer = |sku: &str, currency: &str, most| price::Model {
        sku: sku.into(), min_quantity: most, currency: currency.into(), minor_units: most,
    };
    there_and_back!(store, price, vec![offer(ODD, "GBP", i64::MAX), offer("", "", 1)]);
    let hold = |order: &str, state: &str, at, version| reservation::Model {
        order_id: order.into(), state: state.into(), expires_at: at, version,
    };
    there_and_back!(store, reservation, vec![hold(ODD, "HELD", i64::MAX, i64::MAX), hold("", "SHIPPED", i64::MIN, 0)]);
    let line = |order: &str, sku: &str, quantity, returned| reservation_line::Model {
        order_id: order.into(), sku: sku.into(), quantity, returned,
    };
    there_and_back!(store, reservation_line, vec![line(ODD, ODD, i64::MAX, i64::MAX), line("", "", 1, 0)]);
    let moved = |movement, kind: &str, quantity, note: Option<&str>| movement::Model {
        movement,
        sku: ODD.into(),
        kind: kind.into(),
        came_from: String::new(),
        quantity,
        reference: ODD.into(),
        reason: note.map(str::to_owned),
        actor: note.map(str::to_owned),
        at: i64::MIN,
    };
    let movements =
        vec![moved(1, "correct", i64::MIN, Some(ODD)), moved(2, "ship", i64::MAX, None), moved(i64::MAX, "", 1, Some(""))];
    there_and_back!(store, movement, movements);
}

async fn texts_sort_by_their_bytes_whatever_language_the_database_speaks(engine: &Engine) {
    let store = open(engine).await;
    for sku in ["b", "ä", "a", "B", "a-1", "A 2", "Z"] {
        let row = stock(sku, "", 0).into_active_model().reset_all();
        let put = store.unit(row, |tx, row| Box::pin(item::Entity::insert(row.clone()).exec_without_returning(tx)));
        put.await.unwrap();
    }
    let (mut seen, mut after) = (Vec::new(), String::new());
    loop {
        let page = store.read(after, |tx, after| Box::pin(pages::levels(tx, after, 2))).await.unwrap();
        let Some((last, _)) = page.last() else { break };
        after = last.0.clone();
        seen.extend(page.into_iter().map(|(sku, _)| sku.0));
    }
    assert_eq!(seen, ["A 2", "B", "Z", "a", "a-1", "b", "ä"]);
    if engine.is_postgres() {
        let other = "SELECT table_name FROM information_schema.columns WHERE table_schema = current_schema() \
            AND table_name IN ('item', 'price', 'reservation', 'reservation_line', 'movement') \
            AND data_type = 'text' AND collation_name IS DISTINCT FROM 'C'";
        let found = store.read(other, |tx, sql| {
            let ask = Statement::from_string(tx.get_database_backend(), *sql);
            Box::pin(async move { tx.query_all_raw(ask).await })
        });
        assert_eq!(found.await.unwrap().len(), 0);
    }
}

}
