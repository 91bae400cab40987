//! Reading shipments.

use crate::world::{World, creating, reason};
use api::{
    inventory::v1::StockLine,
    shipping::v1::{self as pb},
};
use engines::on_both_engines;
use tonic::Code;

on_both_engines! { #[tokio::test(start_paused = true)]

async fn all_shipments_are_listed_once_newest_first(engine: &Engine) {
    let world = World::new(engine).await;
    for order in ["a", "b", "c", "d", "e"] {
        world.create(order).await.unwrap();
    }
    let (mut seen, mut token) = (Vec::new(), String::new());
    loop {
        let request = pb::ListShipmentsRequest { page_size: 2, page_token: token, order_id: String::new() };
        let page = world.client.clone().list_shipments(request).await.unwrap().into_inner();
        seen.extend(page.shipments.into_iter().map(|shipment| shipment.order_id));
        token = page.next_page_token;
        if token.is_empty() {
            break;
        }
    }
    assert_eq!(seen, ["e", "d", "c", "b", "a"]);
    let one = pb::ListShipmentsRequest { order_id: "c".into(), ..Default::default() };
    assert_eq!(world.client.clone().list_shipments(one).await.unwrap().into_inner().shipments.len(), 1);
}

async fn page_tokens_that_were_made_up_or_are_of_another_filter_are_refused(engine: &Engine) {
    let world = World::new(engine).await;
    world.create("a").await.unwrap();
    world.create("b").await.unwrap();
    let request = pb::ListShipmentsRequest { page_size: 1, ..Default::default() };
    let token = world.client.clone().list_shipments(request).await.unwrap().into_inner().next_page_token;
    for (page_token, order_id) in [("made up".to_owned(), ""), (token, "a")] {
        let request = pb::ListShipmentsRequest { page_size: 1, page_token, order_id: order_id.into() };
        assert_eq!(world.client.clone().list_shipments(request).await.unwrap_err().code(), Code::InvalidArgument);
    }
}

async fn one_shipment_is_got_by_its_identifier(engine: &Engine) {
    let world = World::new(engine).await;
    let made = world.create("o").await.unwrap();
    let get = |shipment_id: &str| pb::GetShipmentRequest { shipment_id: shipment_id.into() };
    let got = world.client.clone().get_shipment(get(&made.shipment_id)).await.unwrap().into_inner().shipment;
    assert_eq!(got, Some(made));
    assert_eq!(reason(world.client.clone().get_shipment(get("none")).await), "SHIPMENT_NOT_FOUND");
    assert_eq!(world.client.clone().get_shipment(get("")).await.unwrap_err().code(), Code::InvalidArgument);
}

async fn what_is_wrong_with_a_request_is_named_field_by_field(engine: &Engine) {
    let world = World::new(engine).await;
    let line = StockLine { sku: String::new(), quantity: 0 };
    let request = pb::CreateShipmentRequest {
        request_id: "\n".into(),
        order_id: String::new(),
        lines: vec![line],
        ..creating("o", 0)
    };
    let refused = world.client.clone().create_shipment(request).await.unwrap_err();
    let fields: Vec<_> = fabric::status::violations(&refused).into_iter().map(|(field, _)| field).collect();
    assert_eq!(fields, ["request_id", "order_id", "lines[0].sku", "lines[0].quantity", "step.attempt"]);
}

}
