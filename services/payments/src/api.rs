//! gRPC in: decode and validate, hand the intent to the books, wait for the word, answer.

mod form;
mod requests;

use crate::{
    board::{Board, Watch},
    domain::{Operation, Payment},
    error::Problem,
    gateway::Gateway,
    message,
    reconcile::reconcile,
    store::{Books, Intake, Intent, Page, Settled, Wish, Withdrawn},
};
use ambient::Ambient;
use api::payment::v1::{
    AuthoriseRequest, AuthoriseResponse, CaptureRequest, CaptureResponse, ChargeRequest, ChargeResponse,
    GetPaymentRequest, GetPaymentResponse, ListPaymentsRequest, ListPaymentsResponse, ReconcileRequest,
    ReconcileResponse, RefundRequest, RefundResponse, VoidRequest, VoidResponse,
    payment_service_server::PaymentService,
};
use fabric::{
    Check, Violations,
    page::Listing,
    replay,
    trace::{annotate, names},
};
use std::{sync::Arc, time::Duration};
use tokio::time::timeout;
use tonic::{Request, Response, Status};

/// How long to wait for word of an operation before the books are looked into.
const LOOK: Duration = Duration::from_secs(5);

/// The service's gRPC side.
#[derive(Clone)]
pub struct Api {
    pub books: Books,
    pub board: Arc<Board>,
    pub gateway: Arc<dyn Gateway>,
    pub ambient: Ambient,
}

/// A payment to answer with, and whether the request was a repetition.
struct Answer {
    payment: Option<Payment>,
    replayed: bool,
}

impl Api {
    /// Intent first; then the handler only waits, and may be dropped at any moment.
    async fn operate(&self, intent: Intent) -> Result<Answer, Problem> {
        // Before the unit: what it starts may be settled before it returns here.
        let watch = self.board.watch(&intent.operation.key);
        let key = intent.operation.key.clone();
        match self.books.intend(intent).await? {
            Intake::Known { payment, operation, replayed } => {
                annotate(names::ORDER_ID, &payment.order);
                let watch = (operation.key == key).then_some(watch);
                let (payment, operation) = self.settled(*payment, *operation, watch).await?;
                match Problem::of(&operation) {
                    Some(problem) => Err(problem),
                    None => Ok(Answer { payment: Some(payment), replayed }),
                }
            }
            Intake::Conflict { field } => Err(Problem::Reused { field }),
            Intake::Undone => Err(Problem::StepUndone),
            Intake::Stale => Err(Problem::StepStale),
            Intake::NoPayment => Err(Problem::NotFound),
            Intake::OtherCurrency { expected } => {
                let wanted = format!("the payment is in {expected}");
                Err(Violations::one("amount.currency_code", wanted).into())
            }
        }
    }

    /// Waits until an operation's outcome is known. `watch` began before it was read; without one it is read again.
    async fn settled(
        &self,
        mut payment: Payment,
        mut operation: Operation,
        mut watch: Option<Watch>,
    ) -> Result<(Payment, Operation), Problem> {
        while !operation.stage.is_settled() {
            let Some(watching) = watch.take() else {
                watch = Some(self.board.watch(&operation.key));
                operation = self.books.operation(&operation.key).await?.ok_or(Problem::NotFound)?;
                payment = self.books.payment(&operation.payment).await?.ok_or(Problem::NotFound)?;
                continue;
            };
            // Word may be missing, when the answer to a commit was lost: then the books are looked into.
            let Ok(news) = timeout(LOOK, watching.news()).await else { continue };
            let Settled { payment, operations, .. } = Arc::unwrap_or_clone(news.ok_or(Problem::Stopping)?);
            let ours = operations.into_iter().find(|settled| settled.key == operation.key);
            return ours.map(|operation| (payment, operation)).ok_or(Problem::Stopping);
        }
        Ok((payment, operation))
    }

    /// Withdraws a step, and waits until nothing of it is held or taken.
    async fn withdraw(&self, wish: Wish) -> Result<Answer, Problem> {
        annotate(names::ORDER_ID, &wish.order);
        match self.books.withdraw(wish).await? {
            Withdrawn::Standing { payments, replayed } => {
                let mut last = None;
                for payment in payments {
                    last = Some(self.at_rest(payment).await?);
                }
                Ok(Answer { payment: last, replayed })
            }
            Withdrawn::Conflict { field } => Err(Problem::Reused { field }),
            Withdrawn::NotUndoable => Err(Problem::NotUndoable),
            Withdrawn::OtherOrder => Err(Violations::one("order_id", "the order whose step it is").into()),
        }
    }

    async fn at_rest(&self, mut payment: Payment) -> Result<Payment, Problem> {
        while !payment.at_rest() {
            let watch = self.board.watch(&payment.id);
            // Read after the watch began: nothing falls in between.
            payment = self.books.payment(&payment.id).await?.ok_or(Problem::NotFound)?;
            if payment.at_rest() {
                break;
            }
            if payment.running.is_none() {
                // What was to be given back was declined; the next void tries again.
                return Err(Problem::Declined(payment.decline_reason));
            }
            if let Ok(None) = timeout(LOOK, watch.news()).await {
                return Err(Problem::Stopping);
            }
        }
        Ok(payment)
    }

    async fn get(&self, id: &str) -> Result<Payment, Problem> {
        let mut check = Check::default();
        form::id(&mut check, "payment_id", id);
        check.done()?;
        self.books.payment(id).await?.ok_or(Problem::NotFound)
    }

    async fn list(&self, request: ListPaymentsRequest) -> Result<ListPaymentsResponse, Problem> {
        let listing = Listing::new("ListPayments", &[&request.order_id]);
        let mut check = Check::default();
        form::text(&mut check, "order_id", &request.order_id);
        let size = check.page_size(request.page_size);
        let after = check.page_token(&listing, &request.page_token, Some);
        check.done()?;
        let order = (!request.order_id.is_empty()).then_some(request.order_id);
        let mut payments = self.books.list(Page { order, after, size: size + 1 }).await?;
        let next_page_token = listing.cut(&mut payments, size, |payment| payment.id.clone());
        Ok(ListPaymentsResponse { payments: payments.iter().map(message::payment).collect(), next_page_token })
    }
}

/// The answer as a response of the method.
fn respond<T>(answer: Answer, body: impl FnOnce(Option<api::payment::v1::Payment>) -> T) -> Response<T> {
    let mut response = Response::new(body(answer.payment.as_ref().map(message::payment)));
    if answer.replayed {
        replay::mark(response.metadata_mut());
    }
    response
}

#[tonic::async_trait]
impl PaymentService for Api {
    async fn authorise(&self, request: Request<AuthoriseRequest>) -> Result<Response<AuthoriseResponse>, Status> {
        let answer = self.operate(requests::authorise(&self.ambient, request)?).await?;
        Ok(respond(answer, |payment| AuthoriseResponse { payment }))
    }

    async fn capture(&self, request: Request<CaptureRequest>) -> Result<Response<CaptureResponse>, Status> {
        let answer = self.operate(requests::capture(&self.ambient, request)?).await?;
        Ok(respond(answer, |payment| CaptureResponse { payment }))
    }

    async fn charge(&self, request: Request<ChargeRequest>) -> Result<Response<ChargeResponse>, Status> {
        let answer = self.operate(requests::charge(&self.ambient, request)?).await?;
        Ok(respond(answer, |payment| ChargeResponse { payment }))
    }

    async fn void(&self, request: Request<VoidRequest>) -> Result<Response<VoidResponse>, Status> {
        let answer = self.withdraw(requests::void(&self.ambient, request)?).await?;
        Ok(respond(answer, |payment| VoidResponse { payment }))
    }

    async fn refund(&self, request: Request<RefundRequest>) -> Result<Response<RefundResponse>, Status> {
        let answer = self.operate(requests::refund(&self.ambient, request)?).await?;
        Ok(respond(answer, |payment| RefundResponse { payment }))
    }

    async fn get_payment(&self, request: Request<GetPaymentRequest>) -> Result<Response<GetPaymentResponse>, Status> {
        let payment = self.get(&request.get_ref().payment_id).await?;
        Ok(Response::new(GetPaymentResponse { payment: Some(message::payment(&payment)) }))
    }

    async fn list_payments(
        &self,
        request: Request<ListPaymentsRequest>,
    ) -> Result<Response<ListPaymentsResponse>, Status> {
        Ok(Response::new(self.list(request.into_inner()).await?))
    }

    async fn reconcile(&self, _: Request<ReconcileRequest>) -> Result<Response<ReconcileResponse>, Status> {
        let compared = reconcile(&self.books, &*self.gateway).await.map_err(Problem::from)?;
        Ok(Response::new(compared))
    }
}
