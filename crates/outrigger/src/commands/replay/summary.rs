//! What a replay came to.

use super::{Args, shop::Shop, tally::Counts};
use crate::{
    failure::Failure,
    feed::{Skipped, Survey},
    show::{amount, counted, state_name, table},
};
use api::{order::v1::ListOrdersRequest, payment::v1::ListPaymentsRequest};
use serde_json::{Value, json};
use std::{collections::BTreeMap, path::PathBuf, time::Duration};

/// Orders and payments on one page.
const PAGE: i32 = 200;

/// What was read.
pub struct Feed {
    file: PathBuf,
    lines: u64,
    sales: u64,
    cancellations: u64,
    report: Option<PathBuf>,
}

impl Feed {
    pub fn of(args: &Args, survey: &Survey) -> Self {
        let Survey { lines, sales, cancellations, .. } = *survey;
        Self { file: args.file.clone(), lines, sales, cancellations, report: args.report.clone() }
    }
}

/// What is in the system now, whoever put it there.
#[derive(Default)]
pub struct Found {
    states: BTreeMap<&'static str, u64>,
    /// Taken and given back, by currency.
    money: BTreeMap<String, (i64, i64)>,
}

impl Found {
    /// Looks through all orders and payments, page by page.
    pub async fn of(shop: &Shop) -> Result<Self, Failure> {
        let mut found = Self::default();
        let mut page_token = String::new();
        loop {
            let request = ListOrdersRequest { page_size: PAGE, page_token, ..ListOrdersRequest::default() };
            let page = shop.orders.clone().list_orders(request).await?.into_inner();
            page.orders.iter().for_each(|order| *found.states.entry(state_name(order.state())).or_default() += 1);
            page_token = page.next_page_token;
            if page_token.is_empty() {
                break;
            }
        }
        loop {
            let request = ListPaymentsRequest { page_size: PAGE, page_token, ..ListPaymentsRequest::default() };
            let page = shop.payments.clone().list_payments(request).await?.into_inner();
            for payment in page.payments {
                if let Some(money) = payment.captured {
                    found.money.entry(money.currency_code).or_default().0 += money.minor_units;
                }
                if let Some(money) = payment.refunded {
                    found.money.entry(money.currency_code).or_default().1 += money.minor_units;
                }
            }
            page_token = page.next_page_token;
            if page_token.is_empty() {
                break;
            }
        }
        // A payment that was never taken may name no currency.
        found.money.remove("");
        Ok(found)
    }
}

/// What a replay came to.
pub struct Summary {
    pub feed: Feed,
    pub found: Found,
    pub skipped: Counts,
    pub took: Duration,
    /// KiB.
    pub peak: Option<u64>,
    pub settled: bool,
}

impl Summary {
    fn rate(&self) -> f64 {
        (self.skipped.placed + self.skipped.replayed) as f64 / self.took.as_secs_f64().max(0.001)
    }

    /// Fine once every line is accounted for and everything has come to rest.
    pub fn verdict(&self) -> Result<(), Failure> {
        let accounted = self.skipped.accounted();
        if accounted != self.feed.lines {
            let (all, left) = (self.feed.lines, self.feed.lines.abs_diff(accounted));
            return Err(Failure::Finding(format!("{left} of {all} lines are not accounted for: please report this")));
        }
        if !self.settled {
            let advice = "give it longer with --settle, or look at `outrigger order list`";
            return Err(Failure::Finding(format!("not every order has come to rest; {advice}")));
        }
        Ok(())
    }

    /// For programs. What a second replay or one after a crash must give again is apart from how it went.
    pub fn json(&self) -> Value {
        let Self { feed, found, skipped, .. } = self;
        let money = found.money.iter();
        let money: Value =
            money.map(|(code, flow)| (code.clone(), json!({ "taken": flow.0, "refunded": flow.1 }))).collect();
        json!({
            "file": feed.file,
            "lines": {
                "total": feed.lines, "order_lines": skipped.order_lines, "charges": skipped.charges,
                "returns": skipped.returns, "skipped": skipped.skipped_lines(), "skipped_by_reason": skipped.skipped,
            },
            "invoices": { "sales": feed.sales, "cancellations": feed.cancellations },
            "orders": found.states,
            "money": money,
            "settled": self.settled,
            "run": {
                "placed": skipped.placed, "replayed": skipped.replayed, "seconds": self.took.as_secs_f64(),
                "orders_per_second": self.rate(), "peak_memory_kib": self.peak,
            },
            "examples": skipped.examples,
            "report": feed.report,
        })
    }

    /// For people.
    pub fn text(&self) -> String {
        let Self { feed, found, skipped, .. } = self;
        let mut text = format!(
            "{}: {} in {}\n{}, {} there before, {} {:.1} s ({:.0} orders a second{})\n\n",
            feed.file.display(),
            counted(feed.lines, "line", "lines"),
            counted(feed.sales + feed.cancellations, "invoice", "invoices"),
            counted(skipped.placed, "order placed", "orders placed"),
            skipped.replayed,
            if self.settled { "at rest after" } else { "not at rest after" },
            self.took.as_secs_f64(),
            self.rate(),
            self.peak.map_or_else(String::new, |kib| format!(", {} MiB at most", kib / 1_024)),
        );
        let states = found.states.iter().map(|(state, orders)| [(*state).to_owned(), orders.to_string()]);
        text.push_str(&format!("{}\n\n", table(&["orders", " how many"], states)));
        let money = found.money.iter().map(|(code, (taken, back))| {
            [code.clone(), amount(*taken, code), amount(*back, code), amount(taken - back, code)]
        });
        text.push_str(&format!("{}\n\n", table(&["money", " taken", " given back", " kept"], money)));
        text.push_str(&format!("{}\n\n", table(&["lines", " how many"], self.line_rows())));
        text.push_str(&self.examples());
        text
    }

    fn line_rows(&self) -> Vec<[String; 2]> {
        let counts = &self.skipped;
        let imported = [("order lines", counts.order_lines), ("charges", counts.charges), ("returns", counts.returns)];
        let imported = imported.into_iter().map(|(name, lines)| [name.to_owned(), lines.to_string()]);
        let skipped =
            counts.skipped.iter().map(|(reason, lines)| [format!("skipped: {}", reason.text()), lines.to_string()]);
        imported.chain(skipped).collect()
    }

    fn examples(&self) -> String {
        let all = self.skipped.skipped_lines();
        if let Some(report) = &self.feed.report {
            return format!(
                "{} written to {}\n",
                counted(all, "skipped line is", "skipped lines are"),
                report.display()
            );
        }
        if all == 0 {
            return String::new();
        }
        let row = |line: &Skipped| {
            let (number, reason) = (line.line.to_string(), line.reason.text().to_owned());
            [number, line.invoice.clone(), reason, line.detail.clone()]
        };
        let shown = self.skipped.examples.len() as u64;
        let rest = if all > shown {
            format!("… and {} more: name a file with --report\n", all - shown)
        } else {
            String::new()
        };
        let rows = self.skipped.examples.iter().map(row);
        format!("{}\n{rest}", table(&[" line", "invoice", "skipped, because", "namely"], rows))
    }
}
