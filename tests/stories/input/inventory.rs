//! Bad input to inventory.

use super::{Cases, long, money};
use api::{
    inventory::v1::{
        CatalogueItem, CommitRequest, CorrectStockRequest, GetCatalogueRequest, GetLevelsRequest, Price,
        PutCatalogueRequest, ReceiveStockRequest, ReleaseRequest, ReserveRequest, RestockRequest, StockLine,
    },
    types::StepRef,
};
use outrigger_tests::{World, pence, story};
use tonic::Code;

fn lines(sku: &str, quantity: i64) -> Vec<StockLine> {
    vec![StockLine { sku: sku.into(), quantity }]
}

fn item(spoil: impl FnOnce(&mut CatalogueItem)) -> PutCatalogueRequest {
    let prices = vec![Price { unit_price: Some(pence(100)), min_quantity: 1 }];
    let mut item = CatalogueItem { sku: "NEW".into(), title: "New".into(), prices };
    spoil(&mut item);
    PutCatalogueRequest { items: vec![item] }
}

fn receive(spoil: impl FnOnce(&mut ReceiveStockRequest)) -> ReceiveStockRequest {
    let mut request = ReceiveStockRequest { request_id: "bad".into(), lines: lines("MUG", 1) };
    spoil(&mut request);
    request
}

fn correct(spoil: impl FnOnce(&mut CorrectStockRequest)) -> CorrectStockRequest {
    let mut request = CorrectStockRequest {
        request_id: "bad".into(),
        sku: "MUG".into(),
        difference: 1,
        reason: "counted".into(),
        actor: "ann".into(),
    };
    spoil(&mut request);
    request
}

fn reserve(spoil: impl FnOnce(&mut ReserveRequest)) -> ReserveRequest {
    let mut request = ReserveRequest {
        request_id: "bad".into(),
        order_id: "O".into(),
        lines: lines("MUG", 1),
        hold_for: None,
        step: None,
    };
    spoil(&mut request);
    request
}

fn time(seconds: i64, nanos: i32) -> Option<prost_types::Duration> {
    Some(prost_types::Duration { seconds, nanos })
}

fn step(saga: &str, attempt: i32) -> Option<StepRef> {
    Some(StepRef { saga: saga.into(), step: "reserve".into(), attempt })
}

story! {
    async fn a_catalogue_and_stock_that_make_no_sense_are_refused(world: World) {
        world.stock([("MUG", 10)]).await;
        let mut inventory = world.inventory();
        let mut cases = Cases::default();
        for (field, request) in [
            ("items", PutCatalogueRequest::default()),
            ("items", PutCatalogueRequest { items: vec![item(|_| {}).items[0].clone(); 1_001] }),
            ("items[0].sku", item(|i| i.sku.clear())),
            ("items[0].sku", item(|i| i.sku = "x".repeat(65))),
            ("items[0].title", item(|i| i.title = long())),
            ("items[0].prices", item(|i| i.prices.clear())),
            ("items[0].prices[0].unit_price", item(|i| i.prices[0].unit_price = None)),
            ("items[0].prices[0].unit_price", item(|i| i.prices[0].unit_price = Some(pence(-1)))),
            ("items[0].prices[0].unit_price", item(|i| i.prices[0].unit_price = Some(money("gbp", 1)))),
            ("items[0].prices[0].min_quantity", item(|i| i.prices[0].min_quantity = 0)),
            ("items[0].prices[0].min_quantity", item(|i| i.prices[0].min_quantity = -1)),
        ] {
            cases.invalid("PutCatalogue", inventory.put_catalogue(request).await, field);
        }
        for (field, request) in [
            ("request_id", receive(|r| r.request_id.clear())),
            ("lines", receive(|r| r.lines.clear())),
            ("lines", receive(|r| r.lines = vec![r.lines[0].clone(); 1_001])),
            ("lines[0].quantity", receive(|r| r.lines[0].quantity = 0)),
            ("lines[0].quantity", receive(|r| r.lines[0].quantity = -1)),
            ("lines[0].quantity", receive(|r| r.lines[0].quantity = i64::MAX)),
            ("lines[0].sku", receive(|r| r.lines[0].sku.clear())),
        ] {
            cases.invalid("ReceiveStock", inventory.receive_stock(request).await, field);
        }
        let unknown = receive(|r| r.lines.extend(lines("NO SUCH", 1)));
        cases.refused("ReceiveStock", inventory.receive_stock(unknown).await, Code::NotFound, "");
        for (field, request) in [
            ("request_id", correct(|r| r.request_id.clear())),
            ("sku", correct(|r| r.sku.clear())),
            ("difference", correct(|r| r.difference = 0)),
            ("difference", correct(|r| r.difference = i64::MAX)),
            ("reason", correct(|r| r.reason.clear())),
            ("reason", correct(|r| r.reason = long())),
            ("actor", correct(|r| r.actor.clear())),
        ] {
            cases.invalid("CorrectStock", inventory.correct_stock(request).await, field);
        }
        let below = correct(|r| r.difference = -11);
        cases.refused("CorrectStock", inventory.correct_stock(below).await, Code::OutOfRange, "BELOW_ZERO");
        let unknown = correct(|r| r.sku = "NO SUCH".into());
        cases.refused("CorrectStock", inventory.correct_stock(unknown).await, Code::NotFound, "");
        let none = GetCatalogueRequest::default();
        cases.invalid("GetCatalogue", inventory.get_catalogue(none).await, "skus");
        let many = GetCatalogueRequest { skus: vec!["MUG".into(); 1_001] };
        cases.invalid("GetCatalogue", inventory.get_catalogue(many).await, "skus");
        cases.invalid("GetLevels", inventory.get_levels(GetLevelsRequest::default()).await, "skus");
        cases.all_are_refused();
        let level = world.level("MUG").await;
        assert_eq!((level.on_hand, level.received, level.corrected), (10, 10, 0), "nothing is written");
        world.audit_is_clean().await;
    }
}

story! {
    async fn a_reservation_that_makes_no_sense_is_refused(world: World) {
        world.stock([("MUG", 10)]).await;
        let mut inventory = world.inventory();
        let mut cases = Cases::default();
        for (field, request) in [
            ("request_id", reserve(|r| r.request_id.clear())),
            ("order_id", reserve(|r| r.order_id.clear())),
            ("order_id", reserve(|r| r.order_id = long())),
            ("lines", reserve(|r| r.lines.clear())),
            ("lines[0].quantity", reserve(|r| r.lines[0].quantity = 0)),
            ("lines[0].quantity", reserve(|r| r.lines[0].quantity = i64::MIN)),
            ("lines[0].sku", reserve(|r| r.lines[0].sku.clear())),
            ("hold_for", reserve(|r| r.hold_for = time(-1, 0))),
            ("hold_for", reserve(|r| r.hold_for = time(0, 0))),
            ("hold_for", reserve(|r| r.hold_for = time(i64::MAX, 0))),
            ("hold_for", reserve(|r| r.hold_for = time(i64::MIN, i32::MIN))),
            ("hold_for", reserve(|r| r.hold_for = time(1, -1))),
            ("step.saga", reserve(|r| r.step = step("", 1))),
            ("step.attempt", reserve(|r| r.step = step("O", 0))),
        ] {
            cases.invalid("Reserve", inventory.reserve(request).await, field);
        }
        let commit = |request_id: &str, order_id: &str| CommitRequest {
            request_id: request_id.into(),
            order_id: order_id.into(),
            step: None,
        };
        cases.invalid("Commit", inventory.commit(commit("", "O")).await, "request_id");
        cases.invalid("Commit", inventory.commit(commit("c", "")).await, "order_id");
        cases.refused("Commit", inventory.commit(commit("c", "nobody's")).await, Code::FailedPrecondition, "NOT_RESERVED");
        let release = |request_id: &str, order_id: &str, undoes: Option<StepRef>| ReleaseRequest {
            request_id: request_id.into(),
            order_id: order_id.into(),
            undoes,
        };
        cases.invalid("Release", inventory.release(release("", "O", None)).await, "request_id");
        cases.invalid("Release", inventory.release(release("r", "", None)).await, "order_id");
        cases.invalid("Release", inventory.release(release("r", "O", step("O", 1))).await, "undoes.attempt");
        let restock = |request_id: &str, order_id: &str, lines: Vec<StockLine>| RestockRequest {
            request_id: request_id.into(),
            order_id: order_id.into(),
            lines,
            step: None,
        };
        cases.invalid("Restock", inventory.restock(restock("", "O", lines("MUG", 1))).await, "request_id");
        cases.invalid("Restock", inventory.restock(restock("r", "", lines("MUG", 1))).await, "order_id");
        cases.invalid("Restock", inventory.restock(restock("r", "O", Vec::new())).await, "lines");
        cases.invalid("Restock", inventory.restock(restock("r", "O", lines("MUG", -1))).await, "lines[0].quantity");
        cases.all_are_refused();
        let level = world.level("MUG").await;
        assert_eq!((level.on_hand, level.reserved), (10, 0), "nothing is written");
        world.audit_is_clean().await;
    }
}
