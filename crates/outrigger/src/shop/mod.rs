//! A shop of our own invention, for the demonstration: a ship chandler, what it sells, who buys there, and what goes
//! wrong. Nothing here calls anybody: it says what is to happen, `commands::demo` makes it happen.

mod crowd;
mod goods;
mod stories;

pub use crowd::Crowd;
pub use goods::{CURRENCY, catalogue};
pub use stories::{Act, Story, stories};
