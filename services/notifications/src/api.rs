//! gRPC in: decodes and validates, asks the store, and answers without any recipient.

use crate::{
    store::{self, MailRow, Place},
    tokens,
};
use ::store::{Store, StoreError};
use api::notification::v1::{
    ListMailsRequest, ListMailsResponse, Mail, MailState, notification_service_server::NotificationService,
};
use tonic::{Code, Request, Response, Status};

const LARGEST_PAGE: i32 = 1_000;
const PAGE: i32 = 50;
const LONGEST_ID: usize = 64;

/// NotificationService over the store.
#[derive(Clone)]
pub struct Api {
    pub store: Store,
}

#[tonic::async_trait]
impl NotificationService for Api {
    async fn list_mails(&self, request: Request<ListMailsRequest>) -> Result<Response<ListMailsResponse>, Status> {
        let listing = Listing::read(request.into_inner())?;
        let mut rows = self
            .store
            .read(listing.clone(), |tx, Listing { order_id, after, size }| {
                Box::pin(store::list(tx, order_id.as_deref(), after.as_ref(), size + 1))
            })
            .await
            .map_err(unavailable)?;
        let next_page_token = listing.cut(&mut rows);
        Ok(Response::new(ListMailsResponse { mails: rows.into_iter().map(mail).collect(), next_page_token }))
    }
}

/// A request that makes sense.
#[derive(Clone)]
struct Listing {
    order_id: Option<String>,
    after: Option<Place>,
    size: u64,
}

impl Listing {
    fn read(request: ListMailsRequest) -> Result<Self, Status> {
        let mut wrong = Vec::new();
        if !(0..=LARGEST_PAGE).contains(&request.page_size) {
            wrong.push(("page_size", "must be 0 (for 50) to 1,000"));
        }
        if request.order_id.len() > LONGEST_ID {
            wrong.push(("order_id", "must be at most 64 characters"));
        }
        let after = match request.page_token.as_str() {
            "" => None,
            token => {
                let place = tokens::read(&name(&request.order_id), token).as_deref().and_then(place);
                if place.is_none() {
                    wrong.push(("page_token", "must be the token of the page before, with the same order_id"));
                }
                place
            }
        };
        if !wrong.is_empty() {
            return Err(fabric::status::bad_request(&wrong));
        }
        let size = if request.page_size == 0 { PAGE } else { request.page_size };
        let order_id = Some(request.order_id).filter(|id| !id.is_empty());
        Ok(Self { order_id, after, size: u64::from(size.unsigned_abs()) })
    }

    /// Takes off the row that only showed that there is a further page; the token that leads there.
    fn cut(&self, rows: &mut Vec<MailRow>) -> String {
        let size = usize::try_from(self.size).unwrap_or(usize::MAX);
        if rows.len() <= size {
            return String::new();
        }
        rows.truncate(size);
        let last = rows.last().map(|row| format!("{}|{}", row.created_at, row.event_id)).unwrap_or_default();
        tokens::issue(&name(self.order_id.as_deref().unwrap_or("")), &last)
    }
}

fn name(order_id: &str) -> String {
    format!("mails/{order_id}")
}

fn place(text: &str) -> Option<Place> {
    let (created_at, event_id) = text.split_once('|')?;
    Some(Place { created_at: created_at.parse().ok()?, event_id: event_id.into() })
}

fn mail(row: MailRow) -> Mail {
    let state = i32::try_from(row.state).ok().and_then(|state| MailState::try_from(state).ok()).unwrap_or_default();
    Mail {
        event_id: row.event_id,
        order_id: row.order_id,
        template: row.template,
        state: state.into(),
        attempts: i32::try_from(row.attempts).unwrap_or(i32::MAX),
        last_error: row.last_error,
        create_time: Some(prost_types::Timestamp {
            seconds: row.created_at.div_euclid(1_000),
            nanos: i32::try_from(row.created_at.rem_euclid(1_000) * 1_000_000).unwrap_or_default(),
        }),
    }
}

/// A read that failed can be made again.
fn unavailable(error: StoreError) -> Status {
    tracing::error!(%error, "mails cannot be read");
    Status::new(Code::Unavailable, "the mails cannot be read at the moment")
}
