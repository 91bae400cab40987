//! The only queries of the inventory service. Each public function is one unit of work, or a part of one: it reads, has
//! the domain decide, and writes counters, movements, reservation and event together (I2, I6).

pub mod call;
pub mod catalogue;
pub mod counting;
pub mod dispatch;
pub mod entity;
pub mod expiry;
pub mod pages;
pub mod reservation;
pub mod reserving;
#[cfg(test)]
mod round_trip;
pub mod stock;

use stock::CHUNK;
