//! The commands, one file each (a folder where one is large).

pub mod audit;
pub mod demo;
mod host;
pub mod order;
pub mod replay;
pub mod serve;
