//! Orders among callees that answer by script, told from outside.

mod callers;
mod cancelling;
mod endings;
mod races;
mod shop;
