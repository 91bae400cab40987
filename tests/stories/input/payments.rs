//! Bad input to payments.

use super::{Cases, fields, long, money};
use api::{
    order::v1::{Payment, PaymentMethod},
    payment::v1::{
        AuthoriseRequest, CaptureRequest, ChargeRequest, GetPaymentRequest, ListPaymentsRequest, RefundRequest,
        VoidRequest,
    },
    types::StepRef,
};
use outrigger_tests::{World, basket, pence, story};
use tonic::Code;

fn step(saga: &str, step: &str, attempt: i32) -> Option<StepRef> {
    Some(StepRef { saga: saga.into(), step: step.into(), attempt })
}

fn authorise(spoil: impl FnOnce(&mut AuthoriseRequest)) -> AuthoriseRequest {
    let payment = Some(Payment { method: PaymentMethod::Card.into(), token: "tok_ok".into() });
    let mut request = AuthoriseRequest {
        request_id: "bad".into(),
        order_id: "O".into(),
        amount: Some(pence(100)),
        payment,
        step: step("O", "pay", 1),
    };
    spoil(&mut request);
    request
}

fn charge(spoil: impl FnOnce(&mut ChargeRequest)) -> ChargeRequest {
    let AuthoriseRequest { request_id, order_id, amount, step, .. } = authorise(|_| {});
    let payment = Some(Payment { method: PaymentMethod::Wallet.into(), token: "tok_ok".into() });
    let mut request = ChargeRequest { request_id, order_id, amount, payment, step };
    spoil(&mut request);
    request
}

fn void(spoil: impl FnOnce(&mut VoidRequest)) -> VoidRequest {
    let mut request = VoidRequest { request_id: "bad".into(), undoes: step("O", "pay", 0), order_id: "O".into() };
    spoil(&mut request);
    request
}

fn refund(payment_id: &str, spoil: impl FnOnce(&mut RefundRequest)) -> RefundRequest {
    let mut request = RefundRequest {
        request_id: "bad".into(),
        payment_id: payment_id.into(),
        amount: Some(pence(1)),
        reason: "broken".into(),
        step: None,
    };
    spoil(&mut request);
    request
}

story! {
    async fn a_payment_that_makes_no_sense_is_refused_naming_each_field(world: World) {
        let mut cases = Cases::default();
        let spoilt: Vec<(&str, AuthoriseRequest)> = vec![
            ("request_id", authorise(|r| r.request_id.clear())),
            ("request_id", authorise(|r| r.request_id = "x".repeat(129))),
            ("request_id", authorise(|r| r.request_id = "a\nb".into())),
            ("order_id", authorise(|r| r.order_id.clear())),
            ("order_id", authorise(|r| r.order_id = long())),
            ("amount", authorise(|r| r.amount = None)),
            ("amount", authorise(|r| r.amount = Some(pence(0)))),
            ("amount", authorise(|r| r.amount = Some(pence(-5)))),
            ("amount", authorise(|r| r.amount = Some(pence(i64::MIN)))),
            ("amount", authorise(|r| r.amount = Some(money("pounds", 5)))),
            ("amount", authorise(|r| r.amount = Some(money("", 5)))),
            ("payment", authorise(|r| r.payment = None)),
            ("payment.method", authorise(|r| r.payment.as_mut().unwrap().method = 0)),
            ("payment.method", authorise(|r| r.payment.as_mut().unwrap().method = 99)),
            ("payment.method", authorise(|r| r.payment.as_mut().unwrap().method = PaymentMethod::Wallet.into())),
            ("payment.token", authorise(|r| r.payment.as_mut().unwrap().token.clear())),
            ("payment.token", authorise(|r| r.payment.as_mut().unwrap().token = long())),
            ("step.saga", authorise(|r| r.step = step("", "pay", 1))),
            ("step.step", authorise(|r| r.step = step("O", "", 1))),
            ("step.step", authorise(|r| r.step = step("O", &long(), 1))),
            ("step.attempt", authorise(|r| r.step = step("O", "pay", 0))),
            ("step.attempt", authorise(|r| r.step = step("O", "pay", -1))),
        ];
        for (field, request) in spoilt {
            cases.invalid("Authorise", world.payments().authorise(request).await, field);
        }
        let spoilt: Vec<(&str, ChargeRequest)> = vec![
            ("request_id", charge(|r| r.request_id.clear())),
            ("order_id", charge(|r| r.order_id.clear())),
            ("amount", charge(|r| r.amount = None)),
            ("amount", charge(|r| r.amount = Some(pence(0)))),
            ("payment", charge(|r| r.payment = None)),
            ("payment.method", charge(|r| r.payment.as_mut().unwrap().method = PaymentMethod::Card.into())),
            ("payment.method", charge(|r| r.payment.as_mut().unwrap().method = -1)),
            ("payment.token", charge(|r| r.payment.as_mut().unwrap().token.clear())),
            ("step.attempt", charge(|r| r.step = step("O", "pay", 0))),
        ];
        for (field, request) in spoilt {
            cases.invalid("Charge", world.payments().charge(request).await, field);
        }
        let all = authorise(|r| *r = AuthoriseRequest::default());
        let found = fields(&world.payments().authorise(all).await.unwrap_err());
        assert!(found.len() >= 4, "all of them at once: {found:?}");
        cases.all_are_refused();
        let listed = world.payments().list_payments(ListPaymentsRequest::default()).await.unwrap().into_inner();
        assert_eq!(listed.payments.len(), 0, "nothing is written");
    }
}

story! {
    async fn what_undoes_or_gives_back_must_say_what(world: World) {
        world.stock([("MUG", 10)]).await;
        let order = world.place(basket([("MUG", 1)])).await;
        let order = world.settled(&order).await;
        let id = order.payment_id.as_str();
        let mut payments = world.payments();
        let mut cases = Cases::default();
        for (field, request) in [
            ("request_id", void(|r| r.request_id.clear())),
            ("order_id", void(|r| r.order_id.clear())),
            ("undoes", void(|r| r.undoes = None)),
            ("undoes.saga", void(|r| r.undoes = step("", "pay", 0))),
            ("undoes.step", void(|r| r.undoes = step("O", "", 0))),
            ("undoes.attempt", void(|r| r.undoes = step("O", "pay", 1))),
        ] {
            cases.invalid("Void", payments.void(request).await, field);
        }
        for (field, request) in [
            ("request_id", refund(id, |r| r.request_id.clear())),
            ("payment_id", refund("", |_| {})),
            ("payment_id", refund(&long(), |_| {})),
            ("amount", refund(id, |r| r.amount = None)),
            ("amount", refund(id, |r| r.amount = Some(pence(0)))),
            ("amount", refund(id, |r| r.amount = Some(pence(-1)))),
            ("amount", refund(id, |r| r.amount = Some(money("EUR", 1)))),
            ("reason", refund(id, |r| r.reason = long())),
            ("step.attempt", refund(id, |r| r.step = step("O", "refund", 0))),
        ] {
            cases.invalid("Refund", payments.refund(request).await, field);
        }
        let most = refund(id, |r| r.amount = Some(pence(i64::MAX)));
        cases.refused("Refund", payments.refund(most).await, Code::OutOfRange, "REFUND_EXCEEDS_CAPTURE");
        cases.refused("Refund", payments.refund(refund("nobody's", |_| {})).await, Code::NotFound, "");
        let capture = |payment_id: &str| CaptureRequest { request_id: "c".into(), payment_id: payment_id.into(), step: None };
        cases.invalid("Capture", payments.capture(capture("")).await, "payment_id");
        let keyless = CaptureRequest { request_id: String::new(), ..capture(id) };
        cases.invalid("Capture", payments.capture(keyless).await, "request_id");
        cases.refused("Capture", payments.capture(capture("nobody's")).await, Code::NotFound, "");
        let get = |payment_id: &str| GetPaymentRequest { payment_id: payment_id.into() };
        cases.invalid("GetPayment", payments.get_payment(get("")).await, "payment_id");
        cases.refused("GetPayment", payments.get_payment(get("nobody's")).await, Code::NotFound, "");
        cases.all_are_refused();
        world.audit_is_clean().await;
    }
}
