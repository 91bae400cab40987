//! (being written)
pub mod feed;
