//! The first reading: is the form right, what does the shop sell, how much of it, and what will be cancelled.

use super::{FeedError, Invoices, Kind, Purchases, read::Feed};
use std::{
    collections::{BTreeMap, BTreeSet},
    path::Path,
};

/// What a feed holds, in sum.
#[derive(Debug, Default)]
pub struct Survey {
    /// Lines, the header left out.
    pub lines: u64,
    /// Invoices that sell.
    pub sales: u64,
    pub cancellations: u64,
    /// The number of the first invoice and of the last: with `lines` they name the feed.
    pub first: String,
    pub last: String,
    pub catalogue: BTreeMap<String, Item>,
    /// What cancellations name.
    pub purchases: Purchases,
}

/// One code.
#[derive(Debug, Default)]
pub struct Item {
    /// The first description that is not empty.
    pub title: String,
    /// Every price that some line carries: each is one that a line may have.
    pub prices: BTreeSet<i64>,
    /// How many are sold over the whole feed.
    pub sold: i64,
}

impl Survey {
    /// Reads the whole feed once.
    ///
    /// # Errors
    /// [`FeedError`]: the form is checked to the last line before anything is imported.
    pub fn of(path: &Path) -> Result<Self, FeedError> {
        let mut survey = Self::default();
        let mut invoices = Invoices::of(Feed::open(path)?);
        while let Some(invoice) = invoices.next_invoice()? {
            survey.lines += (invoice.lines.len() + invoice.skipped.len()) as u64;
            if survey.first.is_empty() {
                survey.first.clone_from(&invoice.number);
            }
            if invoice.is_cancellation() {
                survey.cancellations += 1;
                invoice.lines.iter().for_each(|line| survey.purchases.announce(line));
            } else {
                survey.sales += 1;
                invoice.lines.iter().for_each(|line| {
                    if line.sold().is_ok_and(|kind| kind == Kind::Goods) {
                        survey.stock(&line.code, &line.title, line.price, line.quantity);
                    }
                });
            }
            survey.last = invoice.number;
        }
        Ok(survey)
    }

    fn stock(&mut self, code: &str, title: &str, price: i64, quantity: i64) {
        let item = match self.catalogue.get_mut(code) {
            Some(item) => item,
            None => self.catalogue.entry(code.to_owned()).or_default(),
        };
        if item.title.is_empty() {
            title.clone_into(&mut item.title);
        }
        item.prices.insert(price);
        item.sold += quantity;
    }

    /// A name for the feed's opening stock: the same file gives the same, so that a second replay takes in no more.
    pub fn name(&self) -> String {
        format!("{}-{}-{}", self.first, self.last, self.lines)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;

    #[test]
    fn a_code_keeps_every_price_and_what_is_sold_of_it() {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        let lines = "InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID,Country\r\n\
            1,A,,6,2010-12-01T08:26:00,2.55,7,UK\r\n\
            1,A,LAMP,2,2010-12-01T08:26:00,2.10,7,UK\r\n\
            1,A,LAMP,-3,2010-12-01T08:26:00,2.10,7,UK\r\n\
            1,POST,POSTAGE,1,2010-12-01T08:26:00,18,7,UK\r\n\
            C2,A,LAMP,-1,2010-12-01T08:27:00,2.55,7,UK\r\n";
        file.write_all(lines.as_bytes()).unwrap();
        let survey = Survey::of(file.path()).unwrap();
        assert_eq!((survey.lines, survey.sales, survey.cancellations), (5, 1, 1));
        let item = &survey.catalogue["A"];
        assert_eq!((item.title.as_str(), item.sold), ("LAMP", 8));
        assert_eq!(item.prices.iter().copied().collect::<Vec<_>>(), [210, 255]);
        assert_eq!((survey.catalogue.len(), survey.name().as_str()), (1, "1-C2-5"));
    }
}
