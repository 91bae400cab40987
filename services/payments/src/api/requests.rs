//! Requests into intents: what is asked for, under which key, and by which fingerprint a repetition is told from abuse.

use super::form;
use crate::{
    domain::{Kind, Method, Operation, Payment, Stage, State, Step, Token},
    error::Problem,
    store::{Intent, Wish},
};
use ambient::{Ambient, Timestamp};
use api::{
    order::v1::Payment as Means,
    payment::v1::{AuthoriseRequest, CaptureRequest, ChargeRequest, RefundRequest, VoidRequest},
    types::{Money, StepRef},
};
use fabric::Check;
use journal::once::{Fingerprint, Key};
use prost::Message;
use tonic::Request;

pub fn authorise(ambient: &Ambient, request: Request<AuthoriseRequest>) -> Result<Intent, Problem> {
    let caller = fabric::caller(&request).to_owned();
    let AuthoriseRequest { request_id, order_id, amount, payment, step } = request.into_inner();
    Opening { kind: Kind::Authorise, caller, request_id, order_id, amount, payment, step }.intent(ambient)
}

pub fn charge(ambient: &Ambient, request: Request<ChargeRequest>) -> Result<Intent, Problem> {
    let caller = fabric::caller(&request).to_owned();
    let ChargeRequest { request_id, order_id, amount, payment, step } = request.into_inner();
    Opening { kind: Kind::Charge, caller, request_id, order_id, amount, payment, step }.intent(ambient)
}

pub fn capture(ambient: &Ambient, request: Request<CaptureRequest>) -> Result<Intent, Problem> {
    let caller = fabric::caller(&request).to_owned();
    let request = request.into_inner();
    let mut check = Check::default();
    check.request_id(&request.request_id);
    form::id(&mut check, "payment_id", &request.payment_id);
    let fingerprint = Fingerprint::new()
        .field("payment_id", request.payment_id.as_bytes())
        .field("step", encoded(request.step.as_ref()));
    let step = form::step(&mut check, request.step);
    check.done()?;
    let now = ambient.now();
    let key = key(caller, Kind::Capture, request.request_id);
    let mut operation = operation(&key, Kind::Capture, step, now);
    operation.payment = request.payment_id;
    Ok(Intent { key, fingerprint, operation, opening: None, now })
}

pub fn refund(ambient: &Ambient, request: Request<RefundRequest>) -> Result<Intent, Problem> {
    let caller = fabric::caller(&request).to_owned();
    let request = request.into_inner();
    let mut check = Check::default();
    check.request_id(&request.request_id);
    form::id(&mut check, "payment_id", &request.payment_id);
    form::text(&mut check, "reason", &request.reason);
    let fingerprint = Fingerprint::new()
        .field("payment_id", request.payment_id.as_bytes())
        .field("amount", encoded(request.amount.as_ref()))
        .field("reason", request.reason.as_bytes())
        .field("step", encoded(request.step.as_ref()));
    let amount = form::amount(&mut check, request.amount);
    let step = form::step(&mut check, request.step);
    check.done()?;
    let now = ambient.now();
    let key = key(caller, Kind::Refund, request.request_id);
    let mut operation = operation(&key, Kind::Refund, step, now);
    operation.payment = request.payment_id;
    operation.amount = amount.minor_units;
    operation.currency = amount.currency_code;
    operation.note = request.reason;
    Ok(Intent { key, fingerprint, operation, opening: None, now })
}

pub fn void(ambient: &Ambient, request: Request<VoidRequest>) -> Result<Wish, Problem> {
    let caller = fabric::caller(&request).to_owned();
    let request = request.into_inner();
    let mut check = Check::default();
    check.request_id(&request.request_id);
    form::id(&mut check, "order_id", &request.order_id);
    let fingerprint = Fingerprint::new()
        .field("undoes", encoded(request.undoes.as_ref()))
        .field("order_id", request.order_id.as_bytes());
    let step = form::undoes(&mut check, request.undoes);
    check.done()?;
    Ok(Wish {
        key: key(caller, Kind::Void, request.request_id),
        fingerprint,
        saga: step.saga,
        step: step.step,
        order: request.order_id,
        trace: fabric::trace::current(),
        now: ambient.now(),
    })
}

/// What authorise and charge have in common: both open a payment.
struct Opening {
    kind: Kind,
    caller: String,
    request_id: String,
    order_id: String,
    amount: Option<Money>,
    payment: Option<Means>,
    step: Option<StepRef>,
}

impl Opening {
    fn intent(self, ambient: &Ambient) -> Result<Intent, Problem> {
        let mut check = Check::default();
        check.request_id(&self.request_id);
        form::id(&mut check, "order_id", &self.order_id);
        let fingerprint = Fingerprint::new()
            .field("order_id", self.order_id.as_bytes())
            .field("amount", encoded(self.amount.as_ref()))
            .field("payment", encoded(self.payment.as_ref()))
            .field("step", encoded(self.step.as_ref()));
        let amount = form::amount(&mut check, self.amount);
        let (method, token) = form::means(&mut check, self.payment, self.kind == Kind::Authorise);
        let step = form::step(&mut check, self.step);
        check.done()?;
        let now = ambient.now();
        let key = key(self.caller, self.kind, self.request_id);
        let payment = opened(ambient.id(), self.order_id, method, token, amount, now);
        let mut operation = operation(&key, self.kind, step, now);
        operation.payment.clone_from(&payment.id);
        operation.amount = payment.amount;
        Ok(Intent { key, fingerprint, operation, opening: Some(payment), now })
    }
}

fn opened(id: String, order: String, method: Method, token: Token, amount: Money, now: Timestamp) -> Payment {
    Payment {
        id,
        order,
        method,
        token,
        currency: amount.currency_code,
        amount: amount.minor_units,
        authorised: 0,
        captured: 0,
        refunded: 0,
        promised: 0,
        state: State::Pending,
        decline_reason: String::new(),
        withdrawn: false,
        running: None,
        queued: 0,
        version: 0,
        created: now,
        updated: now,
    }
}

/// An operation as far as any request tells. Its key at the gateway is the caller's own, so that it is the same
/// whenever and wherever the request arrives again.
fn operation(key: &Key, kind: Kind, step: Option<Step>, now: Timestamp) -> Operation {
    Operation {
        key: format!("{}/{}/{}", key.caller, key.method, key.request_id),
        payment: String::new(),
        order: String::new(),
        kind,
        amount: 0,
        currency: String::new(),
        stage: Stage::Queued,
        reason: String::new(),
        cancel: false,
        undoing: false,
        position: 0,
        step,
        note: String::new(),
        trace: fabric::trace::current(),
        created: now,
    }
}

fn key(caller: String, kind: Kind, request_id: String) -> Key {
    let method = match kind {
        Kind::Authorise => "Authorise",
        Kind::Capture => "Capture",
        Kind::Charge => "Charge",
        Kind::Refund => "Refund",
        Kind::Void | Kind::Unspecified => "Void",
    };
    Key::new(caller, method, request_id)
}

/// The canonical form of a field that is a message.
fn encoded(message: Option<&impl Message>) -> Vec<u8> {
    message.map(Message::encode_to_vec).unwrap_or_default()
}
