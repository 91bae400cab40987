//! gRPC in: decodes and validates, asks the store, and answers without any recipient.

use crate::store::{self, MailRow, Place};
use ::store::{Store, StoreError};
use ambient::Timestamp;
use api::notification::v1::{
    ListMailsRequest, ListMailsResponse, Mail, MailState, notification_service_server::NotificationService,
};
use fabric::{Check, Violations, page, time::timestamp};
use std::time::Duration;
use tonic::{Code, Request, Response, Status};

const LONGEST_ID: usize = 64;

/// When to come again, where nothing better is known.
const SOON: Duration = Duration::from_secs(1);

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
    fn read(request: ListMailsRequest) -> Result<Self, Violations> {
        let mut check = Check::default();
        let size = check.page_size(request.page_size);
        check.require(request.order_id.len() <= LONGEST_ID, "order_id", "at most 64 characters");
        let after = check.page_token(&listing(&request.order_id), &request.page_token, place);
        check.done()?;
        let order_id = Some(request.order_id).filter(|id| !id.is_empty());
        Ok(Self { order_id, after, size })
    }

    /// Takes off the row that only showed that there is a further page; the token that leads there.
    fn cut(&self, rows: &mut Vec<MailRow>) -> String {
        let listing = listing(self.order_id.as_deref().unwrap_or(""));
        listing.cut(rows, self.size, |row| format!("{}|{}", row.created_at, row.event_id))
    }
}

fn listing(order_id: &str) -> page::Listing {
    page::Listing::new("ListMails", &[order_id])
}

fn place(text: String) -> Option<Place> {
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
        create_time: Some(timestamp(Timestamp::from_millis(row.created_at))),
    }
}

/// A read that failed can be made again.
fn unavailable(error: StoreError) -> Status {
    if matches!(error, StoreError::Expired) {
        return Status::deadline_exceeded(error.to_string());
    }
    if error.is_unavailable() {
        tracing::debug!(%error, "mails cannot be read");
    } else {
        tracing::error!(%error, "mails cannot be read");
    }
    let after = error.retry_after().unwrap_or(SOON);
    fabric::status::retry_later(Code::Unavailable, "the mails cannot be read at the moment", after)
}
