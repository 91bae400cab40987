//! Bad input to shipping.

use super::{Cases, long};
use api::{
    inventory::v1::StockLine,
    shipping::v1::{CancelShipmentRequest, CreateShipmentRequest, GetShipmentRequest, ListShipmentsRequest},
    types::StepRef,
};
use outrigger_tests::{World, story};
use tonic::Code;

fn create(spoil: impl FnOnce(&mut CreateShipmentRequest)) -> CreateShipmentRequest {
    let lines = vec![StockLine { sku: "MUG".into(), quantity: 1 }];
    let mut request =
        CreateShipmentRequest { request_id: "bad".into(), order_id: "O".into(), lines, step: step("O", 1) };
    spoil(&mut request);
    request
}

fn cancel(spoil: impl FnOnce(&mut CancelShipmentRequest)) -> CancelShipmentRequest {
    let mut request = CancelShipmentRequest { request_id: "bad".into(), order_id: "O".into(), undoes: step("O", 0) };
    spoil(&mut request);
    request
}

fn step(saga: &str, attempt: i32) -> Option<StepRef> {
    Some(StepRef { saga: saga.into(), step: "ship".into(), attempt })
}

story! {
    async fn a_shipment_that_makes_no_sense_is_refused(world: World) {
        let mut shipping = world.shipping();
        let mut cases = Cases::default();
        for (field, request) in [
            ("request_id", create(|r| r.request_id.clear())),
            ("order_id", create(|r| r.order_id.clear())),
            ("order_id", create(|r| r.order_id = long())),
            ("lines", create(|r| r.lines = vec![r.lines[0].clone(); 1_001])),
            ("lines[0].quantity", create(|r| r.lines[0].quantity = 0)),
            ("lines[0].sku", create(|r| r.lines[0].sku.clear())),
            ("step.saga", create(|r| r.step = step("", 1))),
            ("step.attempt", create(|r| r.step = step("O", 0))),
        ] {
            cases.invalid("CreateShipment", shipping.create_shipment(request).await, field);
        }
        for (field, request) in [
            ("request_id", cancel(|r| r.request_id.clear())),
            ("order_id", cancel(|r| r.order_id.clear())),
            ("undoes.saga", cancel(|r| r.undoes = step("", 0))),
            ("undoes.attempt", cancel(|r| r.undoes = step("O", 2))),
        ] {
            cases.invalid("CancelShipment", shipping.cancel_shipment(request).await, field);
        }
        let get = |id: &str| GetShipmentRequest { shipment_id: id.into() };
        cases.invalid("GetShipment", shipping.get_shipment(get("")).await, "shipment_id");
        cases.refused("GetShipment", shipping.get_shipment(get("nobody's")).await, Code::NotFound, "");
        cases.all_are_refused();
        let listed = shipping.list_shipments(ListShipmentsRequest::default()).await.unwrap().into_inner();
        assert_eq!(listed.shipments.len(), 0, "nothing is written");
    }
}
