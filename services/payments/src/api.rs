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
use form::Form;
use std::sync::Arc;
use tonic::{Request, Response, Status, metadata::MetadataValue};

/// Metadata of an answer that an earlier request with the same key was given, or would have been.
const REPLAYED: &str = "outrigger-replayed";

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
                let watch = if operation.key == key { watch } else { self.board.watch(&operation.key) };
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
                Err(Problem::Invalid(vec![("amount.currency_code".to_owned(), wanted)]))
            }
        }
    }

    /// Waits until an operation's outcome is known.
    async fn settled(
        &self,
        payment: Payment,
        operation: Operation,
        watch: Watch,
    ) -> Result<(Payment, Operation), Problem> {
        if operation.stage.is_settled() {
            return Ok((payment, operation));
        }
        let news = watch.news().await.ok_or(Problem::Stopping)?;
        let Settled { payment, operations, .. } = Arc::unwrap_or_clone(news);
        let ours = operations.into_iter().find(|settled| settled.key == operation.key);
        ours.map(|operation| (payment, operation)).ok_or(Problem::Stopping)
    }

    /// Withdraws a step, and waits until nothing of it is held or taken.
    async fn withdraw(&self, wish: Wish) -> Result<Answer, Problem> {
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
            Withdrawn::OtherOrder => {
                let wanted = "the order whose step it is".to_owned();
                Err(Problem::Invalid(vec![("order_id".to_owned(), wanted)]))
            }
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
            watch.news().await.ok_or(Problem::Stopping)?;
        }
        Ok(payment)
    }

    async fn get(&self, id: &str) -> Result<Payment, Problem> {
        let mut form = Form::default();
        form.id("payment_id", id);
        form.done()?;
        self.books.payment(id).await?.ok_or(Problem::NotFound)
    }

    async fn list(&self, request: ListPaymentsRequest) -> Result<ListPaymentsResponse, Problem> {
        let mut form = Form::default();
        let size = form.page_size(request.page_size);
        let order = (!request.order_id.is_empty()).then_some(request.order_id);
        let after = (!request.page_token.is_empty()).then_some(request.page_token);
        if let Some(token) = &after {
            // A page's token is its last payment; whatever else is said was never given out.
            let last = self.books.payment(token).await?;
            let given = last.is_some_and(|last| order.as_ref().is_none_or(|order| *order == last.order));
            form.check("page_token", given, "the next_page_token of the page before, with the same order_id");
        }
        form.done()?;
        let mut payments = self.books.list(Page { order, after, size: size + 1 }).await?;
        let more = payments.len() as u64 > size;
        payments.truncate(usize::try_from(size).unwrap_or(usize::MAX));
        let next_page_token = payments.last().filter(|_| more).map(|last| last.id.clone()).unwrap_or_default();
        Ok(ListPaymentsResponse { payments: payments.iter().map(message::payment).collect(), next_page_token })
    }
}

/// The answer as a response of the method.
fn respond<T>(answer: Answer, body: impl FnOnce(Option<api::payment::v1::Payment>) -> T) -> Response<T> {
    let mut response = Response::new(body(answer.payment.as_ref().map(message::payment)));
    if answer.replayed {
        response.metadata_mut().insert(REPLAYED, MetadataValue::from_static("true"));
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
