//! Bad input: every field is named, and nothing is written. The orders' own cases are here, those of the other services
//! and of the lists in files of their own.

mod inventory;
mod lists;
mod orders;
mod payments;
mod shipping;

use api::{
    order::v1::{ListOrdersRequest, PlaceOrderRequest},
    types::Money,
};
use outrigger_tests::{World, basket, pence, story};
use tonic::{Code, Response, Status};
use tonic_types::StatusExt;

fn fields(status: &Status) -> Vec<String> {
    assert_eq!(status.code(), Code::InvalidArgument, "{status:?}");
    let details = status.get_details_bad_request().expect("a google.rpc.BadRequest");
    assert!(details.field_violations.iter().all(|violation| !violation.description.is_empty()));
    details.field_violations.into_iter().map(|violation| violation.field).collect()
}

/// A text longer than any field takes.
fn long() -> String {
    "x".repeat(5_000)
}

/// Money in a currency's name of one's own.
fn money(currency: &str, minor_units: i64) -> Money {
    Money { currency_code: currency.into(), minor_units }
}

/// What is refused, and by which field. All cases are tried before any is complained of.
#[derive(Default)]
struct Cases(Vec<String>);

impl Cases {
    /// The answer must be INVALID_ARGUMENT, and name `field` or a part of it.
    fn invalid<T>(&mut self, what: &str, answer: Result<Response<T>, Status>, field: &str) {
        let complaint = match answer {
            Ok(_) => "was taken".to_owned(),
            Err(status) if status.code() != Code::InvalidArgument => format!("{status:?}"),
            Err(status) => match fields(&status) {
                found if found.iter().any(|found| found.starts_with(field)) => return,
                found => format!("names {found:?}"),
            },
        };
        self.0.push(format!("{what}: {field}: {complaint}"));
    }

    /// The answer must be this code, with this reason, if one is documented.
    fn refused<T>(&mut self, what: &str, answer: Result<Response<T>, Status>, code: Code, reason: &str) {
        let complaint = match answer {
            Ok(_) => "was taken".to_owned(),
            Err(status) if status.code() == code && (reason.is_empty() || says(&status, reason)) => return,
            Err(status) => format!("{status:?}"),
        };
        self.0.push(format!("{what}: {code:?} {reason}: {complaint}"));
    }

    fn all_are_refused(self) {
        assert!(self.0.is_empty(), "{}", self.0.join("\n"));
    }
}

fn says(status: &Status, reason: &str) -> bool {
    status.get_details_error_info().is_some_and(|info| info.reason == reason)
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
        let all = spoilt(|r| r.lines = vec![api::order::v1::OrderLine { quantity: 0, ..r.lines[0].clone() }; 1_000]);
        let status = world.orders().place_order(all).await.unwrap_err();
        assert!(fields(&status).len() > 50, "as many as an answer can carry: {status:?}");
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
