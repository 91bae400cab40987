//! Who buys what, and what goes wrong: every way in which an order can end, each told by somebody.

use super::goods::goods;
use api::order::v1::{
    ChargeLine, Customer, FailureAction, FailurePolicy, OrderLine, Payment, PaymentMethod, PlaceOrderRequest,
    Resolution, WaitFor,
};
use payments::tokens;
use std::time::Duration;

/// One customer's order, and what happens to it.
#[derive(Clone, Copy, Debug)]
pub struct Story {
    pub who: &'static str,
    /// What it shows.
    pub shows: &'static str,
    pub lines: &'static [(&'static str, i64)],
    /// Code, title, pence.
    pub charges: &'static [(&'static str, &'static str, i64)],
    pub method: PaymentMethod,
    pub token: &'static str,
    pub on_failure: Answer,
    pub then: Act,
}

/// The order's own answer to a step that cannot go on.
#[derive(Clone, Copy, Debug)]
pub enum Answer {
    /// The shop's.
    Default,
    Refund,
    /// For so long, then refund.
    Retry(Duration),
    Hold,
}

/// What somebody does besides ordering.
#[derive(Clone, Copy, Debug)]
pub enum Act {
    Nothing,
    /// Sends the same order again, as clients do that heard no answer.
    PlaceAgain,
    /// Cancels as soon as it is recorded.
    CancelAtOnce,
    /// Cancels once it is paid for.
    CancelWhenConfirmed,
    /// Cancels once the carrier has it: too late.
    CancelWhenShipped,
    /// Sends so many of the first line back once it has arrived.
    SendBack(i64),
    /// So many of the first line come in after a while.
    Delivery {
        quantity: i64,
        after: Duration,
    },
    /// An operator answers when it is parked; so many of the first line come in before.
    Resolve {
        resolution: Resolution,
        note: &'static str,
        delivery: i64,
    },
}

const PLAIN: Story = Story {
    who: "",
    shows: "",
    lines: &[],
    charges: &[],
    method: PaymentMethod::Card,
    token: tokens::OK,
    on_failure: Answer::Default,
    then: Act::Nothing,
};

const STORIES: &[Story] = &[
    Story {
        who: "Nora Lind",
        shows: "an ordinary order by card: held, then taken once the stock is promised",
        lines: &[("LANTERN", 1), ("CANDLES", 2)],
        charges: &[("POST", "Postage", 490)],
        ..PLAIN
    },
    Story {
        who: "Ayo Bello",
        shows: "paid by wallet, with a discount; the money moves at once",
        lines: &[("ROPE-50", 1), ("SHACKLE", 8)],
        charges: &[("D", "Harbour day discount", -500)],
        method: PaymentMethod::Wallet,
        ..PLAIN
    },
    Story {
        who: "Bea Ortiz",
        shows: "the card is declined: no money moves and nothing is held",
        lines: &[("OILSKIN", 1)],
        token: tokens::DECLINED,
        ..PLAIN
    },
    Story {
        who: "Chen Wei",
        shows: "wants the last sextant",
        lines: &[("SEXTANT", 1)],
        method: PaymentMethod::Wallet,
        on_failure: Answer::Refund,
        ..PLAIN
    },
    Story {
        who: "Dara Quinn",
        shows: "wants the last sextant too: one of the two is charged for nothing, and gets it back",
        lines: &[("SEXTANT", 1)],
        method: PaymentMethod::Transfer,
        on_failure: Answer::Refund,
        ..PLAIN
    },
    Story {
        who: "Emil Sander",
        shows: "charged, then no stock; answer REFUND: the money goes back",
        lines: &[("BELL", 1), ("ROPE-10", 1)],
        method: PaymentMethod::Transfer,
        on_failure: Answer::Refund,
        ..PLAIN
    },
    Story {
        who: "Fay Morgan",
        shows: "charged, then no stock; answer RETRY: a delivery comes in time",
        lines: &[("ANCHOR", 2)],
        method: PaymentMethod::Transfer,
        on_failure: Answer::Retry(Duration::from_secs(60)),
        then: Act::Delivery { quantity: 2, after: Duration::from_secs(3) },
        ..PLAIN
    },
    Story {
        who: "Goran Ilic",
        shows: "charged, then no stock; answer RETRY for three seconds, then REFUND",
        lines: &[("FIGUREHEAD", 1)],
        method: PaymentMethod::Wallet,
        on_failure: Answer::Retry(Duration::from_secs(3)),
        ..PLAIN
    },
    Story {
        who: "Hana Sato",
        shows: "charged, then no stock; answer HOLD: an operator gives the money back",
        lines: &[("BELL", 1)],
        method: PaymentMethod::Transfer,
        on_failure: Answer::Hold,
        then: Act::Resolve { resolution: Resolution::Refund, note: "the foundry has closed", delivery: 0 },
        ..PLAIN
    },
    Story {
        who: "Ivo Kral",
        shows: "answer HOLD: a barometer comes in, and the operator has it tried again",
        lines: &[("BAROMETER", 1)],
        method: PaymentMethod::Wallet,
        on_failure: Answer::Hold,
        then: Act::Resolve { resolution: Resolution::Retry, note: "one came in", delivery: 1 },
        ..PLAIN
    },
    Story {
        who: "Jun Park",
        shows: "answer HOLD: the operator completes it with a note, kept as a waiver",
        lines: &[("FIGUREHEAD", 1)],
        method: PaymentMethod::Wallet,
        on_failure: Answer::Hold,
        then: Act::Resolve { resolution: Resolution::Complete, note: "sent from the museum's own store", delivery: 0 },
        ..PLAIN
    },
    Story {
        who: "Kai Moana",
        shows: "no stock before a card was captured: the hold is given up, no money moved",
        lines: &[("BELL", 2)],
        on_failure: Answer::Refund,
        ..PLAIN
    },
    Story {
        who: "Lena Vogt",
        shows: "the gateway falls silent after charging; it is asked, and charges nobody twice",
        lines: &[("COMPASS", 1)],
        method: PaymentMethod::Transfer,
        token: tokens::SILENT_ONCE,
        ..PLAIN
    },
    Story {
        who: "Mads Holm",
        shows: "every message to the gateway arrives twice; the money is taken once",
        lines: &[("TEAPOT", 1), ("MUG", 6)],
        token: tokens::TWICE,
        ..PLAIN
    },
    Story {
        who: "Nils Aas",
        shows: "the line to the gateway breaks twice",
        lines: &[("BLANKET", 2)],
        method: PaymentMethod::Wallet,
        token: tokens::FLAKY,
        ..PLAIN
    },
    Story { who: "Ola Berg", shows: "the gateway is slow", lines: &[("KETTLE", 1)], token: tokens::SLOW, ..PLAIN },
    Story {
        who: "Petra Kovac",
        shows: "her client heard no answer and orders again under the same key: one order",
        lines: &[("CHART-N", 1), ("DIVIDERS", 1)],
        then: Act::PlaceAgain,
        ..PLAIN
    },
    Story {
        who: "Quinn Doyle",
        shows: "cancels at once; the gateway is slow, so the card has not been charged",
        lines: &[("OAR", 2)],
        token: tokens::SLOW,
        then: Act::CancelAtOnce,
        ..PLAIN
    },
    Story {
        who: "Rosa Lima",
        shows: "cancels after paying, before the carrier has come: refunded",
        lines: &[("PADDLE", 2)],
        method: PaymentMethod::Transfer,
        then: Act::CancelWhenConfirmed,
        ..PLAIN
    },
    Story {
        who: "Sam Okoro",
        shows: "the card is good for the hold, but not for the money",
        lines: &[("SOUWESTER", 1)],
        token: tokens::DECLINED_AT_CAPTURE,
        ..PLAIN
    },
    Story {
        who: "Tove Dahl",
        shows: "sends two of five mugs back",
        lines: &[("MUG", 5), ("LOGBOOK", 1)],
        method: PaymentMethod::Wallet,
        then: Act::SendBack(2),
        ..PLAIN
    },
    Story {
        who: "Uli Brandt",
        shows: "wants to cancel when the carrier already has it: refused, and it goes on",
        lines: &[("FENDER", 4)],
        then: Act::CancelWhenShipped,
        ..PLAIN
    },
    Story {
        who: "Vera Novak",
        shows: "a message to the gateway travels for seconds and overtakes nothing",
        lines: &[("PALM", 1), ("NEEDLES", 1), ("SAILTWINE", 3)],
        method: PaymentMethod::Wallet,
        token: tokens::LATE,
        ..PLAIN
    },
    Story {
        who: "Wim Peeters",
        shows: "a large order, and all goes well",
        lines: &[("OUTRIGGER", 2), ("ROPE-10", 6), ("BLOCK", 8), ("CLEAT", 12)],
        charges: &[("POST", "Freight", 3_500)],
        method: PaymentMethod::Transfer,
        ..PLAIN
    },
];

/// All stories, in the order in which they begin.
pub const fn stories() -> &'static [Story] {
    STORIES
}

impl Story {
    /// The order, under a key of this run.
    pub fn order(&self, run: &str) -> PlaceOrderRequest {
        let id = self.who.to_lowercase().replace(' ', ".");
        PlaceOrderRequest {
            request_id: format!("demo-{run}-{id}"),
            customer: Some(Customer { customer_id: id.clone(), email: format!("{id}@harbour.example") }),
            lines: self.lines.iter().map(|(sku, quantity)| line(sku, *quantity)).collect(),
            charges: self.charges.iter().map(charge).collect(),
            payment: Some(Payment { method: self.method.into(), token: format!("{}:{id}", self.token) }),
            on_failure: self.on_failure.policy(),
            wait_for: WaitFor::Recorded.into(),
        }
    }

    /// "2 × Oar, ash, 2.4 m + 3": so many of the first line, and so many lines more.
    pub fn what(&self) -> String {
        let (sku, quantity) = self.lines[0];
        let more = match self.lines.len() - 1 {
            0 => String::new(),
            lines => format!(" + {lines}"),
        };
        let title = goods(sku).title;
        if quantity == 1 { format!("{title}{more}") } else { format!("{quantity} × {title}{more}") }
    }
}

pub(super) fn line(sku: &str, quantity: i64) -> OrderLine {
    OrderLine { sku: sku.to_owned(), quantity, unit_price: Some(goods(sku).unit_price()), ..OrderLine::default() }
}

fn charge(&(code, title, minor_units): &(&str, &str, i64)) -> ChargeLine {
    let amount = api::types::Money { currency_code: super::CURRENCY.to_owned(), minor_units };
    ChargeLine { code: code.to_owned(), title: title.to_owned(), amount: Some(amount) }
}

impl Answer {
    fn policy(self) -> Option<FailurePolicy> {
        let (action, retry_for) = match self {
            Self::Default => return None,
            Self::Refund => (FailureAction::Refund, None),
            Self::Hold => (FailureAction::Hold, None),
            Self::Retry(time) => (FailureAction::Retry, prost_types::Duration::try_from(time).ok()),
        };
        let then = if retry_for.is_some() { FailureAction::Refund } else { FailureAction::Unspecified };
        Some(FailurePolicy { action: action.into(), retry_for, then: then.into() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn every_story_sells_goods_of_the_shop_under_a_key_of_its_own() {
        let keys: HashSet<String> = stories().iter().map(|story| story.order("run").request_id).collect();
        assert_eq!(keys.len(), stories().len());
        stories().iter().for_each(|story| assert!(!story.what().is_empty()));
    }
}
