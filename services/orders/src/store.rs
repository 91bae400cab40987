//! The only queries of this service. What is read and written here is the domain's own types; the tables' stay inside.

mod entity;
mod facts;
mod list;
mod read;
mod returns;
mod secret;
mod write;

pub use facts::facts;
pub use list::{Filter, history_after, page, parked_page, unfinished};
pub use read::{find, find_bare, find_many, hold, hold_bare};
pub use returns::{find_return, find_returns, finish_return, insert_return, promised};
pub use secret::{Secret, secret};
pub use write::{insert, record, update};
