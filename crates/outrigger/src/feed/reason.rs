//! Why a line did not become part of an order, a charge or a return.

use serde::Serialize;

/// One line that was not imported.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Skipped {
    /// Its number in the file.
    pub line: u64,
    /// Its invoice, when it names one.
    pub invoice: String,
    /// Why.
    pub reason: Reason,
    /// What exactly.
    pub detail: String,
}

/// Why a line was not imported.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Reason {
    /// Columns, quantity or price cannot be read.
    Unreadable,
    /// An ordinary invoice, but a quantity of zero or below: stock that was written off.
    QuantityNotPositive,
    /// More than a million.
    QuantityTooLarge,
    /// A price of zero or below.
    PriceNotPositive,
    /// A price with parts of a penny.
    PriceTooFine,
    /// Its invoice number was used before by an invoice that had ended.
    InvoiceInPieces,
    /// Its customer is not the one of its invoice.
    OtherCustomer,
    /// Its invoice has nothing else that can be shipped.
    InvoiceWithoutGoods,
    /// Its invoice comes to nothing or less.
    InvoiceNotPositive,
    /// Its invoice has more than 1,000 lines.
    InvoiceTooLong,
    /// The shop refused the order.
    OrderRefused,
    /// A cancellation whose quantity is not negative.
    CancellationNotNegative,
    /// A cancellation that names no customer.
    CancellationWithoutCustomer,
    /// A cancellation of postage, a fee or a discount: no goods that could come back.
    CancellationOfCharge,
    /// Nothing that this customer bought earlier of this code at this price is left to give back.
    CancellationWithoutPurchase,
    /// The order was found, but did not take the goods back.
    ReturnRefused,
}

impl Reason {
    /// For people.
    pub const fn text(self) -> &'static str {
        match self {
            Self::Unreadable => "cannot be read",
            Self::QuantityNotPositive => "quantity of zero or below on an ordinary invoice",
            Self::QuantityTooLarge => "quantity above a million",
            Self::PriceNotPositive => "price of zero or below",
            Self::PriceTooFine => "price with parts of a penny",
            Self::InvoiceInPieces => "invoice continued after it had ended",
            Self::OtherCustomer => "another customer than its invoice's",
            Self::InvoiceWithoutGoods => "invoice without goods",
            Self::InvoiceNotPositive => "invoice that comes to nothing or less",
            Self::InvoiceTooLong => "invoice of more than 1,000 lines",
            Self::OrderRefused => "order refused",
            Self::CancellationNotNegative => "cancellation with a quantity that is not negative",
            Self::CancellationWithoutCustomer => "cancellation without a customer",
            Self::CancellationOfCharge => "cancellation of a charge or discount",
            Self::CancellationWithoutPurchase => "cancellation of what was not bought earlier in the feed",
            Self::ReturnRefused => "return refused",
        }
    }
}
