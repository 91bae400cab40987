//! Durable steps with undo: what carries a piece of work through several services, whatever crashes on the way.
//!
//! A saga is a row, a log and a [`Plan`]. The plan names the steps, performs one call, and is told of every turn inside
//! the unit that records it, so that log, the plan's own state and its events commit together (I6). An attempt is in
//! the log before its call is made; what came of it is recorded in the unit that logs the next attempt. After a crash
//! the attempt that was logged last is made again, under the same name: the callee's keys make that one effect (I5).
//!
//! What happens next is decided by one pure function ([`decide`]): from the steps, the state, and what was heard.
//! The rest is a shell around it: `engine` is the door and `outside` the one for others' words, `drive` makes the calls,
//! `turn` writes, `timer` wakes what is due.
//! Two workers never drive one saga (I7): every write names the fence that its worker holds, and whoever takes a saga
//! over raises it.
//!
//! This crate knows nothing of orders, and of events only the hook that is handed the transaction.

mod absence;
mod after;
mod census;
mod decide;
mod drive;
mod engine;
mod heard;
mod migrations;
mod outside;
mod plan;
mod rows;
mod state;
mod step;
mod timer;
mod turn;
mod worker;

pub use census::Census;
pub use decide::{NO_ANSWER, decide};
pub use engine::{Engine, New, Seat};
pub use heard::{Entry, Heard, Pause, Rules, Told, Turn};
pub use migrations::migrations;
pub use outside::{Resolution, Wished};
pub use plan::{Loaded, Plan};
pub use state::{Direction, State, Status};
pub use step::{Answer, Backoff, Call, Outcome, Refusal, Step, Then};
pub use worker::Settings;
