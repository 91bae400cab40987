//! Which earlier purchase a cancellation takes back. The feed does not say: cancellations name no order.
//!
//! A cancellation's line takes from what the same customer bought of the same code at the same price, newest first among
//! the invoices before it in the feed, from several when the newest has not enough left. All of it or nothing: a line
//! that earlier purchases do not cover gives nothing back and is reported.

use super::{
    line::{CURRENCY, Line},
    reason::{Reason, Skipped},
};
use crate::show::amount;
use std::collections::{HashMap, HashSet};

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Article {
    customer: String,
    code: String,
    price: i64,
}

impl Article {
    fn of(line: &Line) -> Self {
        Self { customer: line.customer.clone(), code: line.code.clone(), price: line.price }
    }
}

#[derive(Debug)]
struct Lot {
    invoice: String,
    left: i64,
}

/// What was bought and may come back.
///
/// Only articles that some cancellation of the feed names are kept, so that memory grows with cancellations, not with
/// lines: first every cancellation is [`announce`](Self::announce)d, then purchases and cancellations are told in the
/// order of the feed.
#[derive(Debug, Default)]
pub struct Purchases {
    announced: HashSet<Article>,
    lots: HashMap<Article, Vec<Lot>>,
}

/// So many of one article, back from one invoice.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Giveback {
    /// The cancellation's line.
    pub line: Line,
    /// The invoice that sold it.
    pub sold_by: String,
    pub quantity: i64,
}

impl Purchases {
    /// A cancellation of this line's article comes somewhere in the feed.
    pub fn announce(&mut self, line: &Line) {
        self.announced.insert(Article::of(line));
    }

    /// An order was made of this line. True when some of it may come back.
    pub fn bought(&mut self, line: &Line) -> bool {
        let article = Article::of(line);
        if line.customer.is_empty() || !self.announced.contains(&article) {
            return false;
        }
        let lots = self.lots.entry(article).or_default();
        match lots.last_mut() {
            Some(lot) if lot.invoice == line.invoice => lot.left += line.quantity,
            _ => lots.push(Lot { invoice: line.invoice.clone(), left: line.quantity }),
        }
        true
    }

    /// This many of the line's article come back: from which invoices.
    pub fn give_back(&mut self, line: &Line, quantity: i64) -> Result<Vec<Giveback>, Skipped> {
        let lots = self.lots.get_mut(&Article::of(line)).map(Vec::as_mut_slice).unwrap_or_default();
        let left: i64 = lots.iter().map(|lot| lot.left).sum();
        if left < quantity {
            let detail =
                format!("{quantity} of {} at {}, of which {left} are left", line.code, amount(line.price, CURRENCY));
            return Err(line.skip(Reason::CancellationWithoutPurchase, detail));
        }
        let (mut due, mut taken) = (quantity, Vec::new());
        for lot in lots.iter_mut().rev() {
            let part = due.min(lot.left);
            if part > 0 {
                (lot.left, due) = (lot.left - part, due - part);
                taken.push(Giveback { line: line.clone(), sold_by: lot.invoice.clone(), quantity: part });
            }
        }
        Ok(taken)
    }
}

#[cfg(test)]
mod tests {
    use super::{super::line::tests::line, *};

    fn shop() -> Purchases {
        let mut shop = Purchases::default();
        shop.announce(&line(9, "C9,A,x,-1,d,1.00,7,UK"));
        for (number, text) in [(2, "1,A,x,5,d,1.00,7,UK"), (3, "2,A,x,3,d,1.00,7,UK"), (4, "2,A,x,1,d,1.00,7,UK")] {
            assert!(shop.bought(&line(number, text)));
        }
        shop
    }

    fn taken(result: Result<Vec<Giveback>, Skipped>) -> Vec<(String, i64)> {
        result.unwrap().into_iter().map(|back| (back.sold_by, back.quantity)).collect()
    }

    #[test]
    fn the_newest_purchase_gives_first_and_older_ones_the_rest() {
        let mut shop = shop();
        let back = line(9, "C9,A,x,-6,d,1.00,7,UK");
        assert_eq!(taken(shop.give_back(&back, 2)), [("2".into(), 2)]);
        assert_eq!(taken(shop.give_back(&back, 4)), [("2".into(), 2), ("1".into(), 2)]);
    }

    #[test]
    fn more_than_is_left_gives_nothing_back() {
        let mut shop = shop();
        let back = line(9, "C9,A,x,-10,d,1.00,7,UK");
        assert_eq!(shop.give_back(&back, 10).unwrap_err().reason, Reason::CancellationWithoutPurchase);
        assert_eq!(taken(shop.give_back(&back, 9)).len(), 2, "the refusal took nothing");
    }

    #[test]
    fn another_customer_price_or_code_is_another_article() {
        let mut shop = shop();
        for other in ["C9,A,x,-1,d,1.00,8,UK", "C9,A,x,-1,d,1.01,7,UK", "C9,B,x,-1,d,1.00,7,UK"] {
            assert!(shop.give_back(&line(9, other), 1).is_err());
        }
        assert!(!shop.bought(&line(5, "3,B,x,1,d,1.00,7,UK")), "what nobody cancels is not kept");
    }
}
