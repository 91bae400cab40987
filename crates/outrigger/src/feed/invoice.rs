//! Lines of one invoice, which stand together in a feed.

use super::{
    FeedError,
    line::Line,
    read::Feed,
    reason::{Reason, Skipped},
};
use std::{
    collections::HashSet,
    hash::{DefaultHasher, Hash, Hasher},
};

/// More lines than this are kept of no invoice: the contract takes no longer order.
pub const MOST_LINES: usize = 1_000;

/// One invoice.
#[derive(Debug, Default)]
pub struct Invoice {
    pub number: String,
    /// Those that can be read, in the order of the file; at most one more than [`MOST_LINES`].
    pub lines: Vec<Line>,
    /// Those that cannot be imported whatever the rest is.
    pub skipped: Vec<Skipped>,
}

impl Invoice {
    /// Takes goods back instead of selling some.
    pub fn is_cancellation(&self) -> bool {
        self.number.starts_with(['C', 'c'])
    }
}

/// The invoices of a feed, one at a time. Of those that passed it keeps eight bytes each, to notice one that goes on
/// after it had ended.
pub struct Invoices {
    feed: Feed,
    ended: HashSet<u64>,
    /// The line that began the next invoice.
    ahead: Option<Result<Line, Skipped>>,
}

impl Invoices {
    pub fn of(feed: Feed) -> Self {
        Self { feed, ended: HashSet::new(), ahead: None }
    }

    /// The next invoice.
    pub fn next_invoice(&mut self) -> Result<Option<Invoice>, FeedError> {
        let Some(first) = self.next_line()? else { return Ok(None) };
        let mut invoice = Invoice { number: number_of(&first).to_owned(), ..Invoice::default() };
        let again = !self.ended.insert(hash(&invoice.number));
        invoice.add(first, again);
        while let Some(line) = self.next_line()? {
            if number_of(&line) != invoice.number {
                self.ahead = Some(line);
                break;
            }
            invoice.add(line, again);
        }
        Ok(Some(invoice))
    }

    fn next_line(&mut self) -> Result<Option<Result<Line, Skipped>>, FeedError> {
        if let Some(line) = self.ahead.take() {
            return Ok(Some(line));
        }
        Ok(self.feed.next_line()?.map(|raw| Line::read(&raw)))
    }
}

impl Invoice {
    fn add(&mut self, line: Result<Line, Skipped>, again: bool) {
        match line {
            Err(skipped) => self.skipped.push(skipped),
            Ok(line) if again => {
                self.skipped.push(line.skip(Reason::InvoiceInPieces, "other invoices stand in between".to_owned()));
            }
            Ok(line) if self.lines.first().is_some_and(|first| first.customer != line.customer) => {
                let detail = format!("customer '{}'", line.customer);
                self.skipped.push(line.skip(Reason::OtherCustomer, detail));
            }
            Ok(line) if self.lines.len() > MOST_LINES => {
                self.skipped.push(line.skip(Reason::InvoiceTooLong, String::new()));
            }
            Ok(line) => self.lines.push(line),
        }
    }
}

fn number_of(line: &Result<Line, Skipped>) -> &str {
    match line {
        Ok(line) => &line.invoice,
        Err(skipped) => &skipped.invoice,
    }
}

fn hash(text: &str) -> u64 {
    let mut hasher = DefaultHasher::new();
    text.hash(&mut hasher);
    hasher.finish()
}
