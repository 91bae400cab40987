//! Bad input: every field is named, and nothing is written.

use api::order::v1::{ListOrdersRequest, PlaceOrderRequest};
use outrigger_tests::{World, basket, pence, story};
use tonic::{Code, Status};
use tonic_types::StatusExt;

fn fields(status: &Status) -> Vec<String> {
    assert_eq!(status.code(), Code::InvalidArgument, "{status:?}");
    let details = status.get_details_bad_request().expect("a google.rpc.BadRequest");
    assert!(details.field_violations.iter().all(|violation| !violation.description.is_empty()));
    details.field_violations.into_iter().map(|violation| violation.field).collect()
}

/// A good request, spoilt.
fn spoilt(spoil: impl FnOnce(&mut PlaceOrderRequest)) -> PlaceOrderRequest {
    let mut request = basket([("MUG", 1), ("JUG", 1)]).request(|| "bad-1".into());
    spoil(&mut request);
    request
}

story! {
    async fn a_bad_order_is_refused_naming_each_field(world: World) {
        world.stock([("MUG", 10), ("JUG", 10)]).await;
        let cases: Vec<(&str, PlaceOrderRequest)> = vec![
            ("request_id", spoilt(|r| r.request_id.clear())),
            ("lines", spoilt(|r| r.lines.clear())),
            ("lines", spoilt(|r| r.lines = vec![r.lines[0].clone(); 1_001])),
            ("lines[1].quantity", spoilt(|r| r.lines[1].quantity = 0)),
            ("lines[1].quantity", spoilt(|r| r.lines[1].quantity = 1_000_001)),
            ("lines[0].sku", spoilt(|r| r.lines[0].sku = "NO SUCH".into())),
            ("lines[0].unit_price", spoilt(|r| r.lines[0].unit_price = Some(pence(1)))),
            ("lines[0].unit_price", spoilt(|r| r.lines[0].unit_price = None)),
            ("lines[1].unit_price", spoilt(|r| r.lines[1].unit_price.as_mut().unwrap().currency_code = "EUR".into())),
            ("payment.token", spoilt(|r| r.payment.as_mut().unwrap().token.clear())),
            ("payment.method", spoilt(|r| r.payment.as_mut().unwrap().method = 0)),
            ("customer.customer_id", spoilt(|r| r.customer.as_mut().unwrap().customer_id.clear())),
        ];
        for (field, request) in cases {
            let status = world.orders().place_order(request).await.unwrap_err();
            assert!(fields(&status).iter().any(|found| found.starts_with(field)), "{field}: {:?}", fields(&status));
        }
        let overflowing = basket([("MUG", 1)]).charge("FEE", i64::MAX).request(|| "bad-2".into());
        let status = world.orders().place_order(overflowing).await.unwrap_err();
        assert!(!fields(&status).is_empty());
        let both = spoilt(|r| {
            r.lines[0].quantity = 0;
            r.payment = None;
        });
        let found = fields(&world.orders().place_order(both).await.unwrap_err());
        assert!(found.len() >= 2, "all of them at once: {found:?}");

        let orders = world.orders().list_orders(ListOrdersRequest::default()).await.unwrap().into_inner().orders;
        assert_eq!(orders.len(), 0, "nothing is written");
        world.audit_is_clean().await;
    }
}
