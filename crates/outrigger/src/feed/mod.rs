//! A retailer's feed of invoice lines: what is in it, what of it is an order, and what cannot be one.
//!
//! Apart from the replay that places the orders because nothing here calls anybody: a file goes in, orders, returns and
//! reasons come out, the same every time. The file is read twice, line by line: the [`Survey`] checks its form and
//! collects what grows with the catalogue or with cancellations, never with lines; the second reading makes
//! [`Invoice`]s of it.
//!
//! Columns: `InvoiceNo, StockCode, Description, Quantity, InvoiceDate, UnitPrice, CustomerID, Country`. An invoice is
//! one order. One whose number starts with `C` is a cancellation: its lines take back what the same customer bought of
//! the same code at the same price (see [`Purchases`]).

mod error;
mod invoice;
mod line;
mod order;
mod purchases;
mod read;
mod reason;
mod survey;

pub use error::FeedError;
pub use invoice::{Invoice, Invoices};
pub use line::{CURRENCY, Kind};
pub use order::{Sale, sale};
pub use purchases::{Giveback, Purchases};
pub use read::Feed;
pub use reason::{Reason, Skipped};
pub use survey::{Item, Survey};
