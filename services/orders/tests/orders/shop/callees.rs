//! Payments, inventory and shipping as scripts: they keep what was last done for an order, answer as told, and note
//! every call.

use api::{
    inventory::v1::{inventory_service_server::InventoryService, *},
    order::v1::PaymentMethod,
    payment::v1::{payment_service_server::PaymentService, *},
    shipping::v1::{shipping_service_server::ShippingService, *},
    types::{Money, StepRef},
};
use fabric::status::refusal;
use parking_lot::Mutex;
use std::{
    collections::{BTreeMap, HashMap, VecDeque},
    sync::Arc,
    time::Duration,
};
use tonic::{Code, Request, Response, Status};

/// What a call answers, half a second after it came, instead of doing it at once.
#[derive(Clone, Copy, Debug)]
pub enum Reply {
    /// FAILED_PRECONDITION with this reason.
    Refuse(&'static str),
    /// An error that says nothing of what happened; the effect is not there.
    Lost,
    /// The same, but the effect is there.
    DoneButLost,
    /// Done.
    Done,
    /// No answer at all.
    Silent,
}

/// What stands at the callees for one order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Standing {
    pub held: i64,
    pub taken: i64,
    pub given_back: i64,
    pub reserved: bool,
    pub committed: bool,
    pub restocked: i64,
    pub shipment: Option<i32>,
}

#[derive(Clone, Default)]
pub struct Callees {
    scripts: Arc<Mutex<HashMap<String, VecDeque<Reply>>>>,
    calls: Arc<Mutex<Vec<String>>>,
    standings: Arc<Mutex<BTreeMap<String, Standing>>>,
}

impl Callees {
    /// The next calls of this step ("pay", "ship/undo") answer so.
    pub fn script(&self, step: &str, replies: impl IntoIterator<Item = Reply>) {
        self.scripts.lock().entry(step.to_owned()).or_default().extend(replies);
    }

    /// As if nothing had been called or scripted yet.
    pub fn forget(&self) {
        self.calls.lock().clear();
        self.scripts.lock().clear();
    }

    /// Calls so far, by step and attempt.
    pub fn calls(&self) -> Vec<String> {
        self.calls.lock().clone()
    }

    pub fn standing(&self, order_id: &str) -> Standing {
        self.standings.lock().get(order_id).cloned().unwrap_or_default()
    }

    /// Notes the call, does `effect` unless the script says otherwise, and answers what stands then.
    async fn call(
        &self,
        request_id: &str,
        step: &StepRef,
        order_id: &str,
        effect: impl FnOnce(&mut Standing),
    ) -> Result<Standing, Status> {
        let undo = if step.attempt == 0 { "/undo".to_owned() } else { String::new() };
        let expected = match step.attempt {
            0 => format!("{}/{}/undo", step.saga, step.step),
            attempt => format!("{}/{}/{attempt}", step.saga, step.step),
        };
        assert_eq!(request_id, expected, "the key says which step and attempt it is");
        self.calls.lock().push(expected[step.saga.len() + 1..].to_owned());
        let reply = self.scripts.lock().get_mut(&format!("{}{undo}", step.step)).and_then(VecDeque::pop_front);
        let act = || {
            let mut standings = self.standings.lock();
            let standing = standings.entry(order_id.to_owned()).or_default();
            effect(standing);
            standing.clone()
        };
        if reply.is_some() {
            tokio::time::sleep(Duration::from_millis(500)).await;
        }
        match reply {
            None => Ok(act()),
            Some(Reply::Done) => Ok(act()),
            Some(Reply::Refuse(reason)) => {
                Err(refusal::<&str, &str>(Code::FailedPrecondition, reason, "the script says so", &[]))
            }
            Some(Reply::Lost) => Err(Status::internal("lost")),
            Some(Reply::DoneButLost) => {
                act();
                Err(Status::internal("lost"))
            }
            Some(Reply::Silent) => std::future::pending().await,
        }
    }
}

fn gbp(minor_units: i64) -> Option<Money> {
    Some(Money { currency_code: "GBP".into(), minor_units })
}

fn payment(order_id: &str, standing: &Standing) -> Option<Payment> {
    let state = match standing {
        Standing { taken: 0, held: 0, .. } => PaymentState::Voided,
        Standing { taken: 0, .. } => PaymentState::Authorised,
        Standing { taken, given_back, .. } if taken == given_back => PaymentState::Refunded,
        _ => PaymentState::Captured,
    };
    Some(Payment {
        payment_id: format!("pay-{order_id}"),
        order_id: order_id.to_owned(),
        state: state.into(),
        captured: gbp(standing.taken),
        refunded: gbp(standing.given_back),
        ..Payment::default()
    })
}

fn order_of(payment_id: &str) -> String {
    payment_id.trim_start_matches("pay-").to_owned()
}

type Answer<T> = Result<Response<T>, Status>;

#[tonic::async_trait]
impl PaymentService for Callees {
    async fn authorise(&self, request: Request<AuthoriseRequest>) -> Answer<AuthoriseResponse> {
        let r = request.into_inner();
        assert_eq!(r.payment.unwrap_or_default().method(), PaymentMethod::Card);
        let amount = r.amount.unwrap_or_default().minor_units;
        let step = r.step.unwrap_or_default();
        let standing = self.call(&r.request_id, &step, &r.order_id, |standing| standing.held = amount).await?;
        Ok(Response::new(AuthoriseResponse { payment: payment(&r.order_id, &standing) }))
    }

    async fn capture(&self, request: Request<CaptureRequest>) -> Answer<CaptureResponse> {
        let r = request.into_inner();
        let (order_id, step) = (order_of(&r.payment_id), r.step.unwrap_or_default());
        let standing = self.call(&r.request_id, &step, &order_id, |standing| standing.taken = standing.held).await?;
        Ok(Response::new(CaptureResponse { payment: payment(&order_id, &standing) }))
    }

    async fn charge(&self, request: Request<ChargeRequest>) -> Answer<ChargeResponse> {
        let r = request.into_inner();
        let amount = r.amount.unwrap_or_default().minor_units;
        let step = r.step.unwrap_or_default();
        let standing = self.call(&r.request_id, &step, &r.order_id, |standing| standing.taken = amount).await?;
        Ok(Response::new(ChargeResponse { payment: payment(&r.order_id, &standing) }))
    }

    async fn void(&self, request: Request<VoidRequest>) -> Answer<VoidResponse> {
        let r = request.into_inner();
        let undo = |standing: &mut Standing| (standing.held, standing.given_back) = (0, standing.taken);
        let standing = self.call(&r.request_id, &r.undoes.unwrap_or_default(), &r.order_id, undo).await?;
        Ok(Response::new(VoidResponse { payment: payment(&r.order_id, &standing) }))
    }

    async fn refund(&self, request: Request<RefundRequest>) -> Answer<RefundResponse> {
        let r = request.into_inner();
        let (order_id, step) = (order_of(&r.payment_id), r.step.unwrap_or_default());
        let amount = r.amount.unwrap_or_default().minor_units;
        let standing = self.call(&r.request_id, &step, &order_id, |standing| standing.given_back += amount).await?;
        Ok(Response::new(RefundResponse { payment: payment(&order_id, &standing) }))
    }

    async fn get_payment(&self, _: Request<GetPaymentRequest>) -> Answer<GetPaymentResponse> {
        Err(Status::unimplemented("orders never asks"))
    }

    async fn list_payments(&self, _: Request<ListPaymentsRequest>) -> Answer<ListPaymentsResponse> {
        Err(Status::unimplemented("orders never asks"))
    }

    async fn reconcile(&self, _: Request<ReconcileRequest>) -> Answer<ReconcileResponse> {
        Err(Status::unimplemented("orders never asks"))
    }
}

fn reservation(standing: &Standing) -> Option<Reservation> {
    let state = match standing {
        Standing { committed: true, .. } => ReservationState::Committed,
        Standing { reserved: true, .. } => ReservationState::Held,
        _ => ReservationState::Released,
    };
    Some(Reservation { state: state.into(), ..Reservation::default() })
}

#[tonic::async_trait]
impl InventoryService for Callees {
    async fn get_catalogue(&self, request: Request<GetCatalogueRequest>) -> Answer<GetCatalogueResponse> {
        let known = |sku: &String| !sku.starts_with("unknown");
        let price = |minor, min_quantity| Price { unit_price: gbp(minor), min_quantity };
        let item = |sku: String| CatalogueItem {
            title: format!("title of {sku}"),
            sku,
            prices: vec![price(250, 1), price(200, 10), price(0, 1)],
        };
        let items = request.into_inner().skus.into_iter().filter(known).map(item).collect();
        Ok(Response::new(GetCatalogueResponse { items }))
    }

    async fn reserve(&self, request: Request<ReserveRequest>) -> Answer<ReserveResponse> {
        let r = request.into_inner();
        let step = r.step.unwrap_or_default();
        let standing = self.call(&r.request_id, &step, &r.order_id, |standing| standing.reserved = true).await?;
        Ok(Response::new(ReserveResponse { reservation: reservation(&standing) }))
    }

    async fn commit(&self, request: Request<CommitRequest>) -> Answer<CommitResponse> {
        let r = request.into_inner();
        let step = r.step.unwrap_or_default();
        let standing = self.call(&r.request_id, &step, &r.order_id, |standing| standing.committed = true).await?;
        Ok(Response::new(CommitResponse { reservation: reservation(&standing) }))
    }

    async fn release(&self, request: Request<ReleaseRequest>) -> Answer<ReleaseResponse> {
        let r = request.into_inner();
        let undo = |standing: &mut Standing| (standing.reserved, standing.committed) = (false, false);
        let standing = self.call(&r.request_id, &r.undoes.unwrap_or_default(), &r.order_id, undo).await?;
        Ok(Response::new(ReleaseResponse { reservation: reservation(&standing) }))
    }

    async fn restock(&self, request: Request<RestockRequest>) -> Answer<RestockResponse> {
        let r = request.into_inner();
        let quantity: i64 = r.lines.iter().map(|line| line.quantity).sum();
        let step = r.step.unwrap_or_default();
        self.call(&r.request_id, &step, &r.order_id, |standing| standing.restocked += quantity).await?;
        Ok(Response::new(RestockResponse {}))
    }

    async fn put_catalogue(&self, _: Request<PutCatalogueRequest>) -> Answer<PutCatalogueResponse> {
        Err(Status::unimplemented("orders never asks"))
    }

    async fn receive_stock(&self, _: Request<ReceiveStockRequest>) -> Answer<ReceiveStockResponse> {
        Err(Status::unimplemented("orders never asks"))
    }

    async fn correct_stock(&self, _: Request<CorrectStockRequest>) -> Answer<CorrectStockResponse> {
        Err(Status::unimplemented("orders never asks"))
    }

    async fn get_levels(&self, _: Request<GetLevelsRequest>) -> Answer<GetLevelsResponse> {
        Err(Status::unimplemented("orders never asks"))
    }

    async fn list_levels(&self, _: Request<ListLevelsRequest>) -> Answer<ListLevelsResponse> {
        Err(Status::unimplemented("orders never asks"))
    }
}

#[tonic::async_trait]
impl ShippingService for Callees {
    async fn create_shipment(&self, request: Request<CreateShipmentRequest>) -> Answer<CreateShipmentResponse> {
        let r = request.into_inner();
        let create = |standing: &mut Standing| {
            standing.shipment.get_or_insert(ShipmentState::Created.into());
        };
        let standing = self.call(&r.request_id, &r.step.unwrap_or_default(), &r.order_id, create).await?;
        let shipment = Shipment {
            shipment_id: format!("ship-{}", r.order_id),
            state: standing.shipment.unwrap_or_default(),
            ..Shipment::default()
        };
        Ok(Response::new(CreateShipmentResponse { shipment: Some(shipment) }))
    }

    async fn cancel_shipment(&self, request: Request<CancelShipmentRequest>) -> Answer<CancelShipmentResponse> {
        let r = request.into_inner();
        let cancel = |standing: &mut Standing| standing.shipment = Some(ShipmentState::Cancelled.into());
        self.call(&r.request_id, &r.undoes.unwrap_or_default(), &r.order_id, cancel).await?;
        Ok(Response::new(CancelShipmentResponse { shipment: None }))
    }

    async fn get_shipment(&self, _: Request<GetShipmentRequest>) -> Answer<GetShipmentResponse> {
        Err(Status::unimplemented("orders never asks"))
    }

    async fn list_shipments(&self, _: Request<ListShipmentsRequest>) -> Answer<ListShipmentsResponse> {
        Err(Status::unimplemented("orders never asks"))
    }
}
