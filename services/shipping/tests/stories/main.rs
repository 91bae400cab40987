//! Stories of the shipping service, told from outside: through its client, its events and its facts.

mod carrying;
mod creating;
mod listing;
mod world;
