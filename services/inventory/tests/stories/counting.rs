//! The catalogue, deliveries, counts and listings.

use crate::world::{World, lines, reason};
use api::{
    inventory::v1::{self as pb, CatalogueItem, Price},
    types::Money,
};
use engines::on_both_engines;
use sea_orm::ConnectionTrait;
use tonic::{Code, Status};

fn price(minor_units: i64, min_quantity: i64) -> Price {
    Price { unit_price: Some(Money { currency_code: "GBP".into(), minor_units }), min_quantity }
}

async fn put(world: &World<'_>, sku: &str, title: &str, prices: Vec<Price>) -> Result<i32, Status> {
    let item = CatalogueItem { sku: sku.into(), title: title.into(), prices };
    let response = world.client.clone().put_catalogue(pb::PutCatalogueRequest { items: vec![item] }).await?;
    Ok(response.into_inner().added)
}

async fn correct(world: &World<'_>, key: &str, sku: &str, difference: i64) -> Result<pb::StockLevel, Status> {
    let request = pb::CorrectStockRequest {
        request_id: key.into(),
        sku: sku.into(),
        difference,
        reason: "counted".into(),
        actor: "ann".into(),
    };
    Ok(world.client.clone().correct_stock(request).await?.into_inner().level.unwrap())
}

on_both_engines! { #[tokio::test(start_paused = true)]

async fn prices_are_only_ever_added_and_titles_follow(engine: &Engine) {
    let world = World::with(engine, Default::default()).await;
    assert_eq!(put(&world, "a", "first", vec![price(255, 1)]).await.unwrap(), 1);
    assert_eq!(put(&world, "a", "second", vec![price(210, 12), price(255, 1)]).await.unwrap(), 0);
    assert_eq!(put(&world, "a", "", vec![price(295, 1)]).await.unwrap(), 0);
    let asked = pb::GetCatalogueRequest { skus: vec!["unknown".into(), "a".into()] };
    let items = world.client.clone().get_catalogue(asked).await.unwrap().into_inner().items;
    let prices = vec![price(255, 1), price(295, 1), price(210, 12)];
    assert_eq!(items, [CatalogueItem { sku: "a".into(), title: "second".into(), prices }]);
}

async fn a_thousand_items_are_put_and_got_at_once(engine: &Engine) {
    let world = World::with(engine, Default::default()).await;
    let skus: Vec<String> = (0..1_000).map(|n| format!("sku-{n:04}")).collect();
    let item =
        |sku: &String| CatalogueItem { sku: sku.clone(), title: "t".into(), prices: vec![price(1, 1), price(2, 1)] };
    let request = pb::PutCatalogueRequest { items: skus.iter().map(item).collect() };
    assert_eq!(world.client.clone().put_catalogue(request.clone()).await.unwrap().into_inner().added, 1_000);
    assert_eq!(world.client.clone().put_catalogue(request).await.unwrap().into_inner().added, 0);
    let got = world.client.clone().get_catalogue(pb::GetCatalogueRequest { skus: skus.clone() }).await.unwrap();
    let items = got.into_inner().items;
    assert!(items.iter().map(|item| &item.sku).eq(&skus) && items.iter().all(|item| item.prices.len() == 2));
    let request = pb::ReceiveStockRequest {
        request_id: "all".into(),
        lines: lines(&skus.iter().map(|sku| (sku.as_str(), 5)).collect::<Vec<_>>()),
    };
    world.client.clone().receive_stock(request).await.unwrap();
    world.reserve("o", &skus.iter().map(|sku| (sku.as_str(), 5)).collect::<Vec<_>>()).await.unwrap();
    world.commit("o").await.unwrap();
    world.assert_conserved().await;
}

async fn a_catalogue_with_mistakes_is_refused_whole(engine: &Engine) {
    let world = World::with(engine, Default::default()).await;
    let bad = Price { unit_price: Some(Money { currency_code: "pounds".into(), minor_units: -1 }), min_quantity: 0 };
    let item = |sku: &str, prices| CatalogueItem { sku: sku.into(), title: String::new(), prices };
    let items = vec![item("a", vec![bad]), item("a", vec![]), item("b", vec![Price::default()])];
    let refused = world.client.clone().put_catalogue(pb::PutCatalogueRequest { items }).await.unwrap_err();
    let fields: Vec<_> = fabric::status::violations(&refused).into_iter().map(|(field, _)| field).collect();
    let expected = [
        "items[0].prices[0].min_quantity",
        "items[0].prices[0].unit_price.currency_code",
        "items[0].prices[0].unit_price.minor_units",
        "items[1].sku",
        "items[1].prices",
        "items[2].prices[0].min_quantity",
        "items[2].prices[0].unit_price",
    ];
    assert_eq!(fields, expected);
    assert!(world.facts().await.is_empty());
}

async fn a_delivery_with_an_unknown_sku_is_not_taken_in_at_all_and_may_come_again(engine: &Engine) {
    let world = World::stocked(engine, &["a"]).await;
    let refused = world.receive("d", &[("a", 1), ("new", 1)]).await.unwrap_err();
    assert_eq!((refused.code(), fabric::status::info(&refused, "skus").as_deref()), (Code::NotFound, Some("new")));
    assert_eq!(world.level("a").await.received, 100);
    world.put(&["new"]).await;
    world.receive("d", &[("a", 1), ("new", 1)]).await.unwrap();
    world.receive("d", &[("a", 1), ("new", 1)]).await.unwrap();
    assert_eq!(world.level("a").await.received, 101);
    let reused = world.receive("d", &[("a", 2)]).await.unwrap_err();
    assert_eq!(reused.code(), Code::AlreadyExists);
    world.assert_conserved().await;
}

async fn a_count_corrects_what_is_on_hand_but_never_below_zero(engine: &Engine) {
    let world = World::stocked(engine, &["a"]).await;
    world.reserve("o", &[("a", 90)]).await.unwrap();
    let refused = correct(&world, "c1", "a", -11).await.unwrap_err();
    assert_eq!((refused.code(), fabric::status::info(&refused, "on_hand").as_deref()), (Code::OutOfRange, Some("10")));
    let level = correct(&world, "c2", "a", -10).await.unwrap();
    assert_eq!((level.on_hand, level.corrected), (0, -10));
    assert_eq!(correct(&world, "c2", "a", -10).await.unwrap().corrected, -10);
    assert_eq!(correct(&world, "c3", "a", 3).await.unwrap().on_hand, 3);
    assert_eq!(reason(correct(&world, "c1", "a", -11).await), "BELOW_ZERO");
    assert_eq!(reason(correct(&world, "c4", "unknown", 1).await), "SKU_NOT_FOUND");
    let nothing = correct(&world, "c5", "a", 0).await.unwrap_err();
    assert_eq!(fabric::status::violations(&nothing)[0].0, "difference");
    world.assert_conserved().await;
}

async fn all_levels_are_listed_once_page_by_page(engine: &Engine) {
    let world = World::stocked(engine, &["a", "b", "c", "d", "e"]).await;
    let (mut seen, mut token) = (Vec::new(), String::new());
    loop {
        let request = pb::ListLevelsRequest { page_size: 2, page_token: token };
        let page = world.client.clone().list_levels(request).await.unwrap().into_inner();
        seen.extend(page.levels.into_iter().map(|level| level.sku));
        token = page.next_page_token;
        if token.is_empty() {
            break;
        }
    }
    assert_eq!(seen, ["a", "b", "c", "d", "e"]);
    for (page_size, page_token) in [(0, "made up"), (-1, "")] {
        let request = pb::ListLevelsRequest { page_size, page_token: page_token.into() };
        assert_eq!(world.client.clone().list_levels(request).await.unwrap_err().code(), Code::InvalidArgument);
    }
}

async fn the_store_itself_refuses_what_would_break_the_ledger(engine: &Engine) {
    let world = World::stocked(engine, &["a"]).await;
    for forbidden in [
        "UPDATE movement SET quantity = 1",
        "DELETE FROM movement",
        "UPDATE item SET on_hand = on_hand + 1",
        "UPDATE item SET on_hand = on_hand - 101, reserved = reserved + 101",
        "INSERT INTO movement (sku, kind, came_from, quantity, reference, at) VALUES ('a', 'receive', '', -1, 'r', 0)",
    ] {
        let tried = world.service.store().unit(forbidden, |tx, sql| Box::pin(tx.execute_unprepared(sql))).await;
        assert!(tried.is_err(), "{forbidden}");
    }
    world.assert_conserved().await;
}

}
