//! Stories of the inventory service, told from outside: through its client, its events and its facts, all in memory.

mod conserved;
mod counting;
mod faults;
mod reserving;
mod returning;
mod world;
