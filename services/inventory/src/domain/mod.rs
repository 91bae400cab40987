//! What is true of stock whatever stores it: the counters and their moves, and what a call may do to a reservation.
//!
//! Pure: no I/O, no clock. A unit of work reads rows, asks here what is to happen, and writes that.

mod lines;
mod refusal;
mod reservation;
mod stock;

pub use lines::{Lines, OrderId, Sku};
pub use refusal::{Refusal, Shortage};
pub use reservation::{Committing, Held, Releasing, Reservation, Reserving, Shipping, State};
pub use stock::{Kind, Level, Unmovable};
