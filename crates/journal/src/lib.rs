//! What is written down so that an effect happens once, and others learn of it.
//!
//! - [`outbox`]: events, written with the change they tell of (I6);
//! - [`Bus`]: carries them to consumers, each effect committed with the note that it happened (`inbox`, and `cursor` or
//!   `deliveries`, by the engine);
//! - [`parked`]: events that a consumer could not digest, with those of their key behind them;
//! - [`once`]: clients' keys, so that a request sent twice is one request (I5);
//! - [`barrier`]: sagas' steps, so that an undo which overtakes its action wins (I5);
//! - [`gate`]: both of these around one decision, with the [`Stamp`] of the call.
//!
//! Its tables stand in every service's own database, so that each of these commits with the service's own rows.
//! Apart from the services because the rules are the same for all; apart from `store` because that knows no tables.

mod alone;
pub mod barrier;
mod bulk;
mod bus;
mod cursor;
mod deliveries;
mod event;
pub mod gate;
mod inbox;
mod migrations;
pub mod once;
pub mod outbox;
pub mod parked;
mod retention;
mod rewind;
mod stamp;
mod taken;

pub use alone::alone;
pub use bus::{Bus, Consumer, Indigestible, Lag, Subscription};
pub use event::Event;
pub use migrations::migrations;
pub use once::{Claim, Fingerprint, Key};
pub use retention::Retention;
pub use rewind::rewind;
pub use stamp::Stamp;
