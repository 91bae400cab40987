//! What is worth a mail, and when a mail that failed is tried again: pure rules, no I/O.

use ambient::Timestamp;
use api::{
    order::v1::{OrderChanged, OrderState},
    types::Money,
};
use std::time::Duration;

/// What a mail tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Template {
    Confirmed,
    Shipped,
    Completed,
    Declined,
    OutOfStock,
    Cancelled,
    Refunded,
    Delayed,
    Returned,
}

impl Template {
    pub const ALL: [Self; 9] = [
        Self::Confirmed,
        Self::Shipped,
        Self::Completed,
        Self::Declined,
        Self::OutOfStock,
        Self::Cancelled,
        Self::Refunded,
        Self::Delayed,
        Self::Returned,
    ];

    /// Its name in the store, in the API and in the folder of templates.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Confirmed => "confirmed",
            Self::Shipped => "shipped",
            Self::Completed => "completed",
            Self::Declined => "declined",
            Self::OutOfStock => "out_of_stock",
            Self::Cancelled => "cancelled",
            Self::Refunded => "refunded",
            Self::Delayed => "delayed",
            Self::Returned => "returned",
        }
    }

    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|template| template.name() == name)
    }
}

/// One mail as the store keeps it: what the template is filled from.
#[derive(Clone, Debug, PartialEq)]
pub struct Letter {
    /// The event that it tells of; its Message-ID comes from it, so that a repeat is recognised as one.
    pub event_id: String,
    pub order_id: String,
    pub template: Template,
    /// Where it goes. Never shown, logged or traced.
    pub recipient: String,
    /// Total of the order, or what was refunded.
    pub amount: Money,
    /// As in `OrderChange.cause`.
    pub cause: String,
    /// The time of the event, and so of the mail.
    pub at: Timestamp,
    /// How often delivery was tried.
    pub attempts: i64,
}

/// An event that this version cannot understand.
#[derive(Debug, PartialEq, thiserror::Error)]
pub enum Unclear {
    #[error("the change itself is missing")]
    NoChange,
    #[error("order state {0} is not known to this version")]
    State(i32),
}

/// Which mail, if any, an order's change is worth.
pub fn worth_telling(event: &OrderChanged) -> Result<Option<Template>, Unclear> {
    let change = event.change.as_ref().ok_or(Unclear::NoChange)?;
    let known = |state| OrderState::try_from(state).map_err(|_| Unclear::State(state));
    let (from, to) = (known(change.from_state)?, known(change.state)?);
    if event.email.is_empty() {
        return Ok(None);
    }
    if event.refunded.is_some() {
        return Ok(Some(Template::Returned)); // the change by which items came back
    }
    if from == to {
        return Ok(None);
    }
    Ok(match to {
        OrderState::Confirmed => Some(Template::Confirmed),
        OrderState::Shipped => Some(Template::Shipped),
        OrderState::Declined => Some(Template::Declined),
        OrderState::OutOfStock => Some(Template::OutOfStock),
        OrderState::Cancelled => Some(Template::Cancelled),
        OrderState::Refunded => Some(Template::Refunded),
        OrderState::NeedsAttention => Some(Template::Delayed),
        // Who has the parcel in hand needs no mail about it; who was told of trouble is told of its end.
        OrderState::Completed if from == OrderState::NeedsAttention => Some(Template::Completed),
        OrderState::Unspecified
        | OrderState::Received
        | OrderState::Paying
        | OrderState::Reserving
        | OrderState::Completed
        | OrderState::Refunding => None,
    })
}

/// What a mail of this template speaks of: what was given back for a return, the order's total otherwise.
pub fn amount(template: Template, event: &OrderChanged) -> Money {
    let amount = if template == Template::Returned { &event.refunded } else { &event.total };
    amount.clone().unwrap_or_default()
}

/// When to try again.
#[derive(Clone, Copy, Debug)]
pub struct Backoff {
    /// Before the second attempt.
    pub first: Duration,
    /// Never longer than this.
    pub longest: Duration,
}

impl Backoff {
    /// The wait after `attempts` failed ones (1 or more): doubling up to the longest, the upper half of it by chance
    /// (0 ≤ `chance` < 1), so that mails which failed together do not return together.
    pub fn wait(&self, attempts: i64, chance: f64) -> Duration {
        let doublings = u32::try_from(attempts.saturating_sub(1)).unwrap_or(0).min(20);
        let whole = self.first.saturating_mul(1 << doublings).min(self.longest);
        whole.mul_f64(0.5 + chance / 2.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use api::order::v1::OrderChange;

    fn change(from: OrderState, to: OrderState) -> OrderChanged {
        OrderChanged {
            email: "ada@example.com".into(),
            change: Some(OrderChange { from_state: from.into(), state: to.into(), ..Default::default() }),
            ..Default::default()
        }
    }

    #[test]
    fn a_customer_hears_of_what_matters_to_them_and_of_nothing_else() {
        use OrderState::*;
        let told = |from, to| worth_telling(&change(from, to)).unwrap();
        assert_eq!(told(Reserving, Confirmed), Some(Template::Confirmed));
        assert_eq!(told(Confirmed, Shipped), Some(Template::Shipped));
        assert_eq!(told(Refunding, Refunded), Some(Template::Refunded));
        assert_eq!(told(Paying, NeedsAttention), Some(Template::Delayed));
        assert_eq!(told(Unspecified, Received), None);
        assert_eq!(told(Received, Paying), None);
        assert_eq!(told(Confirmed, Refunding), None);
        assert_eq!(told(Shipped, Shipped), None);
    }

    #[test]
    fn completion_is_told_only_to_those_who_were_told_of_trouble() {
        assert_eq!(worth_telling(&change(OrderState::Shipped, OrderState::Completed)), Ok(None));
        let resolved = change(OrderState::NeedsAttention, OrderState::Completed);
        assert_eq!(worth_telling(&resolved), Ok(Some(Template::Completed)));
    }

    #[test]
    fn a_return_is_told_with_what_was_given_back_for_it() {
        let mut event = change(OrderState::Completed, OrderState::Completed);
        event.total = Some(Money { currency_code: "GBP".into(), minor_units: 5_000 });
        event.refunded = Some(Money { currency_code: "GBP".into(), minor_units: 1_200 });
        assert_eq!(worth_telling(&event), Ok(Some(Template::Returned)));
        assert_eq!(amount(Template::Returned, &event).minor_units, 1_200);
        assert_eq!(amount(Template::Refunded, &event).minor_units, 5_000);
    }

    #[test]
    fn without_an_address_nothing_is_told() {
        let event = OrderChanged { email: String::new(), ..change(OrderState::Reserving, OrderState::Confirmed) };
        assert_eq!(worth_telling(&event), Ok(None));
    }

    #[test]
    fn a_state_of_a_later_version_is_unclear_rather_than_untold() {
        let mut event = change(OrderState::Reserving, OrderState::Confirmed);
        event.change.as_mut().unwrap().state = 99;
        assert_eq!(worth_telling(&event), Err(Unclear::State(99)));
        assert_eq!(worth_telling(&OrderChanged::default()), Err(Unclear::NoChange));
    }

    #[test]
    fn waits_double_up_to_the_longest_and_scatter() {
        let backoff = Backoff { first: Duration::from_secs(5), longest: Duration::from_secs(60) };
        assert_eq!(backoff.wait(1, 0.0), Duration::from_millis(2_500));
        assert_eq!(backoff.wait(3, 0.0), Duration::from_secs(10));
        assert_eq!(backoff.wait(1_000, 0.0), Duration::from_secs(30));
        assert!(backoff.wait(1_000, 0.999) < Duration::from_secs(60));
    }

    #[test]
    fn every_template_is_found_by_its_name() {
        assert!(Template::ALL.into_iter().all(|template| Template::named(template.name()) == Some(template)));
        assert_eq!(Template::named("unheard_of"), None);
    }
}
