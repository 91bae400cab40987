//! One line: what it says, and what it can be.

use super::{
    read::Raw,
    reason::{Reason, Skipped},
};
use crate::show::amount;

/// The currency of the feed.
pub const CURRENCY: &str = "GBP";

/// What is charged or granted, not shipped. The feed marks these only by their codes.
const CHARGES: [&str; 11] = ["POST", "DOT", "M", "D", "C2", "BANK CHARGES", "S", "B", "AMAZONFEE", "CRUK", "ADJUST"];

/// The contract's bound on codes, identifiers and keys.
const LONGEST: usize = 64;
const MOST: i64 = 1_000_000;

/// A line that can be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// Its number in the file.
    pub number: u64,
    pub invoice: String,
    pub code: String,
    /// May be empty: 42 lines of the sample have none.
    pub title: String,
    pub quantity: i64,
    /// Per piece, in pence.
    pub price: i64,
    /// May be empty.
    pub customer: String,
}

/// What a line can be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Shipped.
    Goods,
    /// Charged besides.
    Charge,
}

impl Line {
    /// Reads a line.
    pub fn read(raw: &Raw<'_>) -> Result<Self, Skipped> {
        let invoice = raw.fields.first().copied().unwrap_or_default();
        let skip = |reason, detail: String| Skipped { line: raw.line, invoice: invoice.to_owned(), reason, detail };
        let unreadable = |detail: String| skip(Reason::Unreadable, detail);
        let [_, code, title, quantity, _date, price, customer, _country] = raw.fields[..] else {
            return Err(unreadable(format!("{} columns where 8 are due", raw.fields.len())));
        };
        for (name, text) in [("invoice number", invoice), ("stock code", code)] {
            if text.is_empty() || text.len() > LONGEST || !text.is_ascii() {
                return Err(unreadable(format!("{name} '{text}'")));
            }
        }
        let quantity = quantity.parse().map_err(|_| unreadable(format!("quantity '{quantity}'")))?;
        let price = pence(price).map_err(|reason| skip(reason, format!("price '{price}'")))?;
        Ok(Self {
            number: raw.line,
            invoice: invoice.to_owned(),
            code: code.to_owned(),
            title: title.to_owned(),
            quantity,
            price,
            customer: customer.to_owned(),
        })
    }

    /// Goods or charge.
    pub fn kind(&self) -> Kind {
        match CHARGES.iter().any(|code| code.eq_ignore_ascii_case(&self.code)) {
            true => Kind::Charge,
            false => Kind::Goods,
        }
    }

    /// As a line of an ordinary invoice. A charge may be negative (a discount), goods may not.
    pub fn sold(&self) -> Result<Kind, Skipped> {
        let kind = self.kind();
        if self.quantity == 0 || (kind == Kind::Goods && self.quantity < 0) {
            return Err(self.skip(Reason::QuantityNotPositive, format!("{} of {}", self.quantity, self.code)));
        }
        if self.price <= 0 {
            let price = amount(self.price, CURRENCY);
            return Err(self.skip(Reason::PriceNotPositive, format!("{} of {} at {price}", self.quantity, self.code)));
        }
        if self.quantity.abs() > MOST {
            return Err(self.skip(Reason::QuantityTooLarge, format!("quantity {}", self.quantity)));
        }
        Ok(kind)
    }

    /// As a line of a cancellation: how many come back.
    pub fn given_back(&self) -> Result<i64, Skipped> {
        if self.quantity >= 0 {
            return Err(self.skip(Reason::CancellationNotNegative, format!("quantity {}", self.quantity)));
        }
        if self.kind() == Kind::Charge {
            return Err(self.skip(Reason::CancellationOfCharge, format!("{} {}", self.code, self.title)));
        }
        if self.customer.is_empty() {
            return Err(self.skip(Reason::CancellationWithoutCustomer, format!("{} of {}", self.quantity, self.code)));
        }
        Ok(self.quantity.saturating_neg())
    }

    /// Not imported.
    pub fn skip(&self, reason: Reason, detail: String) -> Skipped {
        Skipped { line: self.number, invoice: self.invoice.clone(), reason, detail }
    }
}

/// "2.55" is 255. Exact: never through a float.
fn pence(text: &str) -> Result<i64, Reason> {
    let (negative, digits) = text.strip_prefix('-').map_or((false, text), |digits| (true, digits));
    let (whole, part) = digits.split_once('.').unwrap_or((digits, ""));
    let all_digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    if whole.is_empty() && part.is_empty() || !all_digits(whole) || !all_digits(part) {
        return Err(Reason::Unreadable);
    }
    let part = part.trim_end_matches('0');
    if part.len() > 2 {
        return Err(Reason::PriceTooFine);
    }
    let whole = if whole.is_empty() { "0" } else { whole };
    let minor: i64 = format!("{whole}{part:0<2}").parse().map_err(|_| Reason::Unreadable)?;
    Ok(if negative { -minor } else { minor })
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// "536365,85123A,A HEART,6,2010-12-01T08:26:00,2.55,17850,United Kingdom".
    pub fn line(number: u64, text: &str) -> Line {
        Line::read(&Raw { line: number, fields: text.split(',').collect() }).unwrap()
    }

    #[test]
    fn prices_are_read_exactly() {
        let prices =
            [("2.55", 255), ("2.5", 250), ("15", 1_500), ("0", 0), (".85", 85), ("-1.00", -100), ("2.5500", 255)];
        for (text, minor) in prices {
            assert_eq!(pence(text), Ok(minor), "{text}");
        }
        assert_eq!(pence("0.001"), Err(Reason::PriceTooFine));
        for text in ["", ".", "1e3", "1,5", "£2", "99999999999999999999"] {
            assert_eq!(pence(text), Err(Reason::Unreadable), "{text}");
        }
    }

    #[test]
    fn postage_and_fees_are_charges_and_the_rest_is_goods() {
        for (code, kind) in [("POST", Kind::Charge), ("BANK CHARGES", Kind::Charge), ("m", Kind::Charge)] {
            assert_eq!(line(2, &format!("1,{code},x,1,d,1.00,7,UK")).kind(), kind);
        }
        for code in ["85123A", "DCGS0058", "PADS", "15056bl"] {
            assert_eq!(line(2, &format!("1,{code},x,1,d,1.00,7,UK")).kind(), Kind::Goods);
        }
    }

    #[test]
    fn write_offs_and_gifts_are_not_sold() {
        let reason = |text: &str| line(2, text).sold().map_err(|skipped| skipped.reason);
        assert_eq!(reason("1,22139,,56,d,0,,UK"), Err(Reason::PriceNotPositive));
        assert_eq!(reason("1,21777,,-10,d,0,,UK"), Err(Reason::QuantityNotPositive));
        assert_eq!(reason("1,21777,,1000001,d,1.00,,UK"), Err(Reason::QuantityTooLarge));
        assert_eq!(reason("1,D,Discount,-1,d,27.50,14527,UK"), Ok(Kind::Charge));
    }

    #[test]
    fn a_cancellation_gives_goods_back_to_a_known_customer() {
        let back = |text: &str| line(2, text).given_back().map_err(|skipped| skipped.reason);
        assert_eq!(back("C1,22139,x,-5,d,1.00,7,UK"), Ok(5));
        assert_eq!(back("C1,22139,x,5,d,1.00,7,UK"), Err(Reason::CancellationNotNegative));
        assert_eq!(back("C1,D,Discount,-1,d,27.50,7,UK"), Err(Reason::CancellationOfCharge));
        assert_eq!(back("C1,22139,x,-5,d,1.00,,UK"), Err(Reason::CancellationWithoutCustomer));
    }
}
