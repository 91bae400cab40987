//! A world of one service: payments, hosted in this process, and a client that calls as orders does.
// Each test program uses a part of it, and what it needs for a story it may demand.
#![allow(dead_code, clippy::unwrap_used)]

mod place;

use ambient::{Ambient, Timestamp};
use api::{
    order::v1::{Payment as Means, PaymentMethod},
    payment::v1::{
        AuthoriseRequest, CaptureRequest, ChargeRequest, GetPaymentRequest, ListPaymentsRequest, Payment,
        ReconcileRequest, ReconcileResponse, RefundRequest, VoidRequest, payment_service_client::PaymentServiceClient,
    },
    types::{Money, StepRef},
};
use fabric::{Mesh, Placement, Wire};
use journal::Bus;
use outrigger_payments::{self as payments, Payments, Settings, SimulatedGateway};
pub use place::Place;
use tonic::Status;

pub struct World {
    pub ambient: Ambient,
    pub place: Place,
    pub mesh: Mesh,
    pub bus: Bus,
    pub payments: Payments,
    pub client: PaymentServiceClient<Wire>,
}

/// Most stories are about a hundred pounds.
pub const HUNDRED: i64 = 10_000;

impl World {
    pub async fn new(place: Place) -> Self {
        Self::over(place, Settings::default()).await
    }

    pub async fn over(place: Place, settings: Settings) -> Self {
        let contract = policy::Contract::from_descriptors(api::DESCRIPTORS).unwrap();
        let ambient = Ambient::seeded(7, Timestamp::from_millis(1_700_000_000_000));
        let mesh = Mesh::new(contract, ambient.clone(), Placement::InProcess);
        let bus = Bus::embedded(ambient.clone());
        let payments = payments::start(&ambient, &place.data, &mesh, &bus, settings).await.unwrap();
        let client = PaymentServiceClient::new(mesh.wire("orders", "payments"));
        Self { ambient, place, mesh, bus, payments, client }
    }

    /// Stops, and starts again over the same data.
    pub async fn restarted(self) -> Self {
        self.stop().await;
        Self::over(self.place, Settings::default()).await
    }

    /// What a folder leaves when all else is gone.
    pub fn leaves(self) -> Option<tempfile::TempDir> {
        self.place.leaves()
    }

    pub async fn payments_of(&self, order: &str) -> Vec<Payment> {
        let request = ListPaymentsRequest { order_id: order.to_owned(), ..Default::default() };
        self.client.clone().list_payments(request).await.unwrap().into_inner().payments
    }

    pub async fn stop(&self) {
        self.mesh.shutdown().await;
        self.bus.shutdown().await;
        self.payments.shutdown().await;
    }

    pub fn gateway(&self) -> &SimulatedGateway {
        self.payments.gateway()
    }

    pub async fn taken(&self, token: &str) -> i64 {
        self.gateway().taken_from(token).await.unwrap().minor_units
    }

    pub async fn held(&self, token: &str) -> i64 {
        self.gateway().held_of(token).await.unwrap().minor_units
    }

    pub async fn authorise(&self, order: &str, token: &str) -> Result<Payment, Status> {
        let answer = self.client.clone().authorise(authorisation(order, token)).await?;
        Ok(answer.into_inner().payment.unwrap())
    }

    pub async fn charge(&self, order: &str, token: &str) -> Result<Payment, Status> {
        let answer = self.client.clone().charge(charging(order, token)).await?;
        Ok(answer.into_inner().payment.unwrap())
    }

    pub async fn capture(&self, payment: &Payment) -> Result<Payment, Status> {
        let answer = self.client.clone().capture(capturing(payment)).await?;
        Ok(answer.into_inner().payment.unwrap())
    }

    pub async fn refund(&self, payment: &Payment, request: &str, minor: i64) -> Result<Payment, Status> {
        let answer = self.client.clone().refund(refunding(payment, request, minor)).await?;
        Ok(answer.into_inner().payment.unwrap())
    }

    /// Undoes the order's step "pay".
    pub async fn void(&self, order: &str) -> Result<Option<Payment>, Status> {
        Ok(self.client.clone().void(voiding(order, "pay")).await?.into_inner().payment)
    }

    pub async fn payment(&self, id: &str) -> Payment {
        let request = GetPaymentRequest { payment_id: id.to_owned() };
        self.client.clone().get_payment(request).await.unwrap().into_inner().payment.unwrap()
    }

    pub async fn reconcile(&self) -> ReconcileResponse {
        self.client.clone().reconcile(ReconcileRequest {}).await.unwrap().into_inner()
    }

    /// Ledger and gateway agree, and nothing is in doubt (I1).
    pub async fn agrees(&self) {
        let compared = self.reconcile().await;
        assert_eq!(compared.differences, [], "I1");
        assert_eq!(compared.in_doubt, 0);
    }
}

pub fn money(minor_units: i64) -> Money {
    Money { currency_code: "GBP".to_owned(), minor_units }
}

pub fn step(saga: &str, step: &str, attempt: i32) -> Option<StepRef> {
    Some(StepRef { saga: saga.to_owned(), step: step.to_owned(), attempt })
}

fn means(method: PaymentMethod, token: &str) -> Option<Means> {
    Some(Means { method: method.into(), token: token.to_owned() })
}

pub fn authorisation(order: &str, token: &str) -> AuthoriseRequest {
    AuthoriseRequest {
        request_id: format!("{order}/pay/1"),
        order_id: order.to_owned(),
        amount: Some(money(HUNDRED)),
        payment: means(PaymentMethod::Card, token),
        step: step(order, "pay", 1),
    }
}

pub fn charging(order: &str, token: &str) -> ChargeRequest {
    ChargeRequest {
        request_id: format!("{order}/pay/1"),
        order_id: order.to_owned(),
        amount: Some(money(HUNDRED)),
        payment: means(PaymentMethod::Transfer, token),
        step: step(order, "pay", 1),
    }
}

pub fn capturing(payment: &Payment) -> CaptureRequest {
    let order = &payment.order_id;
    CaptureRequest {
        request_id: format!("{order}/capture/1"),
        payment_id: payment.payment_id.clone(),
        step: step(order, "capture", 1),
    }
}

pub fn refunding(payment: &Payment, request: &str, minor: i64) -> RefundRequest {
    RefundRequest {
        request_id: request.to_owned(),
        payment_id: payment.payment_id.clone(),
        amount: Some(money(minor)),
        reason: "broken".to_owned(),
        step: None,
    }
}

pub fn voiding(order: &str, undoes: &str) -> VoidRequest {
    VoidRequest {
        request_id: format!("{order}/{undoes}/undo"),
        undoes: step(order, undoes, 0),
        order_id: order.to_owned(),
    }
}

/// The reason of a refusal.
pub fn reason<T: std::fmt::Debug>(answer: Result<T, Status>) -> String {
    fabric::status::reason(&answer.unwrap_err()).unwrap_or_default()
}
